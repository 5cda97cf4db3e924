/** `Auth`: users, roles, tokens, and what every service asks of its callers. */
import { clampInteger, etcdserverpb, toId } from '@flotilla/wire';
import { READ, READWRITE, WRITE, authRules, withToken } from './auth-rules.ts';
import { bytes, openStream, text } from './client.ts';
import { refusal } from './rules.ts';

const ok = 'answered';
const noUser = '3 etcdserver: user name is empty';
const denied = '7 etcdserver: permission denied';
const notFound = '5 etcdserver: member not found';
const badToken = '16 etcdserver: invalid auth token';
const notAllowed = '3 etcdserver: invalid auth management';
const wrong = '3 etcdserver: authentication failed, invalid user ID or password';
type TxnCase = readonly [txn: etcdserverpb.TxnRequest.$Properties, answer: string];
const txns = (...cases: readonly TxnCase[]): readonly TxnCase[] => cases;
const everything = { key: bytes('\0'), range_end: bytes('\0') };

authRules((rule) => {
  rule('users: what is answered and what is refused', async ({ t, client: { auth } }) => {
    t.equal(await refusal(auth.UserAdd({ name: '', password: 'x' })), noUser);
    t.equal(await refusal(auth.UserAdd({ name: 'b', password: 'x' })), ok);
    t.equal(await refusal(auth.UserAdd({ name: 'a', password: '' })), ok, 'a password may be empty');
    t.equal(await refusal(auth.UserAdd({ name: 'n', options: { no_password: true } })), ok);
    t.equal(await refusal(auth.UserAdd({ name: 'b', password: 'y' })), '9 etcdserver: user name already exists');
    t.strictSame((await auth.UserList({})).users, ['a', 'b', 'n'], 'sorted');
    t.strictSame((await auth.UserGet({ name: 'a' })).roles, []);
    const unknown = '9 etcdserver: user name not found';
    t.equal(await refusal(auth.UserGet({ name: 'x' })), unknown);
    t.equal(await refusal(auth.UserDelete({ name: 'x' })), unknown);
    t.equal(await refusal(auth.UserChangePassword({ name: 'x', password: 'p' })), unknown);
    t.equal(await refusal(auth.UserGrantRole({ user: 'x', role: 'r' })), unknown);
    t.equal(await refusal(auth.UserRevokeRole({ name: 'x', role: 'r' })), unknown);
    t.equal(await refusal(auth.UserChangePassword({ name: 'n', password: 'p' })), ok);
    t.equal(await refusal(auth.UserDelete({ name: 'a' })), ok);
    t.strictSame((await auth.UserList({})).users, ['b', 'n']);
  });

  rule('roles: what is answered and what is refused', async ({ t, client: { auth } }) => {
    await auth.UserAdd({ name: 'u', password: 'u' });
    t.equal(await refusal(auth.RoleAdd({ name: '' })), '3 etcdserver: role name is empty');
    t.equal(await refusal(auth.RoleAdd({ name: 'r' })), ok);
    t.equal(await refusal(auth.RoleAdd({ name: 'q' })), ok);
    t.equal(await refusal(auth.RoleAdd({ name: 'r' })), '9 etcdserver: role name already exists');
    t.strictSame((await auth.RoleList({})).roles, ['q', 'r']);
    const unknown = '9 etcdserver: role name not found';
    t.equal(await refusal(auth.RoleGet({ role: 'x' })), unknown);
    t.equal(await refusal(auth.RoleDelete({ role: 'x' })), unknown);
    t.equal(await refusal(auth.UserGrantRole({ user: 'u', role: 'x' })), unknown);
    t.equal(await refusal(auth.RoleGrantPermission({ name: 'x', perm: { key: bytes('a') } })), unknown);
    t.equal(await refusal(auth.RoleRevokePermission({ role: 'x', key: bytes('a') })), unknown);
    t.equal(
      await refusal(auth.RoleRevokePermission({ role: 'r', key: bytes('a') })),
      '9 etcdserver: permission is not granted to the role',
    );
    const notGranted = '9 etcdserver: role is not granted to the user';
    t.equal(await refusal(auth.UserRevokeRole({ name: 'u', role: 'r' })), notGranted);
    for (const role of ['r', 'q', 'r']) await auth.UserGrantRole({ user: 'u', role });
    t.strictSame((await auth.UserGet({ name: 'u' })).roles, ['q', 'r'], 'sorted; granting again changes nothing');
    await auth.RoleDelete({ role: 'q' });
    t.strictSame((await auth.UserGet({ name: 'u' })).roles, ['r'], 'a deleted role is taken from its users');
    await auth.UserRevokeRole({ name: 'u', role: 'r' });
    t.strictSame((await auth.UserGet({ name: 'u' })).roles, []);
  });

  rule(
    'a role tells its permissions by key; one on the same keys takes the place of the old',
    async ({ t, client }) => {
      const { auth } = client;
      const grant = (permType: number, key: string, end = '') =>
        auth.RoleGrantPermission({ name: 'r', perm: { permType, key: bytes(key), range_end: bytes(end) } });
      const permissions = async (): Promise<readonly string[]> =>
        (await auth.RoleGet({ role: 'r' })).perm.map((p) => `${p.permType} ${text(p.key)} ${text(p.range_end)}`);
      await auth.RoleAdd({ name: 'r' });
      await grant(READ, 'b');
      await grant(READWRITE, 'a', 'c');
      await grant(READ, 'c', '\0');
      await grant(WRITE, 'b');
      t.strictSame(await permissions(), ['2 a c', '1 b ', '0 c \0']);
      await grant(READ, 'a', 'd');
      await grant(WRITE, 'a', 'c');
      t.strictSame(await permissions(), ['1 a c', '0 a d', '1 b ', '0 c \0']);
      await grant(WRITE, 'a', 'd');
      t.strictSame(
        await permissions(),
        ['1 a c', '0 a d', '1 a d', '1 b ', '0 c \0'],
        'only the first one of a key is looked at',
      );
      await auth.RoleRevokePermission({ role: 'r', key: bytes('a'), range_end: bytes('d') });
      t.strictSame(await permissions(), ['1 a c', '1 b ', '0 c \0'], 'all of these keys are revoked');
    },
  );

  rule('the role root can be granted without being there', async ({ t, client: { auth } }) => {
    await auth.UserAdd({ name: 'u', password: 'u' });
    t.equal(await refusal(auth.UserGrantRole({ user: 'u', role: 'root' })), ok);
    t.equal(await refusal(auth.RoleGet({ role: 'root' })), '9 etcdserver: role name not found');
  });

  rule(
    'the role root has all permissions',
    async ({ t, client: { auth } }) => {
      await auth.RoleAdd({ name: 'root' });
      const { perm } = await auth.RoleGet({ role: 'root' });
      t.strictSame(
        perm.map((p) => [p.permType, text(p.key), text(p.range_end)]),
        [[READWRITE, '', '\0']],
      );
    },
    { since: '3.5' },
  );

  rule(
    'while authentication is off no token is looked at',
    async ({ t, client: { auth, kv }, enable }) => {
      t.equal(await refusal(kv.Put({ key: bytes('a') }, withToken('bad'))), ok);
      const asRoot = await enable();
      await auth.AuthDisable({}, asRoot);
      t.equal(await refusal(kv.Put({ key: bytes('a') }, asRoot)), ok);
    },
    { since: '3.5' },
  );

  rule(
    'a permission names keys',
    async ({ t, client: { auth } }) => {
      await auth.RoleAdd({ name: 'r' });
      t.equal(await refusal(auth.RoleGrantPermission({ name: 'r' })), '3 etcdserver: permission not given');
      for (const [key, end] of [
        ['', ''],
        ['b', 'a'],
        ['b', 'b'],
      ] as const) {
        const perm = { key: bytes(key), range_end: bytes(end) };
        t.equal(await refusal(auth.RoleGrantPermission({ name: 'r', perm })), notAllowed);
      }
    },
    { since: '3.5' },
  );

  rule('authentication is turned on once root can not be locked out, and off again', async ({ t, client, login }) => {
    const { auth, kv } = client;
    t.equal(await refusal(auth.AuthDisable({})), ok, 'it is off');
    t.equal(
      await refusal(auth.Authenticate({ name: 'u', password: 'u' })),
      '9 etcdserver: authentication is not enabled',
    );
    t.equal(await refusal(auth.AuthEnable({})), '9 etcdserver: root user does not exist');
    await auth.UserAdd({ name: 'root', password: 'root' });
    t.equal(await refusal(auth.AuthEnable({})), '9 etcdserver: root user does not have root role');
    await auth.UserGrantRole({ user: 'root', role: 'root' });
    t.equal(await refusal(auth.AuthEnable({})), ok);
    t.equal(await refusal(auth.AuthEnable({})), noUser);
    t.equal(await refusal(kv.Put({ key: bytes('a') })), noUser);
    const asRoot = await login('root');
    t.equal(await refusal(auth.AuthEnable({}, asRoot)), ok, 'again');
    t.equal(await refusal(auth.AuthDisable({}, asRoot)), ok);
    t.equal(await refusal(kv.Put({ key: bytes('a') })), ok);
    await auth.AuthEnable({});
    t.equal(await refusal(kv.Put({ key: bytes('a') }, asRoot)), badToken, 'turning it off made all tokens void');
  });

  rule('root can not be taken away while authentication is on', async ({ t, client: { auth }, enable }) => {
    await auth.RoleAdd({ name: 'root' });
    const asRoot = await enable();
    t.equal(await refusal(auth.UserDelete({ name: 'root' }, asRoot)), notAllowed);
    t.equal(await refusal(auth.UserRevokeRole({ name: 'root', role: 'root' }, asRoot)), notAllowed);
    t.equal(await refusal(auth.RoleDelete({ role: 'root' }, asRoot)), notAllowed);
  });

  rule(
    'a password is right or wrong, and a user without one can not log in',
    async ({ t, client: { auth }, enable }) => {
      await auth.UserAdd({ name: 'u', password: 'pässword' });
      await auth.UserAdd({ name: 'e', password: '' });
      await auth.UserAdd({ name: 'n', options: { no_password: true } });
      const asRoot = await enable();
      const login = (name: string, password: string) => refusal(auth.Authenticate({ name, password }));
      t.equal(await login('u', 'pässword'), ok);
      t.equal(await login('u', 'password'), wrong);
      t.equal(await login('u', ''), wrong);
      t.equal(await login('e', ''), ok);
      t.equal(await login('x', 'x'), wrong);
      t.equal(await login('', ''), wrong);
      await auth.UserChangePassword({ name: 'u', password: 'other' }, asRoot);
      t.equal(await login('u', 'pässword'), wrong);
      t.equal(await login('u', 'other'), ok);
      const noPassword = '2 auth: authentication failed, password was given for no password user';
      t.equal(await login('n', ''), noPassword);
    },
  );

  rule(
    'a hash may stand for a new password, of a new user never; without either nobody logs in',
    async ({ t, client: { auth }, enable }) => {
      const hashedPassword = Buffer.from('$2b$04$cr5yAEOw8Y17YOXw5Hy5x.A.2ccs3yMugkTTzW3cI75Ldk1nslB5K').toString(
        'base64',
      );
      await auth.UserAdd({ name: 'u', password: 'own', hashedPassword });
      await auth.UserAdd({ name: 'e', password: 'e' });
      const asRoot = await enable();
      const login = (name: string, password: string) => refusal(auth.Authenticate({ name, password }));
      t.equal(await login('u', 'given'), wrong);
      t.equal(await login('u', 'own'), ok);
      await auth.UserChangePassword({ name: 'u', hashedPassword }, asRoot);
      t.equal(await login('u', 'given'), ok);
      t.equal(await login('u', 'own'), wrong);
      await auth.UserChangePassword({ name: 'e', password: '' }, asRoot);
      t.equal(await login('e', ''), wrong);
      t.equal(await login('e', 'e'), wrong);
    },
    { since: '3.5' },
  );

  // By the library that hashes, with its own text: `v3_server.go` hashes before it proposes, and passes the error on.
  rule(
    'a password of more than 72 bytes is refused',
    async ({ t, client: { auth } }) => {
      const tooLong = '2 bcrypt: password length exceeds 72 bytes';
      t.equal(await refusal(auth.UserAdd({ name: 'u', password: 'x'.repeat(72) })), ok);
      t.equal(await refusal(auth.UserAdd({ name: 'v', password: 'x'.repeat(73) })), tooLong);
      t.equal(await refusal(auth.UserChangePassword({ name: 'u', password: 'ä'.repeat(37) })), tooLong);
    },
    { since: '3.5' },
  );

  rule('a simple token is 16 letters, a dot and a number; any other text is invalid', async (setting) => {
    const { t, client, enable } = setting;
    const { token } = (await enable()).metadata;
    t.match(token, /^[a-zA-Z]{16}\.\d+$/);
    for (const bad of ['', 'x', 'abc.1', `${token}.1`, 'abcdefghijklmnop.x']) {
      t.equal(await refusal(client.kv.Range(everything, withToken(bad))), badToken, bad);
      t.equal(await refusal(client.auth.UserList({}, withToken(bad))), badToken, bad);
      t.equal(await refusal(client.kv.Put({ key: bytes('a') }, withToken(bad))), badToken, bad);
    }
  });

  rule('a token counts on every member at once, in either kind of metadata', async ({ t, clients, enable, login }) => {
    await enable();
    for (const { kv } of clients) {
      const { metadata } = await login('root');
      t.equal(await refusal(kv.Put({ key: bytes('a') }, { metadata })), ok);
      const authorization = metadata['token'] ?? '';
      t.equal(await refusal(kv.Put({ key: bytes('a') }, { metadata: { authorization } })), ok);
      t.equal(await refusal(kv.Range({ key: bytes('a'), serializable: true }, { metadata })), ok);
    }
  });

  rule(
    'a token in the form of Bearer',
    async ({ t, client: { kv }, enable }) => {
      const { metadata } = await enable();
      const authorization = `Bearer ${metadata['token'] ?? ''}`;
      t.equal(await refusal(kv.Put({ key: bytes('a') }, { metadata: { authorization } })), ok);
    },
    { since: '3.7' },
  );

  rule('tokens are void with their user, its password, and nothing else of it', async (setting) => {
    const { t, client, enable, addUser, login } = setting;
    const { auth, kv } = client;
    await addUser('u', [READWRITE, 'a']);
    const asRoot = await enable();
    const put = (as: { metadata: Readonly<Record<string, string>> }) => refusal(kv.Put({ key: bytes('a') }, as));
    const first = await login('u');
    t.equal(await put(first), ok);
    await auth.RoleAdd({ name: 'other' }, asRoot);
    await auth.UserGrantRole({ user: 'u', role: 'other' }, asRoot);
    await auth.UserRevokeRole({ name: 'u', role: 'other' }, asRoot);
    t.equal(await put(first), ok);
    await auth.UserChangePassword({ name: 'u', password: 'u' }, asRoot);
    t.equal(await put(first), badToken);
    const second = await login('u');
    t.equal(await put(second), ok);
    await auth.UserDelete({ name: 'u' }, asRoot);
    t.equal(await put(second), badToken);
    t.equal(await put(asRoot), ok);
  });

  rule(
    'who is not root learns of oneself and of the roles that one has',
    async ({ t, client, enable, addUser, login }) => {
      const { auth } = client;
      await addUser('u', [READ, 'a']);
      await addUser('v');
      await enable();
      const asUser = await login('u');
      t.strictSame((await auth.UserGet({ name: 'u' }, asUser)).roles, ['u']);
      t.equal((await auth.RoleGet({ role: 'u' }, asUser)).perm.length, 1);
      t.equal(await refusal(auth.UserGet({ name: 'v' }, asUser)), denied);
      t.equal(await refusal(auth.UserGet({ name: 'x' }, asUser)), denied);
      t.equal(await refusal(auth.RoleGet({ role: 'v' }, asUser)), denied);
      t.equal(await refusal(auth.UserList({}, asUser)), denied);
      t.equal(await refusal(auth.RoleList({}, asUser)), denied);
      t.equal(await refusal(auth.UserGet({ name: 'u' })), noUser);
      t.equal(
        await refusal(auth.UserGet({ name: '' })),
        '9 etcdserver: user name not found',
        'nobody asks about nobody',
      );
      t.equal(await refusal(auth.RoleGet({ role: 'u' })), noUser);
    },
  );

  rule('only root changes users and roles', async ({ t, client: { auth }, enable, addUser, login }) => {
    await addUser('u');
    await enable();
    const asUser = await login('u');
    for (const [as, refused] of [
      [{}, noUser],
      [asUser, denied],
    ] as const) {
      t.equal(await refusal(auth.AuthEnable({}, as)), refused);
      t.equal(await refusal(auth.AuthDisable({}, as)), refused);
      t.equal(await refusal(auth.UserAdd({ name: 'x', password: 'x' }, as)), refused);
      t.equal(await refusal(auth.UserDelete({ name: 'u' }, as)), refused);
      t.equal(await refusal(auth.UserChangePassword({ name: 'u', password: 'x' }, as)), refused);
      t.equal(await refusal(auth.UserGrantRole({ user: 'u', role: 'root' }, as)), refused);
      t.equal(await refusal(auth.UserRevokeRole({ name: 'u', role: 'u' }, as)), refused);
      t.equal(await refusal(auth.RoleAdd({ name: 'x' }, as)), refused);
      t.equal(await refusal(auth.RoleDelete({ role: 'u' }, as)), refused);
      t.equal(await refusal(auth.RoleGrantPermission({ name: 'u', perm: { key: bytes('a') } }, as)), refused);
      t.equal(await refusal(auth.RoleRevokePermission({ role: 'u', key: bytes('a') }, as)), refused);
      t.equal(await refusal(auth.UserList({}, as)), refused);
      t.equal(await refusal(auth.RoleList({}, as)), refused);
    }
    t.equal(await refusal(auth.Authenticate({ name: 'u', password: 'u' })), ok);
  });

  rule(
    'everybody may ask whether authentication is on',
    async ({ t, client: { auth }, enable, addUser, login }) => {
      const before = await auth.AuthStatus({});
      t.equal(before.enabled, false);
      await addUser('u');
      await enable();
      const after = await auth.AuthStatus({});
      t.strictSame([after.enabled, clampInteger(after.authRevision) - clampInteger(before.authRevision)], [true, 5]);
      t.equal((await auth.AuthStatus({}, await login('u'))).enabled, true);
    },
    { since: '3.7' },
  );

  rule('ranges: every key of a request is permitted, by one permission or by several that meet', async (setting) => {
    const { t, client, enable, addUser, login } = setting;
    await addUser('u', [READ, 'a', 'c'], [READ, 'c', 'e'], [READ, 'e'], [READ, 'g'], [WRITE, 'w'], [READ, 'x', '\0']);
    await enable();
    const asUser = await login('u');
    for (const [key, end, answer] of [
      ['a', '', ok],
      ['a', 'c', ok],
      ['b', 'd', ok],
      ['a', 'e', ok],
      ['a', 'e\0', ok],
      ['a', 'e\0\0', denied],
      ['a', 'f', denied],
      ['e', '', ok],
      ['f', '', denied],
      ['g', 'g\0', ok],
      ['g', 'h', denied],
      ['0', 'b', denied],
      ['w', '', denied],
      ['x', '\0', ok],
      ['z', '\0', ok],
      ['w', '\0', denied],
      ['a', '\0', denied],
      ['\0', '\0', denied],
      ['f', 'a', denied],
      ['f', 'f', denied],
    ] as const) {
      const request = { key: bytes(key), range_end: bytes(end) };
      t.equal(await refusal(client.kv.Range(request, asUser)), answer, `[${key}, ${end})`);
      t.equal(await refusal(client.kv.Range({ ...request, serializable: true }, asUser)), answer, 'serializable');
      t.equal(await refusal(client.kv.Txn({ success: [{ request_range: request }] }, asUser)), answer, 'in a txn');
    }
  });

  rule('reading, writing and both', async ({ t, client: { kv }, enable, addUser, login }) => {
    await addUser('r', [READ, 'a', 'c']);
    await addUser('w', [WRITE, 'a', 'c']);
    await addUser('b', [READWRITE, 'a', 'c']);
    await addUser('n');
    const asRoot = await enable();
    const key = bytes('a');
    const keys = { key, range_end: bytes('c') };
    for (const [as, reads, writes, both] of [
      [await login('r'), ok, denied, denied],
      [await login('w'), denied, ok, denied],
      [await login('b'), ok, ok, ok],
      [await login('n'), denied, denied, denied],
      [asRoot, ok, ok, ok],
      [{}, noUser, noUser, noUser],
    ] as const) {
      t.equal(await refusal(kv.Range(keys, as)), reads);
      t.equal(await refusal(kv.Put({ key }, as)), writes);
      t.equal(await refusal(kv.Put({ key, prev_kv: true }, as)), both);
      t.equal(await refusal(kv.DeleteRange(keys, as)), writes);
      t.equal(await refusal(kv.DeleteRange({ ...keys, prev_kv: true }, as)), both);
      t.equal(await refusal(kv.Txn({ compare: [{ key }], success: [{ request_put: { key } }] }, as)), both);
      t.equal(await refusal(kv.Txn({ success: [{ request_put: { key } }] }, as)), writes);
      t.equal(await refusal(kv.Txn({ failure: [{ request_delete_range: { ...keys, prev_kv: true } }] }, as)), both);
    }
    t.equal(await refusal(kv.Put({ key: bytes('z') }, await login('b'))), denied);
    t.equal(await refusal(kv.Put({}, {})), '3 etcdserver: key is not provided', 'bad requests are found before');
  });

  rule(
    'a txn is checked in the parts that it does not take, too',
    async ({ t, client: { kv }, enable, addUser, login }) => {
      await addUser('u', [READWRITE, 'a']);
      await enable();
      const asUser = await login('u');
      const put = (key: string) => ({ request_put: { key: bytes(key) } });
      const range = (key: string) => ({ request_range: { key: bytes(key) } });
      for (const [txn, answer] of txns(
        [{ success: [put('a')], failure: [range('a')] }, ok],
        [{ success: [put('a')], failure: [range('b')] }, denied],
        [{ success: [range('a')], failure: [range('b')] }, denied],
        [{ success: [range('a')], failure: [put('b')] }, denied],
        [{ compare: [{ key: bytes('a') }], success: [put('a')] }, ok],
        [{ compare: [{ key: bytes('b') }], success: [put('a')] }, denied],
        [{ compare: [{ key: bytes('a'), range_end: bytes('c') }], success: [put('a')] }, denied],
      )) {
        t.equal(await refusal(kv.Txn(txn, asUser)), answer);
      }
    },
  );

  rule(
    'nested txns, old values and leases in a txn are checked',
    async (setting) => {
      const { t, client, enable, addUser, login } = setting;
      const { kv, lease } = client;
      await addUser('u', [READWRITE, 'a'], [WRITE, 'w']);
      const asRoot = await enable();
      const asUser = await login('u');
      const { ID } = await lease.LeaseGrant({ TTL: 600 }, asRoot);
      await kv.Put({ key: bytes('secret'), lease: ID }, asRoot);
      const put = (key: string, more: object = {}) => ({ request_put: { key: bytes(key), ...more } });
      const nested = (txn: etcdserverpb.TxnRequest.$Properties) => ({ success: [{ request_txn: txn }] });
      for (const [txn, answer] of txns(
        [nested({ success: [put('a')] }), ok],
        [nested({ success: [put('b')] }), denied],
        [nested({ compare: [{ key: bytes('b') }] }), denied],
        [nested(nested({ failure: [{ request_range: { key: bytes('b') } }] })), denied],
        [{ success: [put('w', { prev_kv: true })] }, denied],
        [{ success: [put('a', { prev_kv: true })] }, ok],
        [{ success: [put('a', { lease: ID })] }, denied],
      )) {
        t.equal(await refusal(kv.Txn(txn, asUser)), answer);
      }
    },
    { since: '3.7' },
  );

  rule('a lease is attached and revoked by who may write all of its keys', async (setting) => {
    const { t, client, enable, addUser, login } = setting;
    const { kv, lease } = client;
    await addUser('u', [WRITE, 'a']);
    await addUser('v', [WRITE, 'a', 'c']);
    const asRoot = await enable();
    const [asU, asV] = [await login('u'), await login('v')];
    const { ID } = await lease.LeaseGrant({ TTL: 600 }, asRoot);
    t.equal(await refusal(kv.Put({ key: bytes('a'), lease: ID }, asU)), ok);
    t.equal(await refusal(kv.Put({ key: bytes('b'), lease: ID }, asV)), ok);
    t.equal(await refusal(kv.Put({ key: bytes('a'), lease: ID }, asU)), denied);
    t.equal(await refusal(lease.LeaseRevoke({ ID }, asU)), denied);
    t.equal(await refusal(lease.LeaseRevoke({ ID }, asV)), ok);
    t.equal((await kv.Range({ ...everything, count_only: true }, asRoot)).kvs.length, 0);
    const unknown = '5 etcdserver: requested lease not found';
    t.equal(await refusal(kv.Put({ key: bytes('a'), lease: ID }, asU)), unknown);
    t.equal(await refusal(lease.LeaseRevoke({ ID }, asU)), unknown);
  });

  rule('an expired lease is revoked without a caller', async ({ t, client: { kv, lease }, enable }) => {
    const asRoot = await enable();
    const { ID } = await lease.LeaseGrant({ TTL: 1 }, asRoot);
    await kv.Put({ key: bytes('a'), lease: ID }, asRoot);
    const count = async (): Promise<number> =>
      clampInteger((await kv.Range({ key: bytes('a'), count_only: true }, asRoot)).count);
    while ((await count()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    t.pass('its key is gone');
  });

  rule(
    'leases are granted, kept and asked about by users; their keys are told to who may read them',
    async (setting) => {
      const { t, client, enable, addUser, login } = setting;
      const { kv, lease } = client;
      await addUser('r', [READ, 'a']);
      await addUser('w', [WRITE, 'a']);
      const asRoot = await enable();
      const [asR, asW] = [await login('r'), await login('w')];
      const { ID } = await lease.LeaseGrant({ TTL: 600 }, asR);
      await kv.Put({ key: bytes('a'), lease: ID }, asRoot);
      const keepAlive = async function* (): AsyncGenerator<etcdserverpb.LeaseKeepAliveRequest.$Properties, void> {
        yield await Promise.resolve({ ID });
      };
      for (const [as, [grants, keeps, tells, lists]] of [
        [{}, [noUser, noUser, noUser, noUser]],
        [withToken('bad'), [badToken, badToken, badToken, badToken]],
        [asR, [ok, denied, ok, ok]],
        [asW, [ok, ok, denied, denied]],
        [asRoot, [ok, ok, ok, ok]],
      ] as const) {
        t.equal(await refusal(lease.LeaseGrant({ TTL: 600 }, as)), grants);
        t.equal(await refusal(lease.LeaseKeepAlive(keepAlive(), as)), keeps);
        t.equal(await refusal(lease.LeaseTimeToLive({ ID, keys: true }, as)), tells);
        t.equal(await refusal(lease.LeaseTimeToLive({ ID }, as)), grants);
        t.equal(await refusal(lease.LeaseLeases({}, as)), lists);
      }
      t.equal(await refusal(lease.LeaseRevoke({ ID })), noUser);
    },
    { since: '3.7' },
  );

  rule(
    'a watch is created by who may read its keys',
    async ({ t, client, enable, addUser, login }) => {
      await addUser('u', [READ, 'a', 'c'], [READ, 'z', '\0']);
      await enable();
      const { metadata } = await login('u');
      const created = async (metadata: Readonly<Record<string, string>>, key: string, end = ''): Promise<string> => {
        const watch = openStream(client.watch.Watch, { metadata });
        watch.ask({ create_request: { key: bytes(key), range_end: bytes(end) } });
        const response = await watch.next();
        watch.close();
        const { created, canceled, watch_id, cancel_reason } = response;
        return `${created} ${canceled} ${clampInteger(watch_id)} ${cancel_reason}`;
      };
      const may = 'true false 0 ';
      const refused = (status: string): string => `true true -1 rpc error: code = ${status}`;
      const mayNot = refused('PermissionDenied desc = etcdserver: permission denied');
      t.equal(await created(metadata, 'a'), may);
      t.equal(await created(metadata, 'a', 'c'), may);
      t.equal(await created(metadata, 'a', 'd'), mayNot);
      t.equal(await created(metadata, 'd'), mayNot);
      t.equal(await created({}, 'a'), refused('InvalidArgument desc = etcdserver: user name is empty'));
      t.equal(await created({ token: 'bad' }, 'a'), refused('Unauthenticated desc = etcdserver: invalid auth token'));
      t.equal(
        await created({ token: 'bad' }, 'b', 'a'),
        refused('Unauthenticated desc = etcdserver: invalid auth token'),
      );
    },
    { since: '3.5' },
  );

  rule(
    'a watch of all keys from one on needs permission for them all',
    async (setting) => {
      const { t, client, enable, addUser, login } = setting;
      await addUser('u', [READ, 'a'], [READ, 'z', '\0']);
      await enable();
      const watch = openStream(client.watch.Watch, await login('u'));
      t.teardown(() => watch.close());
      watch.ask({ create_request: { key: bytes('a'), range_end: bytes('\0') } });
      watch.ask({ create_request: { range_end: bytes('\0') } });
      watch.ask({ create_request: { key: bytes('z'), range_end: bytes('\0') } });
      watch.ask({ create_request: { key: bytes('a'), start_revision: -1 } });
      const answers = [await watch.next(), await watch.next(), await watch.next(), await watch.next()];
      t.strictSame(
        answers.map(({ canceled, watch_id }) => [canceled, clampInteger(watch_id)]),
        [
          [true, -1],
          [true, -1],
          [false, 0],
          [true, -1],
        ],
      );
      t.equal(answers[3]?.cancel_reason, 'etcdserver: mvcc: required revision has been compacted');
    },
    { since: '3.7' },
  );

  rule('events go on for a watch whose user lost the permission', async ({ t, client, enable, addUser, login }) => {
    await addUser('u', [READ, 'a']);
    const asRoot = await enable();
    const watch = openStream(client.watch.Watch, await login('u'));
    t.teardown(() => watch.close());
    watch.ask({ create_request: { key: bytes('a') } });
    await watch.next();
    await client.auth.RoleRevokePermission({ role: 'u', key: bytes('a') }, asRoot);
    await client.kv.Put({ key: bytes('a'), value: bytes('1') }, asRoot);
    t.equal(text((await watch.next()).events[0]?.kv?.value), '1');
  });

  // A compaction asks for root in `v3rpc/key.go` since 3.6.9; users may ask for the status since 3.7 only.
  rule(
    'moving the leader, alarms and compactions are for root; the status and alarms are told to users',
    async (setting) => {
      const { t, client, enable, addUser, login } = setting;
      const { maintenance, kv } = client;
      await addUser('u', [READWRITE, '\0', '\0']);
      const asRoot = await enable();
      const asUser = await login('u');
      const { GET, DEACTIVATE } = etcdserverpb.AlarmRequest.AlarmAction;
      for (const [as, user, root] of [
        [{}, noUser, noUser],
        [asUser, ok, denied],
        [withToken('bad'), badToken, badToken],
      ] as const) {
        t.equal(await refusal(maintenance.Status({}, as)), user);
        t.equal(await refusal(maintenance.Alarm({ action: GET }, as)), user);
        t.equal(await refusal(maintenance.Alarm({ action: DEACTIVATE }, as)), root);
        t.equal(await refusal(maintenance.MoveLeader({ targetID: 1 }, as)), root);
        t.equal(await refusal(kv.Compact({ revision: 1 }, as)), root);
      }
      const { header } = await kv.Put({ key: bytes('a') }, asRoot);
      t.equal(await refusal(kv.Compact({ revision: header?.revision ?? 0 }, asRoot)), ok);
    },
    { since: '3.7' },
  );

  rule(
    'members are told to users',
    async ({ t, client: { cluster }, enable, addUser, login }) => {
      await addUser('u');
      await enable();
      const asUser = await login('u');
      t.equal(await refusal(cluster.MemberList({})), noUser);
      t.equal(await refusal(cluster.MemberList({}, asUser)), ok);
    },
    { since: '3.7' },
  );

  rule('changes of the members are for root', async ({ t, client: { cluster }, enable, addUser, login }) => {
    await addUser('u', [READWRITE, '\0', '\0']);
    const asRoot = await enable();
    const asUser = await login('u');
    const calls = (as: Parameters<typeof cluster.MemberAdd>[1]): Promise<string>[] =>
      [
        cluster.MemberAdd({ peerURLs: ['http://127.0.0.1:1'], isLearner: true }, as),
        cluster.MemberUpdate({ ID: 1, peerURLs: ['http://127.0.0.1:1'] }, as),
        cluster.MemberPromote({ ID: 1 }, as),
        cluster.MemberRemove({ ID: 1 }, as),
      ].map(refusal);
    t.strictSame(await Promise.all(calls({})), [noUser, noUser, noUser, noUser]);
    t.strictSame(await Promise.all(calls(asUser)), [denied, denied, denied, denied]);
    t.equal(await refusal(cluster.MemberUpdate({ ID: 1, peerURLs: ['http://127.0.0.1:1'] }, asRoot)), notFound);
  });

  rule(
    'a range stream is permitted like a range',
    async ({ t, client: { kv }, enable, addUser, login }) => {
      await addUser('u', [READ, 'a', 'c']);
      await enable();
      const asUser = await login('u');
      t.equal(await refusal(kv.RangeStream({ key: bytes('a'), range_end: bytes('c') }, asUser)), ok);
      t.equal(await refusal(kv.RangeStream({ key: bytes('a'), range_end: bytes('d') }, asUser)), denied);
      t.equal(await refusal(kv.RangeStream({ key: bytes('a') })), noUser);
    },
    { since: '3.7' },
  );

  rule('answers carry the header of the state', async ({ t, client: { auth, kv }, enable }) => {
    const { header: put } = await kv.Put({ key: bytes('a') });
    const asRoot = await enable();
    const { header: list } = await auth.UserList({}, asRoot);
    const { header: added } = await auth.RoleAdd({ name: 'r' }, asRoot);
    const { header: login } = await auth.Authenticate({ name: 'root', password: 'root' });
    for (const header of [list, added, login]) {
      t.equal(clampInteger(header?.revision), clampInteger(put?.revision), 'users make no revision of the keys');
      t.ok(clampInteger(header?.raft_term) > 0);
      t.equal(toId(header?.member_id), toId(put?.member_id));
    }
  });

  rule(
    'locks and elections are for who may read and write their keys',
    async ({ t, client, enable, addUser, login }) => {
      const { lock, election } = client;
      await addUser('u', [READWRITE, 'mine/', 'mine0']);
      await enable();
      const asUser = await login('u');
      const name = bytes('mine');
      const { key } = await lock.Lock({ name }, asUser);
      t.equal(await refusal(lock.Unlock({ key }, asUser)), ok);
      const { leader } = await election.Campaign({ name, value: bytes('1') }, asUser);
      t.equal(await refusal(election.Proclaim({ leader: leader ?? {}, value: bytes('2') }, asUser)), ok);
      t.equal(text((await election.Leader({ name }, asUser)).kv?.value), '2');
      t.equal(await refusal(election.Resign({ leader: leader ?? {} }, asUser)), ok);
      for (const call of [
        () => lock.Lock({ name: bytes('other') }, asUser),
        () => lock.Unlock({ key: bytes('other/1') }, asUser),
        () => election.Campaign({ name: bytes('other') }, asUser),
        () => election.Leader({ name: bytes('other') }, asUser),
      ]) {
        t.match(await refusal(call()), /permission denied/);
      }
      for (const call of [
        () => lock.Lock({ name }),
        () => election.Campaign({ name }),
        () => election.Leader({ name }),
      ]) {
        t.match(await refusal(call()), /user name is empty/);
      }
    },
    { since: '3.5' },
  );

  rule(
    'an election is observed by who may read its keys',
    async ({ t, client: { election }, enable, addUser, login }) => {
      await addUser('u', [READ, 'mine/', 'mine0']);
      await enable();
      t.match(await refusal(election.Observe({ name: bytes('other') }, await login('u'))), /permission denied/);
      t.match(await refusal(election.Observe({ name: bytes('mine') })), /user name is empty/);
    },
    { divergence: 'Observing an election whose keys one may not read' },
  );

  rule(
    'the gateway takes the token as Authorization',
    async ({ t, client: { target }, enable, addUser, login }) => {
      await addUser('u', [READ, 'a']);
      await enable();
      const { metadata } = await login('u');
      const ask = async (path: string, body: object, authorization?: string): Promise<readonly unknown[]> => {
        const headers = authorization === undefined ? {} : { authorization };
        const response = await fetch(`http://${target}/v3/${path}`, {
          method: 'POST',
          body: JSON.stringify(body),
          headers,
        });
        const { code, message } = (await response.json()) as { code?: number; message?: string };
        return [response.status, code, message];
      };
      const range = { key: Buffer.from('a').toString('base64') };
      const token = metadata['token'] ?? '';
      t.strictSame(await ask('kv/range', range, token), [200, undefined, undefined]);
      t.strictSame(await ask('kv/range', range, `Bearer ${token}`), [200, undefined, undefined]);
      t.strictSame(await ask('kv/range', range), [400, 3, 'etcdserver: user name is empty']);
      t.strictSame(await ask('kv/put', range, token), [403, 7, 'etcdserver: permission denied']);
      t.strictSame(await ask('kv/range', range, 'bad'), [401, 16, 'etcdserver: invalid auth token']);
      t.strictSame(await ask('maintenance/hashkv', {}, token), [403, 7, 'etcdserver: permission denied']);
      t.strictSame(await ask('auth/authenticate', { name: 'u', password: 'u' }), [200, undefined, undefined]);
    },
    { since: '3.7' },
  );

  rule(
    'maintenance is for root',
    async ({ t, client: { maintenance }, enable, addUser, login }) => {
      await addUser('u', [READWRITE, '\0', '\0']);
      const asRoot = await enable();
      for (const [as, answer] of [
        [{}, noUser],
        [await login('u'), denied],
        [asRoot, ok],
      ] as const) {
        t.equal(await refusal(maintenance.HashKV({}, as)), answer);
        t.equal(await refusal(maintenance.Hash({}, as)), answer);
        t.equal(await refusal(maintenance.Snapshot({}, as)), answer);
        t.equal(await refusal(maintenance.Defragment({}, as)), answer);
      }
    },
    { since: '3.5' },
  );
});
