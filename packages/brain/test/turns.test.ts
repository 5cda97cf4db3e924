import t from 'tap';
import { Turns } from '@flotilla/brain';

/** What was asked for, and not run yet. */
interface Asked {
  readonly endOfTurn: (() => void)[];
  readonly soon: (() => void)[];
}

function turnsWith(isCalm: () => boolean): {
  readonly turns: Turns;
  readonly asked: Asked;
  readonly ran: () => number;
} {
  const asked: Asked = { endOfTurn: [], soon: [] };
  let ran = 0;
  const turns = new Turns({
    endOfTurn: (callback) => asked.endOfTurn.push(callback),
    soon: (callback) => asked.soon.push(callback),
    isCalm,
    turn: () => void ran++,
  });
  return { turns, asked, ran: () => ran };
}

t.test('an entry that is alone has its turn soon, one among others waits for the sockets', async (t) => {
  let isCalm = true;
  const { turns, asked, ran } = turnsWith(() => isCalm);
  turns.hurry();
  turns.hurry();
  turns.schedule();
  t.equal(asked.soon.length, 1, 'one turn for all that asked');
  asked.soon.pop()?.();
  t.equal(ran(), 1);
  isCalm = false;
  turns.hurry();
  t.equal(asked.soon.length, 0);
  asked.endOfTurn.pop()?.();
  t.equal(ran(), 2);
});

t.test('however many hurry, the sockets are asked now and then', async (t) => {
  const { turns, asked } = turnsWith(() => true);
  let row = 0;
  let longest = 0;
  for (let i = 0; i < 1000; i++) {
    turns.hurry();
    const soon = asked.soon.pop();
    row = soon ? row + 1 : 0;
    longest = Math.max(longest, row);
    (soon ?? asked.endOfTurn.pop())?.();
  }
  t.ok(longest > 1 && longest <= 64, `${longest} in a row`);
});
