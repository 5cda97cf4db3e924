/** The judge says nothing of a history that is right, and finds what is wrong with one that was spoilt. */
import t from 'tap';
import { type Question, judge } from './judge.ts';
import { type Memory, type SeenAnswer, type SeenEvent, createMemory } from './memory.ts';

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
    first: 1,
    isVisitor: false,
    answers: events.map((event) => ({ kind: 'shown' as const, revision: 3, events: [event], compacted: 0 })),
    next: 4,
    cancellations: [],
  };
  memory.watches.push({ ...watch, answers: [...watch.answers] }, watch);
  memory.localReads.push({ client: 1, member: 0, run: 1, revision: 2, key: 'k', end: undefined, rows: [first] });
  const pastRead = { client: 1, key: 'k', end: undefined, compacted: 3 };
  memory.pastReads.push({ ...pastRead, revision: 2, rows: [first] }, { ...pastRead, revision: 2, rows: 'compacted' });
  // It came late: the first change was compacted by then, and what was before the second.
  const late = { kind: 'shown' as const, revision: 3, events: [{ ...events[1], previous: undefined }], compacted: 3 };
  memory.watches.push({
    ...watch,
    name: 'late',
    answers: [{ kind: 'gap', from: 1, to: 3, compacted: 3 }, late as SeenAnswer],
  });
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
    ({ watches: [watch] }) =>
      void watch?.answers.splice(1, 0, { kind: 'shown', revision: 3, events: [], compacted: 0 }),
  ],
  'a gap that nobody had asked for': [
    'watches',
    ({ watches }) => void watches[2]?.answers.splice(0, 1, { kind: 'gap', from: 1, to: 3, compacted: 2 }),
  ],
  'a gap that leads nowhere': [
    'watches',
    ({ watches }) => void watches[2]?.answers.splice(0, 1, { kind: 'gap', from: 3, to: 3, compacted: 3 }),
  ],
  'a change behind a gap that is missing': ['watches', ({ watches }) => void watches[2]?.answers.pop()],
  'a change before a gap that is shown all the same': [
    'watches',
    ({ watches }) => {
      const before = watches[0]?.answers[0];
      if (before) watches[2]?.answers.splice(1, 0, before);
    },
  ],
  'a change that does not say what was before, though that is not compacted': [
    'watches',
    ({ watches }) => {
      const answer = watches[2]?.answers[1];
      if (answer?.kind === 'shown') watches[2]?.answers.splice(1, 1, { ...answer, compacted: 2 });
    },
  ],
  'a past that never was': [
    'past reads',
    ({ pastReads }) => {
      const read = pastReads[0];
      if (read) pastReads.push({ ...read, revision: 3 });
    },
  ],
  'a past that is called compacted, though nobody asked for that': [
    'past reads',
    ({ pastReads }) => {
      const read = pastReads[1];
      if (read) pastReads.push({ ...read, compacted: 2 });
    },
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
