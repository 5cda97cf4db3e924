/**
 * The batches of a state database on a disk. A batch is there as a whole or not at all; when the power fails, those after the
 * last synced one are lost from some point on.
 */
import type { Row, RowChange } from '@flotilla/store';
import type { Chance } from '../world/chance.ts';
import type { Process } from '../world/process.ts';

export class StoredDatabase {
  /** Whose lock is on it. */
  holder: Process | undefined;
  #batches: (readonly RowChange[])[] = [];
  /** That many of them are surely there. */
  #durable = 0;

  get batchCount(): number {
    return this.#batches.length;
  }

  copy(): StoredDatabase {
    const copy = new StoredDatabase();
    copy.#batches = [...this.#batches];
    copy.#durable = copy.#batches.length;
    return copy;
  }

  /** A batch is in the page cache. */
  add(changes: readonly RowChange[]): void {
    this.#batches.push(
      changes.map(({ key, value }) => ({ key: Uint8Array.from(key), value: value && Uint8Array.from(value) })),
    );
  }

  /** A sync has returned that began when there were this many batches. */
  synced(count: number): void {
    this.#durable = Math.max(this.#durable, count);
  }

  losePower(chance: Chance): void {
    this.#batches.length = chance.within(this.#durable, this.#batches.length);
    this.#durable = this.#batches.length;
  }

  /** What no disk should do, and the seam's contract allows it to: synced batches vanish, or bytes change. */
  damage(chance: Chance): string {
    const count = this.#batches.length;
    const what = chance.pick(['a run of batches vanishes', 'a byte changes', 'all is gone'] as const);
    if (what === 'all is gone') this.#batches = [];
    const first = chance.below(count);
    if (what === 'a run of batches vanishes') this.#batches.splice(first, chance.within(1, 3));
    const value = what === 'a byte changes' ? chance.pick(this.#batches[first] ?? [])?.value : undefined;
    if (value && value.length > 0) {
      const at = chance.below(value.length);
      value[at] = (value[at] as number) ^ (1 << chance.below(8));
    }
    this.#durable = this.#batches.length;
    return what;
  }

  /** All rows as a process that opens the database finds them. */
  rows(): Map<string, Row> {
    const rows = new Map<string, Row>();
    for (const changes of this.#batches) applyChanges(rows, changes);
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
