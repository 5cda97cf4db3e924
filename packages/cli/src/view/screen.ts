/** Where the command prints, and a picture at its end that is drawn over itself. */

export interface Screen {
  readonly isTerminal: boolean;
  /** Of a terminal, as it is now. */
  readonly rows: number;
  readonly columns: number;
  write(text: string): void;
}

/** Lines that stay, and below them a picture that changes. Without a terminal there is no picture. */
export interface LiveScreen {
  readonly isTerminal: boolean;
  readonly rows: number;
  /** A line that stays, above the picture. */
  print(line: string): void;
  draw(picture: string): void;
}

export function createLiveScreen(screen: Screen): LiveScreen {
  let drawn: readonly string[] = [];
  // Up to the picture's first line, and away with everything below.
  const erase = (): string => (drawn.length === 0 ? '' : `\x1b[${drawn.length}A\x1b[0J`);
  const shown = (): string => drawn.map((line) => `${line}\n`).join('');
  return {
    isTerminal: screen.isTerminal,
    get rows() {
      return screen.rows;
    },
    print(line) {
      screen.write(`${erase()}${line}\n${shown()}`);
    },
    draw(picture) {
      const before = erase();
      // A line that wraps, or one beyond the screen, could not be erased again.
      drawn = picture
        .split('\n')
        .slice(0, Math.max(1, screen.rows - 1))
        .map((line) => line.slice(0, Math.max(1, screen.columns - 1)));
      screen.write(before + shown());
    },
  };
}
