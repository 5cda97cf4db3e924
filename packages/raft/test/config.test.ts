// Which configuration follows from which change, case by case and against a plain model.
import { type Config, type ConfChange, configProblem, decodeConfig, encodeConfig, isJoint } from '@flotilla/raft';
import { isVoter, type MemberChange, members, nextConfig } from '@flotilla/raft';
import fc from 'fast-check';
import t from 'tap';
import { change, leave, learner, remove, voter } from './harness/solo.ts';

function plain(voters: bigint[], learners: bigint[] = []): Config {
  return { voters, votersOutgoing: [], learners };
}

/** The configuration after all of `changes`; throws at the first that is refused. */
function after(config: Config, ...changes: ConfChange[]): Config {
  return changes.reduce((before, one) => {
    const next = nextConfig(before, one);
    if ('refused' in next) throw new Error(next.refused);
    return next.config;
  }, config);
}

t.test('a single change needs no joint configuration', (t) => {
  t.strictSame(after(plain([1n]), change('auto', voter(2n))), plain([1n, 2n]));
  t.strictSame(after(plain([1n, 2n]), change('auto', remove(1n))), plain([2n]));
  t.strictSame(after(plain([1n]), change('auto', learner(2n))), plain([1n], [2n]));
  t.end();
});

t.test('a learner is promoted, a voter demoted, a learner removed, each in one step', (t) => {
  t.strictSame(after(plain([1n], [2n]), change('auto', voter(2n))), plain([1n, 2n]));
  t.strictSame(after(plain([1n, 2n]), change('auto', learner(2n))), plain([1n], [2n]));
  t.strictSame(after(plain([1n], [2n]), change('auto', remove(2n))), plain([1n]));
  t.end();
});

t.test('to repeat a change changes nothing', (t) => {
  const config = plain([1n, 2n], [3n]);
  for (const one of [voter(2n), learner(3n), remove(9n)]) t.strictSame(after(config, change('auto', one)), config);
  t.end();
});

t.test('an update changes nothing, whoever it names', (t) => {
  for (const id of [1n, 9n]) t.strictSame(after(plain([1n]), change('auto', { type: 'update', id })), plain([1n]));
  t.end();
});

t.test('several changes, or the wish for it, lead through a joint configuration', (t) => {
  t.strictSame(after(plain([1n]), change('auto', voter(2n), voter(3n))), {
    voters: [1n, 2n, 3n],
    votersOutgoing: [1n],
    learners: [],
    autoLeave: true,
  });
  t.strictSame(after(plain([1n]), change('implicit', voter(2n))).autoLeave, true);
  t.strictSame(after(plain([1n]), change('explicit', voter(2n))), {
    voters: [1n, 2n],
    votersOutgoing: [1n],
    learners: [],
  });
  t.end();
});

t.test('leaving drops the outgoing half and whoever was only there', (t) => {
  const joint = after(plain([1n, 2n, 3n]), change('explicit', remove(1n), voter(4n)));
  t.strictSame(members(joint), [2n, 3n, 4n, 1n]);
  t.ok(isVoter(joint, 1n), 'until then it has a vote');
  const left = after(joint, leave);
  t.strictSame(left, plain([2n, 3n, 4n]));
  t.notOk(isVoter(left, 1n));
  t.end();
});

t.test('an outgoing voter becomes a learner only when the joint configuration is left', (t) => {
  const joint = after(plain([1n, 2n, 3n]), change('explicit', learner(3n)));
  t.strictSame(joint, { voters: [1n, 2n], votersOutgoing: [1n, 2n, 3n], learners: [], learnersNext: [3n] });
  t.strictSame(after(joint, leave), plain([1n, 2n], [3n]));
  t.end();
});

t.test('a learner stays or comes as one at once, also in a joint configuration', (t) => {
  const joint = after(plain([1n], [2n]), change('explicit', learner(2n), learner(3n)));
  t.strictSame(joint, { voters: [1n], votersOutgoing: [1n], learners: [2n, 3n] });
  t.end();
});

t.test('what makes no sense is refused, and says why', (t) => {
  const joint = after(plain([1n, 2n]), change('explicit', voter(3n)));
  for (const [config, one, reason] of [
    [plain([1n]), leave, 'there is no joint configuration to leave'],
    [joint, change('auto', voter(4n)), 'a joint configuration must be left first'],
    [joint, change('explicit', voter(4n)), 'a joint configuration must be left first'],
    [plain([1n]), change('auto', remove(1n)), 'the last voter stays'],
    [plain([1n, 2n]), change('auto', remove(1n), remove(2n)), 'the last voter stays'],
    [plain([1n], [2n]), change('auto', learner(1n)), 'the last voter stays'],
  ] as const) {
    t.strictSame(nextConfig(config, one), { refused: reason });
  }
  const ids = Array.from({ length: 1024 }, (_, i) => BigInt(i + 1));
  t.match(nextConfig(plain(ids), change('auto', voter(5000n))), { refused: 'there may be 1024 members' });
  t.end();
});

const types = ['voter', 'learner', 'remove', 'update'] as const;
const lists = fc.uniqueArray(fc.record({ type: fc.constantFrom(...types), id: fc.bigInt({ min: 1n, max: 9n }) }), {
  minLength: 1,
  maxLength: 7,
  selector: ({ id }) => id,
});
const starts = fc
  .uniqueArray(fc.bigInt({ min: 1n, max: 9n }), { minLength: 1, maxLength: 9 })
  .chain((ids) => fc.nat(ids.length - 1).map((at) => plain(sorted(ids.slice(0, at + 1)), sorted(ids.slice(at + 1)))));

function sorted(ids: Iterable<bigint>): bigint[] {
  return [...ids].sort((a, b) => (a < b ? -1 : 1));
}

/** Everybody's part at the end, as one would write it on a slip of paper. */
function model({ voters, learners }: Config, list: readonly MemberChange[]): Config {
  const part = new Map<bigint, string>();
  for (const id of voters) part.set(id, 'voter');
  for (const id of learners) part.set(id, 'learner');
  for (const { type, id } of list) if (type !== 'update') part.set(id, type);
  const whoIs = (what: string): bigint[] => sorted([...part].filter(([, is]) => is === what).map(([id]) => id));
  return plain(whoIs('voter'), whoIs('learner'));
}

t.test('in and out of a joint configuration everybody is what the change says', (t) => {
  fc.assert(
    fc.property(starts, lists, (config, list) => {
      const wanted = model(config, list);
      const joint = nextConfig(config, change('explicit', ...list));
      if (wanted.voters.length === 0) return 'refused' in joint;
      if ('refused' in joint) return false;
      t.strictSame(joint.config.votersOutgoing, config.voters);
      t.ok(isJoint(joint.config));
      t.strictSame(after(joint.config, leave), wanted);
      if (list.length === 1) t.strictSame(after(config, change('auto', ...list)), wanted);
      return true;
    }),
    { numRuns: 1000 },
  );
  t.end();
});

t.test('a configuration comes out of its bytes as it went in', (t) => {
  fc.assert(
    fc.property(
      starts,
      lists,
      fc.constantFrom('implicit' as const, 'explicit' as const),
      (config, list, transition) => {
        const joint = nextConfig(config, change(transition, ...list));
        for (const one of 'config' in joint ? [config, joint.config] : [config]) {
          t.strictSame(decodeConfig(encodeConfig(one)), one);
        }
      },
    ),
    { numRuns: 300 },
  );
  t.strictSame(decodeConfig(encodeConfig(plain([]))), plain([]), 'that of a newcomer too');
  t.strictSame(decodeConfig(encodeConfig(plain([2n ** 64n - 1n]))), plain([2n ** 64n - 1n]));
  t.end();
});

t.test('bytes that are no configuration are an error, never a configuration', (t) => {
  const bytes = encodeConfig(after(plain([1n, 2n]), change('explicit', learner(2n), voter(3n))));
  const refused = { code: 'CONFIG_FORMAT' };
  for (let size = 0; size < bytes.length; size++) t.throws(() => decodeConfig(bytes.slice(0, size)), refused);
  t.throws(() => decodeConfig(Uint8Array.of(...bytes, 0)), refused, 'nothing follows');
  t.throws(() => decodeConfig(Uint8Array.of(2, ...bytes.slice(1))), /format 2 is not known to this version/);
  t.throws(() => decodeConfig(Uint8Array.of(1, 2, ...bytes.slice(2))), refused, 'an unknown flag');
  for (const config of [
    { ...plain([1n]), votersOutgoing: [1n], learners: [1n] },
    plain([1n, 1n]),
    plain([0n]),
    { ...plain([1n]), autoLeave: true },
    { ...plain([]), learners: [1n] },
    { ...plain([1n]), votersOutgoing: [1n], learnersNext: [1n] },
    { ...plain([1n]), votersOutgoing: [2n], learnersNext: [3n] },
  ]) {
    t.type(configProblem(config), 'string');
    t.throws(() => decodeConfig(encodeConfig(config)), { ...refused, message: /makes no sense/ });
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
      try {
        t.strictSame(encodeConfig(decodeConfig(noise)), noise);
      } catch (error) {
        t.match(error, refused);
      }
    }),
    { numRuns: 500 },
  );
  t.end();
});
