/** The same requests to a store and to a real etcd (3.4): every answer must be the same, field by field. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { connectService, kvService, leaseService, openChannel } from '@flotilla/wire';
import { createStore } from '@flotilla/store';
import { answerOf, comparable, ourAnswer, withOneAnswer } from './differential.ts';
import { hasEtcd, startEtcd } from './etcd.ts';
import { operation } from './operations.ts';
import { execute } from './server.ts';

const operationCount = 2000;

t.test(
  'a store answers random requests as a real etcd does',
  { skip: hasEtcd ? false : 'there is no etcd' },
  async (t) => {
    const seed = Number(process.env['SEED'] ?? 20_261_120);
    const etcd = await startEtcd();
    const channel = openChannel({ target: etcd.target });
    t.teardown(async () => {
      channel.close();
      await etcd.stop();
    });
    const clients = { ...connectService(channel, kvService), ...connectService(channel, leaseService) };
    const store = createStore();
    let differing: unknown;
    for (const operationAt of fc.sample(operation, { seed, numRuns: operationCount })) {
      const asked = withOneAnswer(operationAt(store.revision));
      const theirs = comparable(asked, await answerOf(clients, asked));
      const ours = comparable(asked, ourAnswer(asked, execute(store, asked)));
      if (isDeepStrictEqual(ours, theirs)) continue;
      differing = { seed, asked: JSON.stringify(asked), ours, theirs };
      break;
    }
    t.same(differing, undefined, 'no answer differs');
  },
);
