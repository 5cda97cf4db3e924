/** However a client's library writes a request, what is applied is the same as what the generated decoder reads. */
import fc from 'fast-check';
import t from 'tap';
import { etcdserverpb } from '@flotilla/wire';
import { createStore, encodeEntry, hashState, sourceOf } from '@flotilla/store';
import { applyData } from './server.ts';

const source = sourceOf({ memberId: 1n, run: 1 });

/** A field as its bytes; `number` fields are varints of any length. */
type Field = readonly number[];

const bytesOf = (tag: number, content: readonly number[]): Field => [tag, content.length, ...content];
const key = fc.constantFrom('a', 'b', 'cc').map((text) => [...Buffer.from(text)]);
const flag = fc.constantFrom([0], [1], [0x81, 0x00], [2], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]);
const putField: fc.Arbitrary<Field> = fc.oneof(
  { weight: 4, arbitrary: key.map((content) => bytesOf(0x0a, content)) },
  { weight: 4, arbitrary: fc.array(fc.nat(255), { maxLength: 5 }).map((content) => bytesOf(0x12, content)) },
  { weight: 1, arbitrary: flag.map((number) => [0x20, ...number]) },
  { weight: 1, arbitrary: fc.constantFrom([0x18, 0], [0x18, 0x80, 0]) },
  // A field of a later version, of each wire type.
  { weight: 1, arbitrary: fc.constantFrom([0x78, 7], [0x7a, 1, 0], [0xf8, 0x01, 3], [0x7d, 1, 2, 3, 4]) },
);
const put = fc
  .tuple(key, fc.array(putField, { maxLength: 5 }))
  .map(([key, fields]) => [...bytesOf(0x0a, key), ...fields.flat()]);
const compare = fc
  .tuple(
    key,
    fc.constantFrom([], [0x08, 1], [0x10, 1], [0x10, 0]),
    fc.constantFrom([], [0x28, 0], [0x20, 0], [0x28, 3]),
  )
  .map(([key, before, after]) => [...before, ...bytesOf(0x1a, key), ...after]);
const operation = fc.oneof(
  { weight: 5, arbitrary: put.map((content) => bytesOf(0x12, content)) },
  { weight: 1, arbitrary: key.map((key) => bytesOf(0x1a, bytesOf(0x0a, key))) },
  { weight: 1, arbitrary: key.map((key) => bytesOf(0x0a, bytesOf(0x0a, key))) },
);
const txn = fc
  .array(
    fc.oneof(
      compare.map((content) => bytesOf(0x0a, content)),
      operation.map((content) => bytesOf(0x12, content)),
      operation.map((content) => bytesOf(0x1a, content)),
    ),
    { maxLength: 6 },
  )
  .map((fields) => fields.flat());

t.test('a put in any form does what its message says', (t) => {
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.array(put, { minLength: 1, maxLength: 8 }), (bodies) => isSame('put', bodies))),
  );
  t.end();
});

t.test('a txn in any form does what its message says', (t) => {
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.array(txn, { minLength: 1, maxLength: 8 }), (bodies) => isSame('txn', bodies))),
  );
  t.end();
});

/** Applies the bodies as they are, and as the generated code writes what it has read of them. */
function isSame(type: 'put' | 'txn', bodies: readonly (readonly number[])[]): boolean {
  const message = type === 'put' ? etcdserverpb.PutRequest : etcdserverpb.TxnRequest;
  const asIs = createStore();
  const rewritten = createStore();
  return bodies.every((bytes, i) => {
    const body = Uint8Array.from(bytes);
    const again = message.encode(message.decode(body)).finish();
    const one = applyData(asIs, encodeEntry({ type, source, requestId: i, body }));
    const other = applyData(rewritten, encodeEntry({ type, source, requestId: i, body: again }));
    return JSON.stringify(one) === JSON.stringify(other) && hashState(asIs) === hashState(rewritten);
  });
}
