/** The judge says nothing of a history that is right, and finds what is wrong with one that was spoilt. */
import t from 'tap';
import { type Question, judge } from './judge.ts';
import { type Memory, type SeenEvent, createMemory } from './memory.ts';

const row = (value: string, revision: number, more: { createRevision?: number; version?: number } = {}) => ({
  key: 'k',
  value,
  createRevision: more.createRevision ?? revision,
  modRevision: revision,
  version: more.version ?? 1,
  lease: '',
});
const [first, second] = [row('a', 2), row('b', 3, { createRevision: 2, version: 2 })];

/** Two puts, a read between them, a watcher, a local read, a lease that ended in time. */
function rightMemory() {
  const memory = createMemory();
  const put = (value: string, at: number, revision: number) => ({
    client: 1,
    input: { kind: 'put', key: 'k', value, lease: '' } as const,
    calledAt: at,
    result: { at: at + 1, output: { revision, succeeded: true, answers: [{ kind: 'put' } as const] } },
  });
  const read = {
    client: 2,
    input: { kind: 'range', key: 'k', end: undefined } as const,
    calledAt: 3,
    result: { at: 4, output: { revision: 2, succeeded: true, answers: [{ kind: 'range', rows: [first] } as const] } },
  };
  memory.operations.push(put('a', 1, 2), read, put('b', 5, 3));
  const events: SeenEvent[] = [
    { key: 'k', row: first, deleted: false, previous: undefined },
    { key: 'k', row: second, deleted: false, previous: first },
  ];
  const watch = {
    name: 'w',
    answers: events.map((event) => ({ revision: 3, events: [event] })),
    next: 4,
    cancellations: [],
  };
  memory.watches.push({ ...watch, answers: [...watch.answers] }, watch);
  memory.localReads.push({ client: 1, member: 0, run: 1, revision: 2, key: 'k', end: undefined, rows: [first] });
  memory.tenancies.push({ lease: '1', key: 'lease/1', promisedUntilMs: 10, goneMs: 11 });
  return memory;
}

const spoilt: Readonly<Record<string, readonly [Question, (memory: ReturnType<typeof rightMemory>) => void]>> = {
  'an acknowledged write that nobody sees': [
    'linearizable',
    ({ operations }) => {
      const last = operations.at(-1) as Memory['operations'][number];
      operations.push({ ...last, calledAt: 7, input: { kind: 'put', key: 'k', value: 'c', lease: '' } });
    },
  ],
  'a read that is stale': [
    'linearizable',
    ({ operations }) => {
      const read = operations[1] as Memory['operations'][number];
      operations.push({ ...read, calledAt: 20, result: read.result && { ...read.result, at: 21 } });
    },
  ],
  'a watcher that misses a change': ['watches', ({ watches }) => void watches[0]?.answers.shift()],
  'a watcher that is told twice': [
    'watches',
    ({ watches: [watch] }) => void (watch?.answers[1] && watch.answers.push(watch.answers[1])),
  ],
  'a bookmark ahead of a change': [
    'watches',
    ({ watches: [watch] }) => void watch?.answers.splice(1, 0, { revision: 3, events: [] }),
  ],
  'a lease that ended early': [
    'leases',
    ({ tenancies: [tenancy] }) => {
      if (tenancy) tenancy.goneMs = 9;
    },
  ],
  'a lease that never ended': [
    'leases',
    ({ tenancies: [tenancy] }) => {
      if (tenancy) tenancy.goneMs = undefined;
    },
  ],
  'a local read that goes back': [
    'local reads',
    ({ localReads }) =>
      void localReads.push(
        { client: 1, member: 0, run: 1, revision: 3, key: 'k', end: undefined, rows: [second] },
        { client: 1, member: 0, run: 1, revision: 2, key: 'k', end: undefined, rows: [first] },
      ),
  ],
  'a local read of a state that never was': [
    'local reads',
    ({ localReads }) =>
      void localReads.push({ client: 2, member: 0, run: 1, revision: 3, key: 'k', end: undefined, rows: [first] }),
  ],
};

t.test('a history that is right has nothing wrong', async (t) => {
  t.strictSame(Object.values(judge(rightMemory()).verdicts).flat(), []);
});

for (const [what, [question, spoil]] of Object.entries(spoilt)) {
  t.test(`${what} is found`, async (t) => {
    const memory = rightMemory();
    spoil(memory);
    t.not(judge(memory).verdicts[question].length, 0);
  });
}
