/**
 * What the database should hold: count, bytes and sum of checksums of its rows, kept current with every batch. A start
 * adds up what it reads and compares: whatever vanished, came back or was changed without a word is noticed.
 */
import { bytesToText } from '../bytes.ts';
import type { RowChange } from './state-database.ts';
import type { RowMemory } from './row-memory.ts';
import { type Head, sealRow } from './rows.ts';

interface LedgerRow {
  readonly checksum: number;
  readonly bytes: number;
}

export type RowTotals = Pick<Head, 'rowCount' | 'rowBytes' | 'digest'>;

export class RowLedger {
  readonly #rows = new Map<string, LedgerRow>();
  #bytes = 0;
  #digest = 0;

  get totals(): RowTotals {
    return { rowCount: this.#rows.size, rowBytes: this.#bytes, digest: this.#digest };
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Enters a row that was read; `bytes` are those of key and value. */
  enter(key: Uint8Array, row: LedgerRow): void {
    const name = bytesToText(key);
    this.#strike(name);
    this.#rows.set(name, row);
    this.#bytes += row.bytes;
    this.#digest = (this.#digest + row.checksum) % 2 ** 52;
  }

  /** The change that stores a row's content, entered. @param memory see {@link sealRow} */
  put(key: Uint8Array, content: Uint8Array, memory?: RowMemory): RowChange {
    const { value, checksum } = sealRow(key, content, memory);
    this.enter(key, { checksum, bytes: key.length + value.length });
    return { key, value };
  }

  /** The change that deletes a row, struck out. */
  delete(key: Uint8Array): RowChange {
    this.#strike(bytesToText(key));
    return { key, value: undefined };
  }

  matches({ rowCount, rowBytes, digest }: RowTotals): boolean {
    return rowCount === this.#rows.size && rowBytes === this.#bytes && digest === this.#digest;
  }

  #strike(name: string): void {
    const row = this.#rows.get(name);
    if (!row) return;
    this.#rows.delete(name);
    this.#bytes -= row.bytes;
    this.#digest = (this.#digest - row.checksum + 2 ** 52) % 2 ** 52;
  }
}
