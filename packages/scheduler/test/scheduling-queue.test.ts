import fc from 'fast-check';
import t from 'tap';
import { type Plugin, createProfile, createSchedulingQueue } from '@flotilla/scheduler';
import { manualClock } from './manual-clock.ts';
import { node, pod } from './objects.ts';

const picky: Plugin = {
  name: 'Picky',
  events: { nodeAdded: (_pod, event) => 'node' in event && event.node.metadata.name === 'good' },
};
const sorter: Plugin = {
  name: 'Sorter',
  queueSort: (a, b) => (b.pod.spec?.priority ?? 0) - (a.pod.spec?.priority ?? 0) || a.queuedMs - b.queuedMs,
  bind: () => Promise.resolve(),
  preEnqueue: ({ spec }) => (spec?.schedulingGates?.length ? { reason: 'gated', resolvable: false } : undefined),
};
const profile = createProfile('test', [{ plugin: sorter }, { plugin: picky }]);

function fixture() {
  const clock = manualClock();
  const queue = createSchedulingQueue({ profile, clock });
  return { clock, queue, names: () => drain(queue) };
}

function drain(queue: ReturnType<typeof createSchedulingQueue>): string[] {
  const names: string[] = [];
  for (let next = queue.pop(); next; next = queue.pop()) names.push(next.pod.metadata.name);
  return names;
}

t.test('pods come in the order of the profile, whatever the order in which they arrive', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(5), { maxLength: 50 }), (priorities) => {
      const { queue, clock, names } = fixture();
      priorities.forEach((priority, i) => {
        queue.put(pod(`p${i}`, { priority }));
        clock.advance(1);
      });
      const expected = priorities
        .map((priority, i) => ({ priority, i }))
        .sort((a, b) => b.priority - a.priority || a.i - b.i)
        .map(({ i }) => `p${i}`);
      return names().join() === expected.join();
    }),
  );
  t.end();
});

t.test('a rejected pod comes back only for an event that helps a plugin which rejected it', (t) => {
  const { queue, clock, names } = fixture();
  queue.put(pod('p'));
  const queued = queue.pop();
  if (!queued) return t.end();
  queue.rejected(queued, new Set(['Picky']));
  clock.advance(60_000);
  queue.notify({ type: 'nodeTaintsChanged', node: node('good') });
  queue.notify({ type: 'nodeAdded', node: node('bad') });
  t.same(queue.sizes, { active: 0, backoff: 0, unschedulable: 1 });
  queue.notify({ type: 'nodeAdded', node: node('good') });
  t.same(names(), ['p'], 'its back-off was long over');
  t.end();
});

t.test('the back-off of a pod doubles with each attempt, from 1 s to 10 s', (t) => {
  const { queue, clock } = fixture();
  queue.put(pod('p'));
  const waits: number[] = [];
  for (let attempt = 0; attempt < 6; attempt++) {
    const queued = queue.pop();
    if (!queued) break;
    queue.retry(queued);
    let waitedMs = 0;
    for (; queue.sizes.active === 0; waitedMs += 500) clock.advance(500);
    waits.push(waitedMs);
  }
  t.same(waits, [1000, 2000, 4000, 8000, 10_000, 10_000]);
  t.end();
});

t.test('an unschedulable pod is tried again after five minutes even if nothing happened', (t) => {
  const { queue, clock, names } = fixture();
  queue.put(pod('p'));
  const queued = queue.pop();
  if (queued) queue.rejected(queued, new Set(['Picky']));
  clock.advance(299_999);
  t.same(names(), []);
  clock.advance(1);
  t.same(names(), ['p']);
  t.end();
});

t.test('a change of status does not wake a rejected pod, a change of spec does', (t) => {
  const { queue, names } = fixture();
  queue.put(pod('p'));
  const queued = queue.pop();
  if (queued) queue.rejected(queued, new Set(['Picky']));
  queue.put({ ...pod('p'), status: { phase: 'Pending' } });
  t.same(names(), []);
  queue.put(pod('p', { priority: 7 }));
  t.same(names(), ['p']);
  t.end();
});

t.test('a gated pod waits outside until its gates are gone', (t) => {
  const { queue, names } = fixture();
  queue.put(pod('p', { schedulingGates: [{ name: 'g' }] }));
  t.same(queue.sizes, { active: 0, backoff: 0, unschedulable: 0 });
  queue.put(pod('p'));
  t.same(names(), ['p']);
  t.end();
});

t.test('a removed pod is in no place any more', (t) => {
  const { queue, clock, names } = fixture();
  for (const name of ['active', 'backoff', 'unschedulable']) queue.put(pod(name));
  for (const queued of [queue.pop(), queue.pop(), queue.pop()]) {
    if (queued?.pod.metadata.name === 'active') queue.put(queued.pod);
    else if (queued?.pod.metadata.name === 'backoff') queue.retry(queued);
    else if (queued) queue.rejected(queued, new Set(['Picky']));
  }
  t.same(queue.sizes, { active: 1, backoff: 1, unschedulable: 1 });
  for (const name of ['active', 'backoff', 'unschedulable']) queue.remove(`default/${name}`);
  clock.advance(1_000_000);
  t.same(names(), []);
  t.same(queue.sizes, { active: 0, backoff: 0, unschedulable: 0 });
  queue.close();
  t.end();
});
