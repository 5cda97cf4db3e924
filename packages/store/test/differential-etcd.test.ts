/** The same requests to a store and to a real etcd: every answer must be the same, field by field. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { connectService, kvService, leaseService, openChannel } from '@flotilla/wire';
import { createStore } from '@flotilla/store';
import { answerOf, comparable, expectedOf, ourAnswer, withOneAnswer } from './differential.ts';
import { hasEtcd, startEtcd } from './etcd.ts';
import { faultyOperation } from './faulty-operations.ts';
import { type OperationAt, operation } from './operations.ts';
import { execute } from './server.ts';

t.setTimeout(0);

const skip = hasEtcd ? false : 'there is no etcd';

t.test('a store answers random requests as a real etcd does', { skip }, async (t) => {
  await compare(t, operation, 2000);
});

t.test('of several faults of a request it tells the one that a real etcd tells', { skip }, async (t) => {
  await compare(t, faultyOperation, 1000);
});

async function compare(t: Test, drawn: fc.Arbitrary<OperationAt>, count: number): Promise<void> {
  const seed = Number(process.env['SEED'] ?? 20_261_120);
  const etcd = await startEtcd();
  const channel = openChannel({ target: etcd.target });
  t.teardown(async () => {
    channel.close();
    await etcd.stop();
  });
  const clients = { ...connectService(channel, kvService), ...connectService(channel, leaseService) };
  const store = createStore();
  const expected = expectedOf(etcd.level);
  let differing: unknown;
  for (const operationAt of fc.sample(drawn, { seed, numRuns: count })) {
    const asked = withOneAnswer(operationAt(store.revision), etcd.level);
    const theirs = comparable(asked, await answerOf(clients, asked));
    const ours = expected(asked, comparable(asked, ourAnswer(asked, execute(store, asked))));
    if (isDeepStrictEqual(ours, theirs)) continue;
    differing = { seed, level: etcd.level, asked: JSON.stringify(asked), ours, theirs };
    break;
  }
  t.same(differing, undefined, 'no answer differs');
}
