import t from 'tap';
import { silentLogger } from '@flotilla/base';
import { toRpcError } from '@flotilla/store';
import { createTestClock } from '@flotilla/store/test/test-clock';
import { type AutoCompactionRule, startAutoCompaction } from '@flotilla/brain';

const minuteMs = 60_000;

function begin(rule: AutoCompactionRule) {
  const clock = createTestClock();
  const state = { revision: 1, leads: true, refusal: undefined as Error | undefined };
  const compacted: number[] = [];
  const timer = startAutoCompaction({
    rule,
    clock,
    logger: silentLogger,
    revision: () => state.revision,
    leads: () => state.leads,
    compact: (revision) => {
      compacted.push(revision);
      return state.refusal ? Promise.reject(state.refusal) : Promise.resolve();
    },
    onFailure: (error) => {
      throw error;
    },
  });
  /** Lets time pass, a hundred revisions a minute. */
  const minutes = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      state.revision += 100;
      clock.advance(minuteMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { state, compacted, minutes, timer };
}

t.test('periodic: the revision of a period ago, once a period', async (t) => {
  const { compacted, minutes, timer } = begin({ mode: 'periodic', periodMs: 10 * minuteMs });
  await minutes(9);
  t.strictSame(compacted, []);
  await minutes(1);
  t.strictSame(compacted, [1], 'what it was at the start');
  await minutes(10);
  t.strictSame(compacted, [1, 901]);
  await minutes(20);
  t.strictSame(compacted, [1, 901, 1901, 2901]);
  timer.cancel();
});

t.test('periodic: long periods are kept whole, and compacted each hour', async (t) => {
  const { compacted, minutes, timer } = begin({ mode: 'periodic', periodMs: 180 * minuteMs });
  await minutes(179);
  t.strictSame(compacted, []);
  await minutes(1);
  t.strictSame(compacted, [1]);
  await minutes(59);
  t.strictSame(compacted, [1]);
  await minutes(1);
  t.strictSame(compacted, [1, 5401], 'three hours and a sample stay');
  timer.cancel();
});

t.test('periodic: nothing new, nothing to compact; who does not lead does not', async (t) => {
  const { state, compacted, minutes, timer } = begin({ mode: 'periodic', periodMs: 10 * minuteMs });
  state.leads = false;
  await minutes(30);
  t.strictSame(compacted, []);
  state.leads = true;
  await minutes(1);
  t.strictSame(compacted, [2001], 'a new leader goes on at once with what it has sampled');
  timer.cancel();
});

t.test('revision: all but the newest, each five minutes', async (t) => {
  const { compacted, minutes, timer } = begin({ mode: 'revision', retention: 700 });
  await minutes(5);
  t.strictSame(compacted, []);
  await minutes(5);
  t.strictSame(compacted, [301]);
  await minutes(5);
  t.strictSame(compacted, [301, 801]);
  timer.cancel();
});

t.test('what failed is tried again; what was compacted already counts as done', async (t) => {
  const { state, compacted, minutes, timer } = begin({ mode: 'revision', retention: 100 });
  state.refusal = toRpcError('timeout');
  await minutes(5);
  state.revision -= 500;
  await minutes(5);
  t.strictSame(compacted, [401, 401]);
  state.refusal = toRpcError('compacted');
  state.revision -= 500;
  await minutes(5);
  state.revision -= 500;
  await minutes(5);
  t.strictSame(compacted, [401, 401, 401]);
  timer.cancel();
});
