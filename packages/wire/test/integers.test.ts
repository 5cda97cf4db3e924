import fc from 'fast-check';
import t from 'tap';
import { clampInteger, etcdserverpb, fromId, fromUnsignedId, toId, toSafeInteger } from '@flotilla/wire';

t.test('a lease id survives the wire with its sign', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (id) => {
      const bytes = etcdserverpb.LeaseRevokeRequest.encode({ ID: fromId(id) }).finish();
      return toId(etcdserverpb.LeaseRevokeRequest.decode(bytes).ID) === id;
    }),
  );
  t.end();
});

t.test('a member id survives the wire over the whole unsigned range', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (id) => {
      const bytes = etcdserverpb.Member.encode({ ID: fromUnsignedId(id) }).finish();
      return toId(etcdserverpb.Member.decode(bytes).ID) === id;
    }),
  );
  t.end();
});

t.test('a revision survives the wire over the safe integers', (t) => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (revision) => {
      const bytes = etcdserverpb.CompactionRequest.encode({ revision }).finish();
      return toSafeInteger(etcdserverpb.CompactionRequest.decode(bytes).revision) === revision;
    }),
  );
  t.end();
});

t.test('what exceeds the safe integers is an assertion, or is clamped where a client may choose it', (t) => {
  const bytes = etcdserverpb.CompactionRequest.encode({ revision: fromId(2n ** 62n) }).finish();
  const { revision } = etcdserverpb.CompactionRequest.decode(bytes);
  t.throws(() => toSafeInteger(revision), { name: 'AssertionFailure' });
  t.equal(clampInteger(revision), Number.MAX_SAFE_INTEGER);
  t.equal(clampInteger(undefined), 0);
  t.end();
});
