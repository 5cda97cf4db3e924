import fc from 'fast-check';
import t from 'tap';
import { createStore, decodeEntry, encodeEntry, isFrom, sourceOf } from '@flotilla/store';

const memberId = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const run = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const requestId = fc.maxSafeNat();
const type = fc.constantFrom('put', 'deleteRange', 'txn', 'compact', 'leaseGrant', 'leaseRevoke', 'memberAttributes');

t.test('an entry is decoded as it was encoded', (t) => {
  const property = fc.property(
    type,
    memberId,
    run,
    requestId,
    fc.uint8Array(),
    (type, memberId, run, requestId, body) => {
      const source = sourceOf({ memberId, run });
      const data = encodeEntry({ type, source, requestId, body });
      const decoded = decodeEntry(data);
      const isSame = decoded.type === type && decoded.requestId === requestId && Buffer.from(decoded.body).equals(body);
      return isSame && isFrom(data, source) && decoded.caller === undefined;
    },
  );
  t.doesNotThrow(() => fc.assert(property));
  t.end();
});

t.test('an entry keeps who asked for it', (t) => {
  const named = { name: fc.string({ unit: 'grapheme', minLength: 1 }), authRevision: fc.maxSafeNat() };
  const unnamed = { name: fc.constant(''), authRevision: fc.integer({ min: 1 }) };
  const caller = fc.oneof(fc.record(named), fc.record(unnamed));
  const source = sourceOf({ memberId: 1n, run: 1 });
  const property = fc.property(type, requestId, caller, fc.uint8Array(), (type, requestId, caller, body) => {
    const data = encodeEntry({ type, source, requestId, caller, body });
    const decoded = decodeEntry(data);
    t.same(decoded.caller, caller);
    return Buffer.from(decoded.body).equals(body) && decoded.requestId === requestId && isFrom(data, source);
  });
  t.doesNotThrow(() => fc.assert(property));
  t.end();
});

t.test('an entry is from the run of the member that proposed it, and no other', (t) => {
  const source = sourceOf({ memberId: 2n ** 63n, run: 7 });
  const data = encodeEntry({ type: 'put', source, requestId: 1, body: new Uint8Array(0) });
  t.ok(isFrom(data, source));
  t.notOk(isFrom(data, sourceOf({ memberId: 2n ** 63n, run: 8 })));
  t.notOk(isFrom(data, sourceOf({ memberId: 2n ** 63n + 1n, run: 7 })));
  t.notOk(isFrom(new Uint8Array(0), source), 'a no-op is from nobody');
  t.end();
});

t.test('an entry of a newer version stops the member', (t) => {
  const known = Buffer.from(
    encodeEntry({ type: 'put', source: sourceOf({ memberId: 1n, run: 1 }), requestId: 1, body: new Uint8Array(0) }),
  );
  for (const [offset, value] of [
    [0, 2],
    [1, 99],
    [1, 9],
    [30, 1],
  ] as const) {
    const unknown = Buffer.from(known);
    unknown[offset] = value;
    t.throws(() => createStore().apply([{ index: 1, term: 1, data: unknown }]), { code: 'UNKNOWN_ENTRY' });
  }
  t.end();
});

t.test('an entry must follow the one before', (t) => {
  const store = createStore();
  const noop = new Uint8Array(0);
  t.match(store.apply([{ index: 1, term: 1, data: noop }]), [{ type: 'noop', outcome: { ok: true, revision: 1 } }]);
  t.throws(() => store.apply([{ index: 3, term: 1, data: noop }]), /applied after/);
  t.throws(() => store.apply([{ index: 2, term: 0, data: noop }]), /goes back/);
  t.end();
});
