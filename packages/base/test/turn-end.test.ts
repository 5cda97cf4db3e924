import t from 'tap';
import { atTurnEnd, behindTurn } from '@flotilla/base';

const turnOver = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

t.test(
  'what the end of a turn leads to, promises included, is followed by what goes behind it, in the same turn',
  async (t) => {
    const order: string[] = [];
    const answer = async (): Promise<void> => {
      for (let hop = 0; hop < 20; hop++) await Promise.resolve();
      order.push('answered');
      behindTurn(() => order.push('written'));
    };
    atTurnEnd(() => {
      behindTurn(() => order.push('written before the answer'));
      void answer();
      void answer();
      order.push('worked');
    });
    setImmediate(() => order.push('next'));
    await turnOver();
    t.strictSame(order, ['worked', 'answered', 'answered', 'written before the answer', 'written', 'written', 'next']);
  },
);

t.test('in the middle of a turn, what goes behind it waits for its end', async (t) => {
  atTurnEnd(() => undefined);
  await turnOver();
  await new Promise((resolve) => void setTimeout(resolve, 1));
  const order: string[] = [];
  atTurnEnd(() => order.push('worked'));
  behindTurn(() => order.push('written'));
  process.nextTick(() => order.push('ticked'));
  await turnOver();
  t.strictSame(order, ['ticked', 'worked', 'written']);
});

t.test('what is asked for at the end of a turn belongs to the next one', async (t) => {
  const order: string[] = [];
  atTurnEnd(() => atTurnEnd(() => order.push('later')));
  await turnOver();
  t.strictSame(order, []);
  await turnOver();
  t.strictSame(order, ['later']);
});
