import t from 'tap';
import { type Marks, runSeed } from './harness/cluster.ts';

// Work, not waiting: how long it takes depends on the machine and on SEEDS.
t.setTimeout(0);

const given = process.env['SEED'];
const seeds =
  given === undefined ? Array.from({ length: Number(process.env['SEEDS'] ?? 400) }, (_, i) => i + 1) : [Number(given)];
const file = 'packages/raft/dist-test/cluster.test.js';

/** A failing seed names itself and how to run it alone. */
function runAll({ size, events }: { size: number; events: number }): { failures: string[]; marks: Marks } {
  const marks: Marks = new Map();
  const failures: string[] = [];
  for (const seed of seeds) {
    try {
      runSeed({ seed, size, events, marks });
    } catch (error) {
      failures.push(`replay with SEED=${seed} node ${file} (${size} members): ${String(error)}`);
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

for (const [size, events] of [
  [3, 8000],
  [5, 8000],
] as const) {
  t.test(`${size} members stay safe under faults and recover when they end`, (t) => {
    const { failures, marks } = runAll({ size, events });
    t.strictSame(failures.slice(0, 5), []);
    if (given === undefined) {
      for (const mark of reached) t.ok((marks.get(mark) ?? 0) > 0, `some run reaches: ${mark}`);
    }
    t.end();
  });
}

t.test('a seed gives the same run every time', (t) => {
  const run = (): Marks => {
    const marks: Marks = new Map();
    runSeed({ seed: 7, size: 3, events: 8000, marks });
    return marks;
  };
  t.strictSame(run(), run());
  t.end();
});
