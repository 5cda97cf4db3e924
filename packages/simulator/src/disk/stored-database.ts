/**
 * The batches of a state database on a disk. A batch is there as a whole or not at all; when the power fails, those after the
 * last synced one are lost from some point on.
 */
import type { Row, RowChange } from '@flotilla/store';
import type { Chance } from '../world/chance.ts';

export class StoredDatabase {
  /** Rows of the batches that are surely there. */
  readonly #durable = new Map<string, Row>();
  #unsynced: (readonly RowChange[])[] = [];

  get batchCount(): number {
    return this.#unsynced.length;
  }

  /** A batch is in the page cache. */
  add(changes: readonly RowChange[]): void {
    this.#unsynced.push(changes.map(({ key, value }) => ({ key: key.slice(), value: value?.slice() })));
  }

  /** A sync has returned that began when this many batches waited for one. */
  synced(count: number): void {
    for (const changes of this.#unsynced.splice(0, count)) applyChanges(this.#durable, changes);
  }

  losePower(chance: Chance): void {
    this.synced(chance.below(this.#unsynced.length + 1));
    this.#unsynced = [];
  }

  /** All rows as a process that opens the database finds them. */
  rows(): Map<string, Row> {
    const rows = new Map(this.#durable);
    for (const changes of this.#unsynced) applyChanges(rows, changes);
    return rows;
  }
}

export function nameOfRow(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

export function applyChanges(rows: Map<string, Row>, changes: readonly RowChange[]): void {
  for (const { key, value } of changes) {
    if (value) rows.set(nameOfRow(key), { key, value });
    else rows.delete(nameOfRow(key));
  }
}
