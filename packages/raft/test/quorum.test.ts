// The fast arithmetic against the definition: a quorum is a set of voters with a majority of each half in it.
import { type Config, quorumIndex, voteResult } from '@flotilla/raft';
import fc from 'fast-check';
import t from 'tap';

const ids = fc.uniqueArray(fc.bigInt({ min: 1n, max: 7n }), { minLength: 1, maxLength: 5 });
const configs: fc.Arbitrary<Config> = fc.record({
  voters: ids,
  votersOutgoing: fc.oneof(fc.constant([]), ids),
  learners: fc.constant([8n]),
});

/** All sets of voters that are quorums. */
function quorums({ voters, votersOutgoing }: Config): Set<bigint>[] {
  const all = [...new Set([...voters, ...votersOutgoing])];
  const sets = Array.from({ length: 2 ** all.length }, (_, bits) => new Set(all.filter((_, i) => (bits >> i) & 1)));
  const holds = (set: Set<bigint>, half: readonly bigint[]) =>
    half.filter((id) => set.has(id)).length * 2 > half.length;
  return sets.filter((set) => holds(set, voters) && (votersOutgoing.length === 0 || holds(set, votersOutgoing)));
}

t.test('the quorum index is the highest that all members of some quorum have reached', (t) => {
  const indexes = fc.array(fc.nat(12), { minLength: 9, maxLength: 9 });
  fc.assert(
    fc.property(configs, indexes, (config, reached) => {
      const indexOf = (id: bigint): number => reached[Number(id)] ?? 0;
      const best = Math.max(...quorums(config).map((set) => Math.min(...[...set].map(indexOf))));
      return quorumIndex(config, indexOf) === best;
    }),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('an election is won when some quorum has granted, lost when none can any more, and open otherwise', (t) => {
  const votes = fc.array(fc.constantFrom(true, false, undefined), { minLength: 9, maxLength: 9 });
  fc.assert(
    fc.property(configs, votes, (config, given) => {
      const voteOf = (id: bigint): boolean | undefined => given[Number(id)];
      const all = quorums(config).map((set) => [...set].map(voteOf));
      const won = all.some((quorum) => quorum.every((vote) => vote === true));
      const open = all.some((quorum) => quorum.every((vote) => vote !== false));
      return voteResult(config, voteOf) === (won ? 'won' : open ? 'pending' : 'lost');
    }),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('any two quorums share a member, also across the two steps of a joint change', (t) => {
  fc.assert(
    fc.property(ids, ids, (before, after) => {
      const old = quorums({ voters: before, votersOutgoing: [], learners: [] });
      const joint = quorums({ voters: after, votersOutgoing: before, learners: [] });
      return old.every((one) => joint.every((other) => [...one].some((id) => other.has(id))));
    }),
    { numRuns: 200 },
  );
  t.end();
});
