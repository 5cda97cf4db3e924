/** Answers that are put together from bytes say what the messages say. */
import fc from 'fast-check';
import t from 'tap';
import { etcdserverpb } from '@flotilla/wire';
import { plain } from '@flotilla/wire/test/plain';
import { type EntryResponse, type Outcome, type RangeResponse, createStore, encodeAnswer } from '@flotilla/store';
import { operation } from './operations.ts';
import { execute, responseTypes } from './server.ts';

const header = { cluster_id: 5, member_id: 6, raft_term: 7 };
const headerOf = (revision: number) => etcdserverpb.ResponseHeader.encode({ ...header, revision }).finish();

t.test('ranges, puts, deletes and txns are encoded as their messages are', (t) => {
  let compared = 0;
  const property = fc.property(fc.array(operation, { minLength: 1, maxLength: 40 }), (operations) => {
    const store = createStore();
    for (const operationAt of operations) {
      const asked = operationAt(store.revision);
      const outcome = execute(store, asked);
      if (asked.type === 'range') {
        if (!outcome.ok && outcome.error.code !== 'futureRevision' && outcome.error.code !== 'compacted') continue;
        const encoded = store.encodedRange(asked.request, headerOf);
        if (!isSame('range', outcome, encoded)) return false;
        compared++;
      } else if (outcome.ok && (asked.type === 'put' || asked.type === 'deleteRange' || asked.type === 'txn')) {
        const { revision } = outcome;
        const response = encodeAnswer(asked.type, outcome.response as EntryResponse, headerOf(revision));
        if (!isSame(asked.type, outcome, { ok: true, response, revision })) return false;
        compared++;
      }
    }
    return true;
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 600 }));
  t.ok(compared > 1000, `${compared} answers`);
  t.end();
});

t.test('a txn of many puts answers each of them', (t) => {
  const store = createStore();
  const success = Array.from({ length: 100 }, (_, i) => ({ request_put: { key: Buffer.from(`key ${i}`) } }));
  const outcome = execute(store, { type: 'txn', request: { success } });
  t.ok(outcome.ok);
  if (!outcome.ok) return t.end();
  const bytes = encodeAnswer('txn', outcome.response as EntryResponse, headerOf(outcome.revision));
  const { responses, succeeded } = etcdserverpb.TxnResponse.decode(bytes);
  t.equal(succeeded, true);
  t.equal(responses.length, 100);
  t.ok(responses.every((response) => Number(response.response_put?.header?.revision) === 2));
  t.end();
});

function isSame(
  type: keyof typeof responseTypes,
  outcome: Outcome<EntryResponse | RangeResponse>,
  encoded: Outcome<Uint8Array>,
): boolean {
  if (!outcome.ok || !encoded.ok) return !outcome.ok && !encoded.ok && outcome.error.code === encoded.error.code;
  const message = responseTypes[type];
  const expected = { ...outcome.response, header: { ...header, revision: outcome.revision } };
  const asPlain = (bytes: Uint8Array) => JSON.stringify(plain(message.decode(bytes)));
  return (
    asPlain(message.encode(expected).finish()) === asPlain(encoded.response) && outcome.revision === encoded.revision
  );
}
