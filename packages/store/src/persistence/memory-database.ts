/**
 * The state database's twin in memory. What it "has on disk" is the list of its batches, so a test or a simulator can
 * take from it whatever the seam's contract lets a database lose, and open it again.
 */
import { OperatingError } from '@flotilla/base';
import { bytesToText, compareBytes } from '../bytes.ts';
import { stateDamaged } from './rows.ts';
import type { OpenDatabase, Row, RowChange, StateDatabase } from './state-database.ts';

export interface StoredBatch {
  readonly changes: readonly RowChange[];
  readonly sync: boolean;
}

/** The disks of a machine in memory. */
export interface MemoryDatabases {
  readonly open: OpenDatabase;
  /** Directory → the batches of the database there, which the holder may change while it is closed. */
  readonly batches: Map<string, StoredBatch[]>;
  /** Makes a second database of what is in one. */
  copy(from: string, to: string): void;
  /** Bytes of the rows of a database that is open. */
  sizeOf(directory: string): number;
}

/**
 * @param options.keepsBatches whether each batch can be taken away later; unless it must be, a database takes as much memory
 *   as it has rows, however often they change.
 */
export function createMemoryDatabases({ keepsBatches = true } = {}): MemoryDatabases {
  const batches = new Map<string, StoredBatch[]>();
  const openRows = new Map<string, ReadonlyMap<string, Row>>();
  return {
    batches,
    sizeOf(directory) {
      let bytes = 0;
      for (const { key, value } of openRows.get(directory)?.values() ?? []) bytes += key.length + value.length;
      return bytes;
    },
    copy(from, to) {
      const rows = openRows.get(from);
      const whole = rows && !keepsBatches ? [{ changes: [...rows.values()], sync: true }] : batches.get(from);
      batches.set(to, [...(whole ?? [])]);
    },
    async open({ directory, createIfMissing }) {
      await Promise.resolve();
      if (openRows.has(directory)) {
        throw new OperatingError('STATE_LOCKED', `${directory} is in use by another process: stop that one`);
      }
      let stored = batches.get(directory);
      if (!stored && !createIfMissing) throw stateDamaged(`${directory} cannot be opened (there is no database)`);
      if (!stored) batches.set(directory, (stored = []));
      const rows = new Map<string, Row>();
      for (const { changes } of stored) applyChanges(rows, changes);
      openRows.set(directory, rows);
      const kept = keepsBatches ? stored : undefined;
      return openBatches(kept, rows, () => {
        openRows.delete(directory);
        if (!keepsBatches) batches.set(directory, [{ changes: [...rows.values()], sync: true }]);
      });
    },
  };
}

/** @param stored takes each batch; undefined: the rows are all that is kept. */
function openBatches(stored: StoredBatch[] | undefined, rows: Map<string, Row>, onClose: () => void): StateDatabase {
  let isOpen = true;
  const mustBeOpen = (): void => {
    if (!isOpen) throw stateDamaged('the database is not open');
  };
  return {
    get(key) {
      mustBeOpen();
      return rows.get(bytesToText(key))?.value;
    },
    async batch(changes, { sync }) {
      mustBeOpen();
      const copies = changes.map(({ key, value }) => ({
        key: Uint8Array.from(key),
        value: value && Uint8Array.from(value),
      }));
      stored?.push({ changes: copies, sync });
      applyChanges(rows, copies);
      await Promise.resolve();
    },
    snapshot() {
      mustBeOpen();
      const frozen = new Map(rows);
      return {
        get: (key) => frozen.get(bytesToText(key))?.value,
        async *rows() {
          await Promise.resolve();
          yield* [...frozen.values()].sort((a, b) => compareBytes(a.key, b.key));
        },
        close: () => Promise.resolve(),
      };
    },
    compact: () => Promise.resolve(),
    close() {
      isOpen = false;
      onClose();
      return Promise.resolve();
    },
  };
}

function applyChanges(rows: Map<string, Row>, changes: readonly RowChange[]): void {
  for (const { key, value } of changes) {
    if (value) rows.set(bytesToText(key), { key, value });
    else rows.delete(bytesToText(key));
  }
}
