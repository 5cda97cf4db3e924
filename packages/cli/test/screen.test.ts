import { createLiveScreen } from '@flotilla/cli';
import t from 'tap';

function terminal(rows: number, columns: number) {
  const written: string[] = [];
  return {
    written,
    screen: createLiveScreen({ isTerminal: true, rows, columns, write: (text) => written.push(text) }),
  };
}

void t.test('a picture is drawn over the one before, and lines stay above it', (t) => {
  const { screen, written } = terminal(24, 80);
  screen.draw('one\ntwo');
  screen.draw('three');
  screen.print('news');
  t.same(written, ['one\ntwo\n', '\x1b[2A\x1b[0Jthree\n', '\x1b[1A\x1b[0Jnews\nthree\n']);
  t.end();
});

void t.test('a picture that is larger than the terminal is cut', (t) => {
  const { screen, written } = terminal(3, 6);
  screen.draw('a long line\nsecond\nthird');
  screen.print('x');
  t.same(written, ['a lon\nsecon\n', '\x1b[2A\x1b[0Jx\na lon\nsecon\n']);
  t.end();
});

void t.test('without a picture a line is just a line', (t) => {
  const { screen, written } = terminal(24, 80);
  screen.print('x');
  t.same(written, ['x\n']);
  t.end();
});
