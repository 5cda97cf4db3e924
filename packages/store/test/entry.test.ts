import fc from 'fast-check';
import t from 'tap';
import { createStore, decodeEntry, encodeEntry } from '@flotilla/store';

const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const type = fc.constantFrom('put', 'deleteRange', 'txn', 'compact', 'leaseGrant', 'leaseRevoke', 'memberAttributes');

t.test('an entry is decoded as it was encoded', (t) => {
  const property = fc.property(type, id, id, fc.uint8Array(), (type, requestId, origin, body) => {
    const entry = { type, requestId, origin, body } as const;
    const decoded = decodeEntry(encodeEntry(entry));
    return Buffer.from(decoded.body).equals(body) && decoded.requestId === requestId && decoded.origin === origin;
  });
  t.doesNotThrow(() => fc.assert(property));
  t.end();
});

t.test('an entry of a newer version stops the member', (t) => {
  const known = Buffer.from(encodeEntry({ type: 'put', requestId: 1n, origin: 1n, body: new Uint8Array(0) }));
  for (const [offset, value] of [
    [0, 2],
    [1, 99],
    [1, 7],
    [25, 1],
    [27, 1],
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
