/** What followers pass on: messages between members may come twice, late and in any order, and each is taken once. */
import fc from 'fast-check';
import t from 'tap';
import { ForwardedProposals } from '@flotilla/brain';
import { encodeEntry, sourceOf } from '@flotilla/store';

const sources = [1n, 2n].flatMap((memberId) => [7, 8].map((run) => sourceOf({ memberId, run })));

function data(requestId: number, source = sources[0] as Uint8Array): readonly Uint8Array[] {
  return [0, 1].map((i) => encodeEntry({ type: 'put', source, requestId: requestId + i, body: Buffer.from('b') }));
}

t.test('a message is taken once, also behind later ones', async (t) => {
  const forwarded = new ForwardedProposals();
  t.ok(forwarded.takes({ term: 3, data: data(5) }, 3));
  t.ok(forwarded.takes({ term: 3, data: data(1) }, 3), 'overtaken');
  t.notOk(forwarded.takes({ term: 3, data: data(5) }, 3));
  t.notOk(forwarded.takes({ term: 3, data: data(1) }, 3));
});

t.test('the same number of another member or another run is another message', async (t) => {
  const forwarded = new ForwardedProposals();
  for (const source of sources) t.ok(forwarded.takes({ term: 3, data: data(5, source) }, 3));
  for (const source of sources) t.notOk(forwarded.takes({ term: 3, data: data(5, source) }, 3));
});

t.test('one of an earlier term is not taken: it may have been, by a leader of that term', async (t) => {
  const forwarded = new ForwardedProposals();
  t.ok(forwarded.takes({ term: 3, data: data(5) }, 3));
  t.notOk(forwarded.takes({ term: 3, data: data(5) }, 4));
  t.notOk(forwarded.takes({ term: 3, data: data(9) }, 4));
  t.ok(forwarded.takes({ term: 4, data: data(9) }, 4));
});

t.test('one that is no proposal is not taken', async (t) => {
  const forwarded = new ForwardedProposals();
  t.notOk(forwarded.takes({ term: 3, data: [] }, 3));
  t.notOk(forwarded.takes({ term: 3, data: [Buffer.from('short')] }, 3));
});

t.test('nothing is taken twice, however many come between, and in order nothing is lost', async (t) => {
  const forwarded = new ForwardedProposals();
  for (let id = 1; id <= 5000; id++) t.ok(forwarded.takes({ term: 3, data: data(id) }, 3));
  for (let id = 1; id <= 5000; id++) if (forwarded.takes({ term: 3, data: data(id) }, 3)) t.fail(`${id} again`);
});

t.test('in any order, with any repetitions, over changes of the term: each at most once', async () => {
  const message = fc.record({ source: fc.nat(3), id: fc.integer({ min: 1, max: 60 }) });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 200 }), (messages) => {
      const forwarded = new ForwardedProposals();
      const taken = new Set<string>();
      let term = 1;
      for (const one of messages) {
        const name = `${one.source}/${one.id}`;
        const source = sources[one.source] as Uint8Array;
        // Each is sent in one term, those with larger numbers later.
        const sentIn = 1 + Math.floor(one.id / 20);
        if (!forwarded.takes({ term: sentIn, data: data(one.id, source) }, term)) continue;
        if (taken.has(name) || sentIn < term) return false;
        taken.add(name);
        term = sentIn;
      }
      return true;
    }),
  );
});
