// The fast arithmetic against the definition: a quorum is a set of voters with a majority of each half in it.
import { type Config, type ConfChange, configProblem, nextConfig, quorumIndex, voteResult } from '@flotilla/raft';
import fc from 'fast-check';
import t from 'tap';
import { change, leave } from './harness/solo.ts';

const idsOf = (sizes: { minLength: number; maxLength: number }): fc.Arbitrary<bigint[]> =>
  fc.uniqueArray(fc.bigInt({ min: 1n, max: 9n }), sizes);
const configs: fc.Arbitrary<Config> = fc.record({
  voters: idsOf({ minLength: 0, maxLength: 7 }),
  votersOutgoing: fc.oneof(fc.constant([]), idsOf({ minLength: 0, maxLength: 7 })),
  learners: fc.constant([10n]),
});
const perId = { minLength: 11, maxLength: 11 };

/** All sets of voters that are quorums. Where nobody has a say, the empty set is one. */
function quorums({ voters, votersOutgoing }: Config): Set<bigint>[] {
  const all = [...new Set([...voters, ...votersOutgoing])];
  const sets = Array.from({ length: 2 ** all.length }, (_, bits) => new Set(all.filter((_, i) => (bits >> i) & 1)));
  const holds = (set: Set<bigint>, half: readonly bigint[]) =>
    half.length === 0 || half.filter((id) => set.has(id)).length * 2 > half.length;
  return sets.filter((set) => holds(set, voters) && holds(set, votersOutgoing));
}

t.test('the quorum index is the highest that all members of some quorum have reached', (t) => {
  const indexes = fc.array(fc.nat(12), perId);
  fc.assert(
    fc.property(configs, indexes, (config, reached) => {
      const indexOf = (id: bigint): number => reached[Number(id)] ?? 0;
      const reachedBy = (set: Set<bigint>): number => Math.min(Number.MAX_SAFE_INTEGER, ...[...set].map(indexOf));
      const best = Math.max(...quorums(config).map(reachedBy));
      return quorumIndex(config, indexOf) === best;
    }),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('an election is won when some quorum has granted, lost when none can any more, and open otherwise', (t) => {
  const votes = fc.array(fc.constantFrom(true, false, undefined), perId);
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

t.test('a leader counts by what it knows of each voter as by their ids', (t) => {
  const config: Config = { voters: [1n, 2n, 3n], votersOutgoing: [3n, 4n], learners: [] };
  const known = (ids: readonly bigint[]): { match: number }[] => ids.map((id) => ({ match: Number(id) * 10 }));
  const halves = { voters: known(config.voters), votersOutgoing: known(config.votersOutgoing) };
  t.equal(
    quorumIndex(halves, ({ match }) => match),
    quorumIndex(config, (id) => Number(id) * 10),
  );
  t.end();
});

const changes: fc.Arbitrary<ConfChange> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(leave) },
  {
    weight: 3,
    arbitrary: fc
      .record({
        transition: fc.constantFrom('auto' as const, 'implicit' as const, 'explicit' as const),
        list: fc.uniqueArray(
          fc.record({
            type: fc.constantFrom('voter' as const, 'learner' as const, 'remove' as const, 'update' as const),
            id: fc.bigInt({ min: 1n, max: 7n }),
          }),
          { minLength: 1, maxLength: 4, selector: ({ id }) => id },
        ),
      })
      .map(({ transition, list }) => change(transition, ...list)),
  },
);

t.test('whatever is changed, every quorum before shares a voter with every quorum after', (t) => {
  let taken = 0;
  fc.assert(
    fc.property(idsOf({ minLength: 1, maxLength: 5 }), fc.array(changes, { maxLength: 8 }), (voters, list) => {
      let config: Config = { voters, votersOutgoing: [], learners: [] };
      for (const one of list) {
        const next = nextConfig(config, one);
        if ('refused' in next) continue;
        taken++;
        t.equal(configProblem(next.config), undefined);
        const after = quorums(next.config);
        const meet = quorums(config).every((set) => after.every((other) => [...set].some((id) => other.has(id))));
        if (!meet) return false;
        config = next.config;
      }
      return true;
    }),
    { numRuns: 300 },
  );
  t.ok(taken > 300);
  t.end();
});
