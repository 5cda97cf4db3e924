/** The table of errors against the one that clients know. */
import t from 'tap';
import { isRpcError } from '@flotilla/wire';
import { etcdErrors, toRpcError } from '@flotilla/store';

/** gRPC code → texts after `etcdserver: `, as etcd 3.7 sends them. */
const expected: Readonly<Record<number, readonly string[]>> = {
  1: ['watch canceled', 'request canceled'],
  2: [
    'too many requests',
    're-configuration failed due to not enough started members',
    'request timed out, leader transfer took too long',
  ],
  3: [
    'key is not provided',
    'key not found',
    'value is provided',
    'lease is provided',
    'too many operations in txn request',
    'duplicate key given in txn request',
    'invalid client api version',
    'invalid sort option',
    'given member URLs are invalid',
    'request is too large',
    'user name is empty',
    'role name is empty',
    'authentication failed, invalid user ID or password',
    'permission not given',
    'invalid auth management',
    'revision of auth store is old',
    'wrong downgrade target version format',
    'invalid downgrade target version',
  ],
  5: ['requested lease not found', 'member not found'],
  7: ['permission denied'],
  8: ['mvcc: database space exceeded'],
  9: [
    'lease already exists',
    'member ID already exist',
    'Peer URLs already exists',
    'can only promote a learner member',
    'can only promote a learner member which is in sync with leader',
    'too many learner members in cluster',
    'cluster ID mismatch',
    'root user does not exist',
    'root user does not have root role',
    'user name already exists',
    'user name not found',
    'role name already exists',
    'role name not found',
    'role is not granted to the user',
    'permission is not granted to the role',
    'authentication is not enabled',
    'not leader',
    'not capable',
    'rpc not supported for learner',
    'bad leader transferee',
    'cluster version not found during downgrade',
    'cluster has a downgrade job in progress',
    'no inflight downgrade job',
  ],
  11: [
    'mvcc: required revision has been compacted',
    'mvcc: required revision is a future revision',
    'too large lease TTL',
  ],
  14: [
    'no leader',
    'leader changed',
    'server stopped',
    'request timed out',
    'request timed out, possibly due to previous leader failure',
    'request timed out, possibly due to connection lost',
    'request timed out, waiting for the applied index took too long',
    'unhealthy cluster',
  ],
  15: ['corrupt cluster'],
  16: ['invalid auth token'],
};

/** Those that carry no prefix. */
const bare: readonly (readonly [number, string])[] = [
  [2, 'not a primary lessor'],
  [2, '"leader" field must be provided'],
  [4, 'context deadline exceeded'],
  [2, 'auth: authentication failed, password was given for no password user'],
  [2, 'auth: token signing attempted with verify-only key'],
  [2, 'bcrypt: password length exceeds 72 bytes'],
  [12, 'RangeStream does not support custom sort orders'],
  [12, 'RangeStream does not support revision filters'],
];

t.test('every error has the status and the text that clients match on, and there is none besides', (t) => {
  const prefixed = Object.entries(expected).flatMap(([status, texts]) =>
    texts.map((text) => `${status} etcdserver: ${text}`),
  );
  const wanted = [...prefixed, ...bare.map(([status, text]) => `${status} ${text}`)];
  const found = Object.values(etcdErrors).map(({ status, text }) => `${status} ${text}`);
  t.same(found.sort(), wanted.sort());
  t.end();
});

t.test('an error becomes an RpcError of its status', (t) => {
  const error = toRpcError('compacted');
  t.ok(isRpcError(error, 11));
  t.equal(error.message, 'etcdserver: mvcc: required revision has been compacted');
  t.end();
});
