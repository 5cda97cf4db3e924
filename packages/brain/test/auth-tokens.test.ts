/** Tokens: how long simple ones live, what they survive, and JSON web tokens, which a real etcd and ours take from each other. */
import { type KeyObject, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JWTPayload, SignJWT } from 'jose';
import t, { type Test } from 'tap';
import { systemClock } from '@flotilla/base';
import { type BrainOptions, brainSettings } from '@flotilla/brain';
import { hasEtcd, startEtcd } from '@flotilla/store/test/etcd';
import { type TestClient, connect, planCluster, startAll } from './cluster.ts';
import { type As, refusal, withToken } from './credentials.ts';

t.setTimeout(0);

const bytes = (text: string): Uint8Array => Buffer.from(text);
const badToken = '16 etcdserver: invalid auth token';
const oldRevision = '3 etcdserver: revision of auth store is old';

async function startOne(
  t: Test,
  options: Parameters<typeof planCluster>[1] = {},
  extra: Omit<BrainOptions, 'settings'> = {},
): Promise<TestClient> {
  const plan = await planCluster(1, { 'bcrypt-cost': 4, ...options });
  const brains = await startAll(plan, extra);
  const client = connect(plan.endpoints[0] ?? '');
  t.teardown(async () => {
    client.close();
    await Promise.all(brains.map((brain) => brain.close()));
    await plan.clean();
  });
  return client;
}

async function startReal(t: Test, flags: readonly string[]): Promise<TestClient> {
  const etcd = await startEtcd(flags);
  const client = connect(etcd.target);
  t.teardown(async () => {
    client.close();
    await etcd.stop();
  });
  return client;
}

async function enable({ auth }: TestClient): Promise<void> {
  await auth.UserAdd({ name: 'root', password: 'root' });
  await auth.UserGrantRole({ user: 'root', role: 'root' });
  await auth.AuthEnable({});
}

const login = async ({ auth }: TestClient): Promise<As> =>
  withToken((await auth.Authenticate({ name: 'root', password: 'root' })).token);
const put = ({ kv }: TestClient, as: As): Promise<string> => refusal(kv.Put({ key: bytes('a') }, as));
const read = ({ kv }: TestClient, as: As): Promise<string> => refusal(kv.Range({ key: bytes('a') }, as));

t.test('a simple token lives for 300 s after its last use', async (t) => {
  let laterMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + laterMs };
  const client = await startOne(t, {}, { clock });
  await enable(client);
  const token = await login(client);
  const other = await login(client);
  for (const waitMs of [0, 290_000, 290_000]) {
    laterMs += waitMs;
    t.equal(await put(client, token), 'ok', 'each use begins its time anew');
  }
  t.equal(await put(client, other), badToken, 'the other one was not used');
  laterMs += 301_000;
  t.equal(await put(client, token), badToken);
});

t.test('a token from an entry that no member has is invalid, and nobody waits for it', async (t) => {
  const client = await startOne(t);
  await enable(client);
  const { token = '' } = (await login(client)).metadata;
  for (const later of [`${token}0`, `${token}0000000000`, 'abcdefghijklmnop.18446744073709551615']) {
    t.equal(await put(client, withToken(later)), badToken);
  }
});

t.test('a member restarts with its users, and asks for passwords again', async (t) => {
  const plan = await planCluster(1, { 'bcrypt-cost': 4 });
  t.teardown(() => plan.clean());
  const client = connect(plan.endpoints[0] ?? '');
  t.teardown(() => client.close());
  const [first] = await startAll(plan);
  await enable(client);
  await first?.close();
  const [second] = await startAll(plan);
  t.equal(await put(client, withToken('abcdefghijklmnop.1')), badToken);
  t.equal(await refusal(client.kv.Put({ key: bytes('a') })), '3 etcdserver: user name is empty');
  t.equal(await put(client, await login(client)), 'ok');
  await second?.close();
});

t.test('other calls are answered while passwords are hashed', async (t) => {
  const client = await startOne(t, { 'bcrypt-cost': 12 });
  const order: string[] = [];
  const hashed = client.auth.UserAdd({ name: 'u', password: 'u' }).then(() => order.push('hashed'));
  for (let i = 0; i < 3; i++) await client.kv.Put({ key: bytes('a') }).then(() => order.push('put'));
  await hashed;
  t.strictSame(order, ['put', 'put', 'put', 'hashed']);
});

interface Keys {
  readonly signMethod: string;
  readonly sign: KeyObject | Uint8Array;
  readonly publicFile: string;
  /** `--auth-token` for a member that issues tokens. */
  readonly option: string;
}

function makeKeys(t: Test, signMethod = 'RS256'): Keys {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-jwt-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const [publicFile, privateFile] = [join(directory, 'public.pem'), join(directory, 'private.pem')];
  const option = `jwt,sign-method=${signMethod},pub-key=${publicFile},priv-key=${privateFile},ttl=10m`;
  if (signMethod.startsWith('HS')) {
    const secret = randomBytes(64);
    writeFileSync(privateFile, secret);
    return { signMethod, sign: secret, publicFile, option };
  }
  const { publicKey, privateKey } = pairFor(signMethod);
  writeFileSync(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(privateFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return { signMethod, sign: privateKey, publicFile, option };
}

function pairFor(signMethod: string): { publicKey: KeyObject; privateKey: KeyObject } {
  if (signMethod === 'EdDSA') return generateKeyPairSync('ed25519');
  const curve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[signMethod];
  return curve === undefined
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: curve });
}

const signed = ({ sign, signMethod }: Keys, claims: JWTPayload): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: signMethod, typ: 'JWT' }).sign(sign);

const claimsOf = (token = ''): JWTPayload =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload;

t.test('JSON web tokens: what counts and what does not', async (t) => {
  const keys = makeKeys(t);
  const servers = [await startOne(t, { 'auth-token': keys.option })];
  if (hasEtcd) servers.push(await startReal(t, [`--auth-token=${keys.option}`, '--bcrypt-cost=4']));
  for (const client of servers) {
    await enable(client);
    const token = await login(client);
    const { username, revision, exp = 0 } = claimsOf(token.metadata['token']);
    t.strictSame([username, revision], ['root', 3]);
    t.ok(Math.abs(exp - Date.now() / 1000 - 600) < 30);
    t.equal(await read(client, token), 'ok');
    t.equal(await put(client, token), 'ok');
    const now = Math.floor(Date.now() / 1000);
    for (const [claims, answer] of [
      [{ username: 'root', revision: 3, exp: now + 60 }, 'ok'],
      [{ username: 'root', revision: 3 }, 'ok'],
      [{ username: 'root', revision: 3, exp: now - 60 }, badToken],
      [{ username: 'root', revision: 3, nbf: now + 600 }, badToken],
      [{ username: 'root', revision: 2 }, oldRevision],
      [{ username: 'root', revision: 4 }, oldRevision],
      [{ username: 'root', revision: 1e300 }, oldRevision],
      [{ username: 'root', revision: 0 }, '3 etcdserver: user name is empty'],
      [{ username: 'nobody', revision: 3 }, '7 etcdserver: permission denied'],
    ] as const) {
      t.equal(await read(client, withToken(await signed(keys, claims))), answer, JSON.stringify(claims));
    }
    const stranger = await signed({ ...keys, sign: pairFor('RS256').privateKey }, { username: 'root', revision: 3 });
    const otherMethod = await signed({ ...keys, signMethod: 'PS256' }, { username: 'root', revision: 3 });
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.metadata['token']?.split('.')[1]}.`;
    for (const bad of ['', 'x', 'a.b.c', stranger, otherMethod, unsigned]) {
      t.equal(await read(client, withToken(bad)), badToken);
    }
    const nobody = withToken(await signed(keys, { username: 'nobody', revision: 3 }));
    t.equal(await refusal(client.auth.UserList({}, nobody)), '9 etcdserver: user name not found');
    const early = withToken(await signed(keys, { username: 'root', revision: 0 }));
    t.equal(await refusal(client.auth.RoleAdd({ name: 'r' }, early)), 'ok', 'users are managed at any auth revision');
    await client.auth.RoleDelete({ role: 'r' }, early);
    t.equal(await read(client, token), oldRevision);
    t.equal(await refusal(client.auth.UserList({}, token)), 'ok');
    t.equal(await read(client, await login(client)), 'ok');
  }
  const [ours, theirs] = servers;
  if (!ours || !theirs) return;
  t.equal(await read(ours, await login(theirs)), 'ok', 'ours takes the token of etcd');
  t.equal(await read(theirs, await login(ours)), 'ok', 'etcd takes the token of ours');
});

t.test('a JSON web token without user or revision is invalid', async (t) => {
  // etcd 3.4 does not live through this.
  const keys = makeKeys(t);
  const client = await startOne(t, { 'auth-token': keys.option });
  await enable(client);
  for (const claims of [{ username: 'root' }, { revision: 3 }, { username: 'root', revision: '3' }, { username: 1 }]) {
    t.equal(await read(client, withToken(await signed(keys, claims))), badToken, JSON.stringify(claims));
  }
});

t.test('a write with an old JSON web token is refused', async (t) => {
  const client = await startOne(t, { 'auth-token': makeKeys(t).option });
  await enable(client);
  const token = await login(client);
  await client.auth.RoleAdd({ name: 'r' }, token);
  t.equal(await put(client, token), oldRevision);
});

t.test('every sign method', async (t) => {
  for (const signMethod of ['RS512', 'PS384', 'ES256', 'ES384', 'ES512', 'HS256', 'HS512', 'EdDSA']) {
    const client = await startOne(t, { 'auth-token': makeKeys(t, signMethod).option });
    await enable(client);
    const token = await login(client);
    t.equal(await put(client, token), 'ok', signMethod);
    t.equal(await put(client, withToken(`${token.metadata['token']?.slice(0, -8)}AAAAAAAA`)), badToken);
  }
});

t.test('a member with the public key alone takes tokens and gives none', async (t) => {
  const keys = makeKeys(t);
  const client = await startOne(t, { 'auth-token': `jwt,sign-method=RS256,pub-key=${keys.publicFile}` });
  await enable(client);
  const answer = await refusal(client.auth.Authenticate({ name: 'root', password: 'root' }));
  t.equal(answer, '2 auth: token signing attempted with verify-only key');
  t.equal(await put(client, withToken(await signed(keys, { username: 'root', revision: 3 }))), 'ok');
});

t.test('bad token options stop the start and say why', async (t) => {
  const keys = makeKeys(t);
  const other = makeKeys(t);
  for (const [option, problem] of [
    ['other', '"other" is neither simple nor jwt'],
    ['jwt', 'sign-method "" is none of'],
    ['jwt,sign-method=RS1', 'sign-method "RS1" is none of'],
    ['jwt,sign-method', '"sign-method" is not NAME=VALUE'],
    ['jwt,size=3', '"size" is none of sign-method'],
    ['jwt,ttl=1m,ttl=2m', 'ttl is given twice'],
    ['jwt,sign-method=RS256,ttl=soon', 'ttl "soon" is not a duration'],
  ] as const) {
    t.throws(() => brainSettings({ 'auth-token': option }), { code: 'INVALID_OPTIONS', message: problem });
  }
  for (const [option, message] of [
    ['jwt,sign-method=RS256', /needs priv-key, or pub-key/],
    ['jwt,sign-method=HS256', /HS256 needs priv-key/],
    ['jwt,sign-method=RS256,priv-key=/nowhere', /priv-key can't be read/],
    [`jwt,sign-method=RS256,priv-key=${keys.publicFile}`, /is no key in PEM/],
    [`${keys.option.replace(keys.publicFile, other.publicFile)}`, /do not belong together/],
  ] as const) {
    const plan = await planCluster(1, { 'auth-token': option });
    await t.rejects(startAll(plan), { code: 'INVALID_OPTIONS', message });
    await plan.clean();
  }
});
