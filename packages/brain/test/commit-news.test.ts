import t from 'tap';
import { CommitNews } from '@flotilla/brain';
import { createManualClock } from '@flotilla/base';
import type { AppendMessage, Message } from '@flotilla/raft';

const [self, follower, other] = [1n, 2n, 3n];

function append(to: bigint, commit: number, entries: AppendMessage['entries'] = []): AppendMessage {
  return { type: 'append', from: self, to, term: 1, prevIndex: 9, prevTerm: 1, entries, commit };
}

const entries = [{ term: 1, index: 10, type: 'normal' as const, data: Buffer.of(1) }];

function setup() {
  const clock = createManualClock();
  const released: Message[] = [];
  const news = new CommitNews({ clock, release: (messages) => released.push(...messages) });
  return { clock, news, released };
}

t.test('news of a commit alone wait, and leave by themselves', async (t) => {
  const { clock, news, released } = setup();
  t.notOk(news.leaves(append(follower, 8)));
  t.notOk(news.leaves(append(other, 8)));
  t.strictSame(released, []);
  await clock.advance(2);
  t.strictSame(released, [append(follower, 8), append(other, 8)]);
  await clock.advance(100);
  t.equal(released.length, 2, 'once');
  t.equal(clock.pending, 0);
});

t.test('the last news count, and entries take them along', async (t) => {
  const { clock, news, released } = setup();
  news.leaves(append(follower, 7));
  news.leaves(append(follower, 8));
  news.leaves(append(other, 8));
  t.ok(news.leaves(append(other, 9, entries)));
  await clock.advance(2);
  t.strictSame(released, [append(follower, 8)]);
});

t.test('a member that has passed on a request gets its news at once, for a while', async (t) => {
  const { clock, news } = setup();
  news.received({ type: 'propose', from: follower, to: self, term: 1, data: [Buffer.of(1)] });
  t.ok(news.leaves(append(follower, 8)));
  t.notOk(news.leaves(append(other, 8)));
  await clock.advance(100);
  t.notOk(news.leaves(append(follower, 9)));
  news.received({ type: 'readIndex', from: follower, to: self, term: 1, context: 'r' });
  t.ok(news.leaves(append(follower, 9)));
});

t.test('everything else leaves at once, and nothing is left when it stops', async (t) => {
  const { clock, news, released } = setup();
  t.ok(news.leaves({ type: 'heartbeat', from: self, to: follower, term: 1, commit: 8, round: 1 }));
  t.notOk(news.leaves(append(follower, 8)));
  news.stop();
  await clock.advance(10);
  t.strictSame(released, []);
  t.equal(clock.pending, 0);
});
