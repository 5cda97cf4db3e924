import { createManualClock, seededRandomness } from '@flotilla/base';
import { createWorkQueue } from '@flotilla/api-client';
import fc from 'fast-check';
import t from 'tap';

const keys = ['a', 'b', 'c', 'd'];
type Step = {
  readonly does: 'add' | 'addAfter' | 'next' | 'done' | 'advance';
  readonly key: string;
  readonly ms: number;
};

const steps = fc.array(
  fc.record<Step>({
    does: fc.constantFrom('add', 'addAfter', 'next', 'done', 'advance'),
    key: fc.constantFrom(...keys),
    ms: fc.integer({ min: 1, max: 50 }),
  }),
  { maxLength: 60 },
);

/** The slow, obvious queue: lists of keys, and of (time, key). */
function createModel() {
  let nowMs = 0;
  let waiting: string[] = [];
  let again: string[] = [];
  let delayed: { atMs: number; key: string; order: number }[] = [];
  const processing = new Set<string>();
  let order = 0;
  const add = (key: string): void => {
    if (processing.has(key)) {
      if (!again.includes(key)) again.push(key);
    } else if (!waiting.includes(key)) waiting.push(key);
  };
  return {
    processing,
    add,
    addAfter(key: string, ms: number) {
      const earlier = delayed.find((one) => one.key === key);
      if (earlier && earlier.atMs <= nowMs + ms) return;
      delayed = [...delayed.filter((one) => one.key !== key), { atMs: nowMs + ms, key, order: order++ }];
    },
    next(): string | undefined {
      const [key, ...rest] = waiting;
      waiting = rest;
      if (key !== undefined) processing.add(key);
      return key;
    },
    done(key: string) {
      if (!processing.delete(key) || !again.includes(key)) return;
      again = again.filter((one) => one !== key);
      waiting.push(key);
    },
    advance(_key: string, ms: number) {
      nowMs += ms;
      const due = delayed.filter(({ atMs }) => atMs <= nowMs).sort((x, y) => x.atMs - y.atMs || x.order - y.order);
      delayed = delayed.filter(({ atMs }) => atMs > nowMs);
      for (const { key } of due) add(key);
    },
  };
}

t.test('the queue gives the keys that the obvious queue gives, in its order', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const clock = createManualClock();
      const queue = createWorkQueue({ clock });
      const model = createModel();
      for (const { does, key, ms } of script) {
        if (does === 'next') {
          const expected = model.next();
          const given = queue.size === 0 ? undefined : await queue.next();
          if (given !== expected) throw new Error(`the queue gave ${given}, the model ${expected}`);
          continue;
        }
        if (does === 'advance') await clock.advance(ms);
        else queue[does](key, ms);
        model[does](key, ms);
      }
      queue.close();
      if (clock.pending > 0) throw new Error('a closed queue holds no timer');
    }),
    { numRuns: 200 },
  );
  t.pass('no counterexample');
});

t.test('a waiting worker gets the next key at once, and workers are served in turn', async (t) => {
  const queue = createWorkQueue();
  const first = queue.next();
  const second = queue.next();
  queue.add('a');
  queue.add('b');
  t.equal(await first, 'a');
  t.equal(await second, 'b');
});

t.test('a worker that gave up waiting takes no key with it', async (t) => {
  const queue = createWorkQueue();
  const stop = new AbortController();
  const gone = queue.next(stop.signal);
  stop.abort();
  t.equal(await gone, undefined);
  queue.add('a');
  t.equal(await queue.next(), 'a');
});

t.test('the back-off of a key doubles until it is forgotten, and leaves other keys alone', async (t) => {
  const clock = createManualClock();
  const backoff = { initialMs: 100, maxMs: 1000, jitter: 0 };
  const queue = createWorkQueue({ clock, backoff, randomness: seededRandomness(1) });
  const delayOf = async (key: string): Promise<number> => {
    const startMs = clock.monotonicMs();
    queue.addRateLimited(key);
    while (queue.size === 0) await clock.advance(10);
    queue.done((await queue.next()) ?? '');
    return clock.monotonicMs() - startMs;
  };
  t.same([await delayOf('a'), await delayOf('a'), await delayOf('a')], [100, 200, 400]);
  t.equal(await delayOf('b'), 100);
  t.equal(queue.retries('a'), 3);
  queue.forget('a');
  t.equal(await delayOf('a'), 100);
});
