import t from 'tap';
import { type Marks, type RunOptions, runSeed } from './harness/cluster.ts';

// Work, not waiting: how long it takes depends on the machine and on SEEDS.
t.setTimeout(0);

const given = process.env['SEED'];
const seeds =
  given === undefined ? Array.from({ length: Number(process.env['SEEDS'] ?? 400) }, (_, i) => i + 1) : [Number(given)];
const file = 'packages/raft/dist-test/cluster.test.js';

/** A failing seed names itself and how to run it alone. */
function runAll(options: Omit<RunOptions, 'seed' | 'marks'>): { failures: string[]; marks: Marks } {
  const marks: Marks = new Map();
  const failures: string[] = [];
  for (const seed of seeds) {
    try {
      runSeed({ ...options, seed, marks });
    } catch (error) {
      failures.push(`replay with SEED=${seed} node ${file} (${options.size} members): ${String(error)}`);
    }
  }
  return { failures, marks };
}

const reached = [
  'elected',
  'read',
  'crash',
  'partition',
  'snapshot installed',
  'applied before synced',
  'timeoutNow',
  'proposal dropped',
  'readIndexResponse',
];

const reachedByChanges = [
  'change pending',
  'change invalid',
  'change dropped',
  'change notLeader',
  'change: add',
  'change: add as learner',
  'change: promote',
  'change: demote',
  'change: remove oneself',
  'change: remove another',
  'change: swap several',
  'change: leave',
  'change: update',
  'leader without a vote',
  'rebuilt',
];

for (const [size, newcomers, events] of [
  [3, 0, 8000],
  [5, 0, 8000],
  [3, 3, 8000],
  [5, 2, 8000],
] as const) {
  const name = newcomers > 0 ? `${size} members that change` : `${size} members`;
  t.test(`${name} stay safe under faults and recover when they end`, (t) => {
    const { failures, marks } = runAll({ size, newcomers, events });
    t.strictSame(failures.slice(0, 5), []);
    if (process.env['MARKS'] === '1') t.comment(Object.fromEntries(marks));
    if (given === undefined) {
      for (const mark of newcomers > 0 ? [...reached, ...reachedByChanges] : reached)
        t.ok((marks.get(mark) ?? 0) > 0, `some run reaches: ${mark}`);
    }
    t.end();
  });
}

t.test('a seed gives the same run every time', (t) => {
  const run = (): Marks => {
    const marks: Marks = new Map();
    runSeed({ seed: 7, size: 3, newcomers: 3, events: 8000, marks });
    return marks;
  };
  t.strictSame(run(), run());
  t.end();
});
