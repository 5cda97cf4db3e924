import { seededRandomness } from '@flotilla/base';
import { Chance, Connection, Marks, Network, Process, Scheduler } from '@flotilla/simulator';
import t from 'tap';

function pair(options: { readonly manner: 'streams' | 'parcels'; readonly loss?: number; readonly doubles?: number }) {
  const scheduler = new Scheduler();
  const marks = new Marks();
  const plan = {
    manner: options.manner,
    latencyMs: 1,
    lossShare: options.loss ?? 0,
    doubleShare: options.doubles ?? 0,
  };
  const network = new Network({ scheduler, chance: new Chance(seededRandomness(1)), marks, plan });
  const [a, b] = ['a', 'b'].map((name) => new Process({ name, scheduler, pace: 1, turnMs: 0 })) as [Process, Process];
  const connection = new Connection(network, [a, b], ['a', 'b']);
  const run = (forMs: number): Promise<void> => scheduler.run({ limitMs: scheduler.nowMs + forMs, done: () => false });
  return { network, connection, marks, run, a, b };
}

const numbers = Array.from({ length: 200 }, (_, i) => i);

t.test('a stream delivers in order and once, also over a cut that is mended', async (t) => {
  const { network, connection, run } = pair({ manner: 'streams', loss: 0.5, doubles: 0.5 });
  const got: number[] = [];
  for (const n of numbers.slice(0, 100)) connection.send(0, () => got.push(n));
  network.cut('a', 'b');
  for (const n of numbers.slice(100)) connection.send(0, () => got.push(n));
  await run(1000);
  t.same(got, numbers.slice(0, 100));
  network.heal();
  await run(1000);
  t.same(got, numbers);
});

t.test('parcels are lost, doubled and overtaken, each by itself', async (t) => {
  const { connection, marks, run } = pair({ manner: 'parcels', loss: 0.1, doubles: 0.1 });
  const got: number[] = [];
  for (const n of numbers) connection.send(0, () => got.push(n));
  await run(1000);
  t.ok(new Set(got).size < numbers.length && got.length > new Set(got).size);
  t.notSame(
    got,
    [...got].sort((a, b) => a - b),
  );
  for (const name of ['message lost', 'message doubled', 'message overtaken'] as const)
    t.ok(marks.count(name) > 0, name);
});

t.test('what must arrive reliably is never doubled, nor lost', async (t) => {
  const { connection, run } = pair({ manner: 'parcels', loss: 0.5, doubles: 0.5 });
  const got: number[] = [];
  for (const n of numbers) connection.send(0, () => got.push(n), 'reliably');
  await run(1000);
  t.same(got, numbers);
});

t.test('a connection breaks when the other process dies, at once or after a silence', async (t) => {
  for (const withoutAWord of [false, true]) {
    const { connection, run, b } = pair({ manner: 'streams' });
    b.kill({ withoutAWord });
    await run(100);
    t.equal(connection.isOpen, withoutAWord);
    await run(10_000);
    t.equal(connection.isOpen, false);
  }
});

t.test('a stream that stays cut breaks', async (t) => {
  const { network, connection, run } = pair({ manner: 'streams' });
  network.cut('a', 'b');
  connection.send(0, () => t.fail('nothing gets through'));
  await run(10_000);
  t.equal(connection.isOpen, false);
});

t.test('a process that is stopped gets everything later, one that is killed nothing', async (t) => {
  const { connection, run, b } = pair({ manner: 'streams' });
  const got: number[] = [];
  b.pause();
  connection.send(0, () => got.push(1));
  await run(100);
  t.same(got, []);
  b.resume();
  await run(100);
  t.same(got, [1]);
  connection.send(0, () => got.push(2));
  b.kill();
  await run(100);
  t.same(got, [1]);
});

t.test('a firewall that rejects breaks connections although both ends live', async (t) => {
  const { network, connection, run, a, b } = pair({ manner: 'streams' });
  let broken = 0;
  connection.onBroken(() => broken++);
  network.reject('a', 'b');
  await run(10);
  t.equal(broken, 1);
  t.ok(a.isAlive && b.isAlive);
  t.ok(network.isRejected('b', 'a') && network.isCut('a', 'b'));
  network.heal();
  t.notOk(network.isRejected('a', 'b') || network.isCut('a', 'b'));
});
