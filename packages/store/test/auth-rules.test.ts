/** The rules of users, roles and permissions, one by one (etcd's documented behaviour). */
import t from 'tap';
import { hashState } from '@flotilla/store';
import { WRITE, READ, READWRITE, addUsers, authStore, bytes, read } from './auth-harness.ts';

const everything = { key: bytes('\0'), range_end: bytes('\0') };

t.test('authentication is turned on by a root user with the root role, and then no sooner', (t) => {
  const { apply, store } = authStore();
  t.equal(apply('authEnable', {}), 'rootUserMissing');
  apply('userAdd', { name: 'root', hashedPassword: 'AAAA' });
  t.equal(apply('authEnable', {}), 'rootRoleMissing');
  t.equal(apply('userGrantRole', { user: 'root', role: 'root' }), 'ok', 'the role root need not be added');
  const { revision } = store.auth;
  t.equal(apply('authEnable', {}), 'ok');
  t.match(store.auth, { enabled: true, revision }, 'turning it on makes no auth revision');
  t.end();
});

t.test('turning on again and off again succeed; only turning off makes an auth revision', (t) => {
  const auth = authStore();
  const { apply, as, store } = auth;
  t.equal(store.auth.revision, 1);
  t.equal(apply('authDisable', {}), 'ok');
  t.equal(store.auth.revision, 1);
  auth.enable();
  const { revision } = store.auth;
  t.equal(apply('authEnable', {}, as('root')), 'ok');
  t.equal(store.auth.revision, revision);
  t.equal(apply('authDisable', {}, as('root')), 'ok');
  t.match(store.auth, { enabled: false, revision: revision + 1 });
  t.end();
});

t.test('users and roles: what is refused, and what makes an auth revision', (t) => {
  const { apply, store } = authStore();
  const steps = [
    ['userAdd', { name: '', hashedPassword: 'AAAA' }, 'userNameEmpty', 0],
    ['userAdd', { name: 'u', hashedPassword: 'AAA' }, 'passwordForNoPasswordUser', 0],
    ['userAdd', { name: 'u', hashedPassword: 'AAAA' }, 'ok', 1],
    ['userAdd', { name: 'u' }, 'userExists', 0],
    ['userAdd', { name: 'n', hashedPassword: 'AAA', options: { no_password: true } }, 'ok', 1],
    ['userChangePassword', { name: 'x' }, 'userNotFound', 0],
    ['userChangePassword', { name: 'u', hashedPassword: 'BBBB' }, 'ok', 1],
    ['userChangePassword', { name: 'n', hashedPassword: 'BBBB' }, 'ok', 1],
    ['roleAdd', { name: '' }, 'roleNameEmpty', 0],
    ['roleAdd', { name: 'r' }, 'ok', 1],
    ['roleAdd', { name: 'r' }, 'roleExists', 0],
    ['userGrantRole', { user: 'x', role: 'r' }, 'userNotFound', 0],
    ['userGrantRole', { user: 'u', role: 'x' }, 'roleNotFound', 0],
    ['userGrantRole', { user: 'u', role: 'r' }, 'ok', 1],
    ['userGrantRole', { user: 'u', role: 'r' }, 'ok', 0],
    ['userRevokeRole', { name: 'x', role: 'r' }, 'userNotFound', 0],
    ['userRevokeRole', { name: 'u', role: 'x' }, 'roleNotGranted', 0],
    ['roleGrantPermission', { name: 'r' }, 'permissionNotGiven', 0],
    ['roleGrantPermission', { name: 'x', perm: { key: bytes('a') } }, 'roleNotFound', 0],
    ['roleGrantPermission', { name: 'r', perm: {} }, 'invalidAuthManagement', 0],
    [
      'roleGrantPermission',
      { name: 'r', perm: { key: bytes('b'), range_end: bytes('a') } },
      'invalidAuthManagement',
      0,
    ],
    ['roleGrantPermission', { name: 'r', perm: { key: bytes('a') } }, 'ok', 1],
    ['roleGrantPermission', { name: 'r', perm: { key: bytes('a') } }, 'ok', 1],
    ['roleRevokePermission', { role: 'x', key: bytes('a') }, 'roleNotFound', 0],
    ['roleRevokePermission', { role: 'r', key: bytes('a'), range_end: bytes('b') }, 'permissionNotGranted', 0],
    ['roleRevokePermission', { role: 'r', key: bytes('a') }, 'ok', 1],
    ['roleDelete', { role: 'x' }, 'roleNotFound', 0],
    ['roleDelete', { role: 'r' }, 'ok', 1],
    ['userDelete', { name: 'x' }, 'userNotFound', 0],
    ['userDelete', { name: 'u' }, 'ok', 1],
  ] as const;
  for (const [type, request, code, made] of steps) {
    const { revision } = store.auth;
    t.equal(apply(type, request), code, `${type} ${JSON.stringify(request)}`);
    t.equal(store.auth.revision - revision, made, `${type} makes ${made} revisions`);
  }
  t.same([store.auth.userNames(), store.auth.roleNames()], [['n'], []]);
  t.end();
});

t.test('a role that is deleted is taken from its users; roles and names are in order of bytes', (t) => {
  const { apply, store } = authStore();
  for (const name of ['b', 'a', 'é', 'Z']) apply('roleAdd', { name });
  apply('userAdd', { name: 'u', hashedPassword: 'AAAA' });
  for (const role of ['b', 'é', 'a', 'Z']) apply('userGrantRole', { user: 'u', role });
  t.same(store.auth.roleNames(), ['Z', 'a', 'b', 'é']);
  t.same(store.auth.user('u')?.roles, ['Z', 'a', 'b', 'é']);
  apply('roleDelete', { role: 'a' });
  t.same(store.auth.user('u')?.roles, ['Z', 'b', 'é']);
  t.end();
});

t.test('root can not be taken away while authentication is on', (t) => {
  const auth = authStore();
  const { apply, as } = auth;
  apply('roleAdd', { name: 'root' });
  auth.enable();
  t.equal(apply('userDelete', { name: 'root' }, as('root')), 'invalidAuthManagement');
  t.equal(apply('userRevokeRole', { name: 'root', role: 'root' }, as('root')), 'invalidAuthManagement');
  t.equal(apply('roleDelete', { role: 'root' }, as('root')), 'invalidAuthManagement');
  apply('authDisable', {}, as('root'));
  t.equal(apply('userRevokeRole', { name: 'root', role: 'root' }), 'ok');
  t.equal(apply('roleDelete', { role: 'root' }), 'ok');
  t.equal(apply('userDelete', { name: 'root' }), 'ok');
  t.end();
});

t.test('only root changes users and roles, whatever auth revision it knows', (t) => {
  const auth = authStore();
  const { apply, as } = auth;
  addUsers(auth, 'alice');
  auth.enable();
  t.equal(apply('roleAdd', { name: 'x' }), 'userNameEmpty');
  t.equal(apply('roleAdd', { name: 'x' }, as('alice')), 'permissionDenied');
  t.equal(apply('roleAdd', { name: 'x' }, as('nobody')), 'userNotFound');
  t.equal(apply('authDisable', {}, as('alice')), 'permissionDenied');
  t.equal(apply('roleAdd', { name: 'x' }, { name: 'root', authRevision: 1 }), 'ok');
  t.end();
});

t.test('keys are refused without a caller, with an old revision, to unknown users and without permission', (t) => {
  const auth = authStore();
  const { as, store, apply } = auth;
  addUsers(auth, 'alice');
  auth.allow('alice', READWRITE, 'a', 'c');
  t.equal(read(auth, everything), 'ok', 'while authentication is off everybody may do everything');
  auth.enable();
  const old = { name: 'alice', authRevision: store.auth.revision - 1 };
  const later = { name: 'alice', authRevision: store.auth.revision + 1 };
  for (const [caller, code] of [
    [undefined, 'userNameEmpty'],
    [old, 'authRevisionOld'],
    [as('nobody'), 'permissionDenied'],
    [as('alice'), 'ok'],
    [as('root'), 'ok'],
  ] as const) {
    t.equal(read(auth, { key: bytes('a') }, caller), code);
    t.equal(apply('put', { key: bytes('a') }, caller), code);
  }
  t.equal(read(auth, { key: bytes('a') }, later), 'authRevisionOld', 'a member that lags does not answer');
  t.equal(apply('put', { key: bytes('a') }, later), 'ok');
  t.equal(read(auth, { key: bytes('c') }, as('alice')), 'permissionDenied');
  t.equal(read(auth, everything, as('root')), 'ok');
  t.end();
});

t.test('a change of users or roles refuses what was proposed before it', (t) => {
  const auth = authStore();
  addUsers(auth, 'alice');
  auth.allow('alice', READWRITE, 'a');
  auth.enable();
  const proposed = auth.as('alice');
  auth.apply('roleAdd', { name: 'other' }, auth.as('root'));
  t.equal(auth.apply('put', { key: bytes('a') }, proposed), 'authRevisionOld');
  t.equal(auth.apply('put', { key: bytes('a') }, auth.as('alice')), 'ok');
  t.end();
});

t.test('reading and writing are granted apart; an old value that is asked for is read', (t) => {
  const auth = authStore();
  addUsers(auth, 'reader', 'writer');
  auth.allow('reader', READ, 'a', 'c');
  auth.allow('writer', WRITE, 'a', 'c');
  auth.enable();
  const keys = { key: bytes('a'), range_end: bytes('c') };
  for (const [name, may] of [
    ['reader', { read: 'ok', write: 'permissionDenied', both: 'permissionDenied' }],
    ['writer', { read: 'permissionDenied', write: 'ok', both: 'permissionDenied' }],
    ['root', { read: 'ok', write: 'ok', both: 'ok' }],
  ] as const) {
    const caller = auth.as(name);
    t.equal(read(auth, keys, caller), may.read, `${name} reads`);
    t.equal(auth.apply('put', { key: bytes('b') }, caller), may.write, `${name} puts`);
    t.equal(auth.apply('put', { key: bytes('b'), prev_kv: true }, caller), may.both, `${name} puts and reads`);
    t.equal(auth.apply('deleteRange', keys, caller), may.write, `${name} deletes`);
    t.equal(auth.apply('deleteRange', { ...keys, prev_kv: true }, caller), may.both, `${name} deletes and reads`);
  }
  t.end();
});

t.test('a txn is permitted in all its parts, on both branches, however deep', (t) => {
  const auth = authStore();
  addUsers(auth, 'alice');
  auth.allow('alice', READWRITE, 'a');
  auth.allow('alice', WRITE, 'w');
  auth.enable();
  const { as, apply, store } = auth;
  const caller = as('alice');
  const put = (key: string, more: object = {}) => ({ request_put: { key: bytes(key), ...more } });
  const range = (key: string) => ({ request_range: { key: bytes(key) } });
  const remove = (key: string, more: object = {}) => ({ request_delete_range: { key: bytes(key), ...more } });
  for (const [part, code] of [
    [{ compare: [{ key: bytes('a') }], success: [put('a'), remove('w')], failure: [range('a')] }, 'ok'],
    [{ compare: [{ key: bytes('w') }], success: [put('a')] }, 'permissionDenied'],
    [{ compare: [{ key: bytes('a'), range_end: bytes('b') }], success: [put('a')] }, 'permissionDenied'],
    [{ success: [put('b')] }, 'permissionDenied'],
    [{ failure: [put('b')] }, 'permissionDenied'],
    [{ failure: [put('a'), range('w')] }, 'permissionDenied'],
    [{ success: [put('w', { prev_kv: true })] }, 'permissionDenied'],
    [{ success: [remove('w', { prev_kv: true })] }, 'permissionDenied'],
    [{ success: [remove('a', { range_end: bytes('b') })] }, 'permissionDenied'],
  ] as const) {
    t.equal(apply('txn', part, caller), code, JSON.stringify(part));
    t.equal(apply('txn', { success: [{ request_txn: part }] }, caller), code, 'nested');
    t.equal(apply('txn', { failure: [{ request_txn: part }] }, caller), code, 'nested on the other branch');
  }
  t.match(store.readOnlyTxn({ success: [range('a')], failure: [range('w')] }, caller), {
    error: { code: 'permissionDenied' },
  });
  t.match(store.readOnlyTxn({ success: [range('a')] }, caller), { ok: true });
  t.end();
});

t.test('a lease is attached and revoked by those who may write all of its keys', (t) => {
  const auth = authStore();
  const { apply, as, store } = auth;
  addUsers(auth, 'alice', 'bob');
  auth.allow('alice', WRITE, 'a');
  auth.allow('bob', WRITE, 'a', 'z');
  auth.enable();
  apply('leaseGrant', { ID: 7, TTL: 60 }, as('alice'));
  t.equal(apply('put', { key: bytes('a'), lease: 7 }, as('alice')), 'ok');
  t.equal(apply('put', { key: bytes('b'), lease: 7 }, as('bob')), 'ok');
  t.equal(apply('put', { key: bytes('a'), lease: 7 }, as('alice')), 'permissionDenied');
  t.equal(apply('txn', { success: [{ request_put: { key: bytes('a'), lease: 7 } }] }, as('alice')), 'permissionDenied');
  t.equal(apply('put', { key: bytes('a'), lease: 8 }, as('alice')), 'leaseNotFound');
  t.equal(apply('leaseRevoke', { ID: 7 }, as('alice')), 'permissionDenied');
  t.equal(apply('leaseRevoke', { ID: 7 }), 'userNameEmpty');
  t.equal(apply('leaseRevoke', { ID: 7 }, { name: 'root', authRevision: 1 }), 'ok', 'the leader revokes as root');
  apply('leaseGrant', { ID: 9, TTL: 60 }, as('alice'));
  t.equal(apply('leaseRevoke', { ID: 9 }), 'ok', 'a lease without keys is nobody’s');
  t.equal(store.leases.size, 0);
  t.end();
});

t.test('a permission takes the place of one on the same keys', (t) => {
  const auth = authStore();
  auth.apply('roleAdd', { name: 'r' });
  auth.allow('r', READ, 'b');
  auth.allow('r', READ, 'a', 'c');
  auth.allow('r', WRITE, 'b');
  const permissions = auth.store.auth
    .role('r')
    ?.permissions.map(({ type, key }) => [Buffer.from(key).toString(), type]);
  t.same(permissions, [
    ['a', READ],
    ['b', WRITE],
  ]);
  t.end();
});

t.test(
  'who proves a password gets a token named after the entry; it is void with the user, the password, or all',
  (t) => {
    const auth = authStore();
    const { store, apply } = auth;
    const told: string[] = [];
    store.auth.observe({
      authenticated: ({ user, token }) => told.push(`${user} ${token}`),
      invalidated: (user) => told.push(`-${user}`),
      disabled: () => told.push('-'),
    });
    t.equal(apply('authenticate', { name: 'root', simple_token: 'abc' }), 'authNotEnabled');
    apply('userAdd', { name: 'n', options: { no_password: true } });
    apply('userAdd', { name: 'u', hashedPassword: 'AAAA' });
    auth.enable();
    t.equal(apply('authenticate', { name: 'x', simple_token: 'abc' }), 'authenticationFailed');
    t.equal(apply('authenticate', { name: 'n', simple_token: 'abc' }), 'authenticationFailed');
    t.equal(apply('authenticate', { name: 'u', simple_token: 'abc' }), 'ok');
    const index = store.appliedIndex;
    apply('userChangePassword', { name: 'u', hashedPassword: 'BBBB' }, auth.as('root'));
    apply('userDelete', { name: 'u' }, auth.as('root'));
    apply('authDisable', {}, auth.as('root'));
    t.same(told, [`u abc.${index}`, '-u', '-u', '-']);
    t.end();
  },
);

t.test('users and roles are part of what members compare', (t) => {
  const [one, other] = [authStore(), authStore()];
  for (const { apply } of [one, other]) apply('userAdd', { name: 'u', hashedPassword: 'AAAA' });
  t.equal(hashState(one.store), hashState(other.store));
  one.apply('userChangePassword', { name: 'u', hashedPassword: 'AAAA' });
  other.apply('userChangePassword', { name: 'u', hashedPassword: 'BBBB' });
  t.not(hashState(one.store), hashState(other.store));
  t.end();
});
