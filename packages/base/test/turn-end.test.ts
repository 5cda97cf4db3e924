import t from 'tap';
import { atTurnEnd, behindPromises, withoutGathering } from '@flotilla/base';

const turnOver = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

t.test(
  'what the end of a turn leads to, promises included, is followed by what goes behind it, in the same turn',
  async (t) => {
    const order: string[] = [];
    const answer = async (): Promise<void> => {
      for (let hop = 0; hop < 20; hop++) await Promise.resolve();
      order.push('answered');
      behindPromises(() => order.push('written'));
    };
    atTurnEnd(() => {
      behindPromises(() => order.push('written before the answer'));
      void answer();
      void answer();
      order.push('worked');
    });
    setImmediate(() => order.push('next'));
    await turnOver();
    t.strictSame(order, ['worked', 'answered', 'answered', 'written before the answer', 'written', 'written', 'next']);
  },
);

t.test(
  'outside of the end of a turn, what goes behind waits for the promises at hand, and not for that end',
  async (t) => {
    const order: string[] = [];
    atTurnEnd(() => order.push('worked'));
    process.nextTick(() => order.push('ticked'));
    const hops = async (): Promise<void> => {
      for (let hop = 0; hop < 20; hop++) await Promise.resolve();
      order.push('answered');
    };
    void hops();
    behindPromises(() => order.push('written'));
    await turnOver();
    t.strictSame(
      order.filter((what) => what !== 'ticked'),
      ['answered', 'written', 'worked'],
    );
  },
);

t.test('what is asked for at the end of a turn belongs to the next one', async (t) => {
  const order: string[] = [];
  atTurnEnd(() => atTurnEnd(() => order.push('later')));
  await turnOver();
  t.strictSame(order, []);
  await turnOver();
  t.strictSame(order, ['later']);
});

t.test(
  'without gathering, the end comes as soon as what runs now has returned, and what goes behind it too',
  async (t) => {
    const order: string[] = [];
    setImmediate(() => order.push('next'));
    withoutGathering(() => {
      order.push('worked');
      behindPromises(() => order.push('written'));
      void Promise.resolve().then(() => order.push('answered'));
    });
    order.push('returned');
    await turnOver();
    t.strictSame(order, ['returned', 'worked', 'answered', 'written', 'next']);
  },
);
