import { seededRandomness } from '@flotilla/base';
import { CatchingUp, Chance, Drive, Process, Scheduler, healingBounds, runSeed } from '@flotilla/simulator';
import t from 'tap';

const plan = { settings: [{ heartbeatMs: 20, electionTicks: 10 }] } as unknown as Parameters<typeof healingBounds>[0];

t.test('the time that a healed member has for a step follows from the slowest drive', (t) => {
  const fast = { longestSyncMs: 1, busyUntilMs: 0 };
  const slow = { longestSyncMs: 1200, busyUntilMs: 0 };
  const bounds = healingBounds(plan, { drives: [slow, fast, fast], nowMs: 5000 });
  t.same(bounds, { servesWithinMs: 14_000, stepsWithinMs: 14_000 + 40 * 1200 });
  const busy = { longestSyncMs: 1, busyUntilMs: 65_000 };
  t.equal(healingBounds(plan, { drives: [slow, busy], nowMs: 5000 }).stepsWithinMs, 14_000 + 60_000 + 40);
  t.equal(healingBounds(plan, { drives: [fast, fast], nowMs: 5000 }).stepsWithinMs, 14_000 + 40);
  t.end();
});

t.test('no sync takes longer than a drive says, nor is under way for longer', async (t) => {
  const scheduler = new Scheduler();
  const drive = new Drive({
    scheduler,
    chance: new Chance(seededRandomness(1)),
    speed: { writeMs: 1, syncMs: 500 },
  });
  const process = new Process({ name: 'm1', scheduler, pace: 1, turnMs: 0 });
  const sync = async (): Promise<{ readonly tookMs: number; readonly saidMs: number }> => {
    const beganMs = scheduler.nowMs;
    let isDone = false;
    void drive.sync(process).then(() => (isDone = true));
    const saidMs = drive.busyUntilMs - beganMs;
    await scheduler.run({ limitMs: Infinity, done: () => isDone });
    return { tookMs: scheduler.nowMs - beganMs, saidMs };
  };
  for (let i = 0; i < 200; i++) {
    const { tookMs, saidMs } = await sync();
    if (tookMs > drive.longestSyncMs) t.fail(`a sync took ${tookMs} ms`);
    if (Math.abs(tookMs - saidMs) > 1e-6) t.fail(`a sync took ${tookMs} ms, not ${saidMs}`);
  }
  drive.slowness = 50;
  const slowed = drive.sync(process);
  drive.slowness = 1;
  t.ok(drive.busyUntilMs - scheduler.nowMs > drive.longestSyncMs, 'what was begun while it was slow goes on');
  process.kill();
  void slowed;
});

t.test('a healed member that stands still is named, whatever the others do', (t) => {
  const m1 = { name: 'm1', appliedIndex: -1, isLost: false };
  const m2 = { name: 'm2', appliedIndex: 7, isLost: false };
  const m3 = { name: 'm3', appliedIndex: 3, isLost: true };
  const catchingUp = new CatchingUp([m1, m2, m3], { stepsWithinMs: 100 });
  const stuck = (nowMs: number): string | undefined => catchingUp.stuck({ lastIndex: m2.appliedIndex, nowMs });
  t.equal(stuck(0), undefined);
  m1.appliedIndex = 0;
  t.equal(stuck(90), undefined, 'it has come a step further');
  m1.appliedIndex = -1;
  m2.appliedIndex = 9;
  t.equal(stuck(190), undefined, 'as long as it may take');
  m1.appliedIndex = 0;
  t.equal(stuck(191), 'm1', 'to be back where it was is no step');
  m1.appliedIndex = 9;
  t.equal(stuck(192), undefined);
  t.equal(stuck(1000), undefined, 'who is not behind need not come further');
  t.end();
});

// One installs a snapshot, the other takes entries 18 at a time, on disks of half a second and more a sync.
for (const seed of [332, 2330]) {
  t.test(`a member on a very slow disk has the time to catch up (seed ${seed})`, { timeout: 0 }, async (t) => {
    const { violation, profile } = await runSeed(seed);
    t.equal(violation, undefined);
    t.equal(profile, 'one slow disk');
  });
}
