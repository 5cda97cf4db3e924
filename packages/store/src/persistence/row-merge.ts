/** Puts two runs of rows together. */
import { compareBytes } from '../bytes.ts';
import { stateDamaged } from './rows.ts';
import type { Row } from './state-database.ts';

type Rows = AsyncGenerator<readonly Row[], void>;

/** All rows of two runs, by key. @param runs each by key. @throws OperatingError `STATE_DAMAGED` when both have a row. */
export async function* mergeRows(one: Rows, other: Rows): AsyncGenerator<Row, void> {
  const [a, b] = [new Run(one), new Run(other)];
  try {
    await Promise.all([a.refill(), b.refill()]);
    for (;;) {
      const order = orderOf(a.row, b.row);
      if (order === 0) return;
      const next = order < 0 ? a : b;
      yield next.row as Row;
      if (!next.step()) await next.refill();
    }
  } finally {
    await Promise.all([one.return(), other.return()]);
  }
}

/** Which comes first: negative, the one; positive, the other; 0: there is none. */
function orderOf(one: Row | undefined, other: Row | undefined): number {
  if (!one) return other ? 1 : 0;
  if (!other) return -1;
  const order = compareBytes(one.key, other.key);
  if (order === 0) throw stateDamaged(`row ${Buffer.from(one.key).toString('hex')} is there twice`);
  return order;
}

class Run {
  readonly #rows: Rows;
  #piece: readonly Row[] = [];
  #next = 0;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  /** The row that is next; undefined at the end. */
  get row(): Row | undefined {
    return this.#piece[this.#next];
  }

  /** Goes on within what is there; false when that was all. */
  step(): boolean {
    return ++this.#next < this.#piece.length;
  }

  /** Gets more, unless that was all. */
  async refill(): Promise<void> {
    const { value, done } = await this.#rows.next();
    this.#piece = done === true ? [] : value;
    this.#next = 0;
  }
}
