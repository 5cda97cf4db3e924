import t from 'tap';
import { createAsyncQueue } from '@flotilla/base';

async function drain<T>(queue: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

t.test('items come out in the order they went in, and the end after them', async (t) => {
  const queue = createAsyncQueue<number>(Infinity);
  const drained = drain(queue);
  for (let i = 0; i < 5; i++) queue.push(i);
  queue.end();
  t.same(await drained, [0, 1, 2, 3, 4]);
  t.equal(queue.push(9), false, 'an ended queue takes nothing');
});

t.test('a full queue refuses instead of growing', (t) => {
  const queue = createAsyncQueue<number>(2);
  t.same([queue.push(1), queue.push(2), queue.push(3)], [true, true, false]);
  t.equal(queue.size, 2);
  t.end();
});

t.test('a failure arrives after the items that were queued before it', async (t) => {
  const queue = createAsyncQueue<number>(Infinity);
  queue.push(1);
  queue.fail(new Error('broken'));
  const iterator = queue[Symbol.asyncIterator]();
  t.same(await iterator.next(), { value: 1, done: false });
  await t.rejects(iterator.next(), { message: 'broken' });
});

t.test('a consumer that leaves ends the queue for its producers', async (t) => {
  const queue = createAsyncQueue<number>(Infinity);
  queue.push(1);
  for await (const _item of queue) break;
  t.equal(queue.push(2), false);
});
