/**
 * The applied state on a volume, for one process: the databases behind the level seam, and the record of the current one.
 *
 * A full drive does to them what it does to LevelDB: a batch that fails spends the database; so does, with some luck, a compaction
 * in the background that nobody hears of before the next batch; and there is room to be for a database to open.
 */
import { OperatingError } from '@flotilla/base';
import { type OpenDatabase, type Row, type StateDatabase, type StateDirectory, isNoRoom, spent } from '@flotilla/store';
import type { Chance } from '../world/chance.ts';
import type { Marks } from '../world/marks.ts';
import type { Process } from '../world/process.ts';
import { type Drive, failure as failureOf } from './drive.ts';
import { StoredDatabase, applyChanges, nameOfRow } from './stored-database.ts';
import type { Volume } from './volume.ts';

export interface StateOptions {
  readonly process: Process;
  readonly volume: Volume;
  readonly drive: Drive;
  readonly marks: Marks;
  /** Of what a full drive does in the background. */
  readonly chance: Chance;
  /** Told when a batch is about to be written. */
  readonly onBatch?: () => void;
}

export function databasesOf(options: StateOptions): OpenDatabase {
  const { process, volume, drive } = options;
  return async ({ directory, createIfMissing }) => {
    await drive.read(process);
    let stored = volume.databases.get(directory);
    if (!stored && !createIfMissing) throw new OperatingError('STATE_DAMAGED', `${directory} is no database`);
    if (!stored) volume.databases.set(directory, (stored = new StoredDatabase()));
    if (stored.holder?.isAlive === true) throw new OperatingError('STATE_LOCKED', `${directory} is in use`);
    // LevelDB writes what it reads back from its log into a synced table before it opens.
    if (drive.isFull && stored.batchCount > 0) throw drive.noRoom();
    stored.holder = process;
    const found = stored.batchCount;
    await drive.sync(process);
    stored.synced(found);
    return openDatabase(options, directory, stored);
  };
}

function openDatabase(
  { process, drive, marks, chance, onBatch }: StateOptions,
  directory: string,
  stored: StoredDatabase,
): StateDatabase {
  const rows = stored.rows();
  let timesFull = drive.timesFull;
  let failure: Error | undefined;
  const fail = (error: unknown): Error => {
    if (!isNoRoom(error)) return error as Error;
    marks.hit('database spent by a full disk');
    return (failure = spent(directory, error));
  };
  /** Whether a compaction has met a full drive since the last batch. */
  const compactionFailed = (): boolean => {
    const wasFull = drive.timesFull > timesFull;
    timesFull = drive.timesFull;
    return wasFull && chance.happens(0.5);
  };
  let isOpen = true;
  const mustBeOpen = (): void => {
    if (!isOpen) throw new Error('the database is not open');
  };
  return {
    get(key) {
      mustBeOpen();
      return rows.get(nameOfRow(key))?.value;
    },
    async batch(rowChanges, { sync }) {
      mustBeOpen();
      onBatch?.();
      if (failure) throw failure;
      if (compactionFailed()) throw fail(drive.noRoom());
      // The caller's memory is the caller's again afterwards.
      const changes = rowChanges.map(({ key, value }) => ({
        key: Uint8Array.from(key),
        value: value && Uint8Array.from(value),
      }));
      await drive.write(process).catch((error: unknown) => Promise.reject(fail(error)));
      stored.add(changes);
      const covered = stored.batchCount;
      if (sync) {
        await drive.sync(process);
        stored.synced(covered);
      }
      applyChanges(rows, changes);
    },
    snapshot() {
      mustBeOpen();
      const frozen = new Map(rows);
      return {
        get: (key) => frozen.get(nameOfRow(key))?.value,
        async *rows(): AsyncGenerator<Row, void> {
          await drive.read(process);
          yield* [...frozen.values()].sort((a, b) => Buffer.compare(a.key, b.key));
        },
        close: () => Promise.resolve(),
      };
    },
    async compact() {
      await drive.write(process);
    },
    close() {
      isOpen = false;
      stored.holder = undefined;
      return Promise.resolve();
    },
  };
}

/** A record is replaced as a whole: after a crash it is the old one, or the new one. */
export function stateDirectoryOf({ process, volume, drive, marks }: StateOptions, path: string): StateDirectory {
  const prefix = `${path}/`;
  return {
    path,
    async readCurrent() {
      await drive.read(process);
      return volume.records.get(path);
    },
    async writeCurrent(record) {
      await drive.write(process);
      await drive.sync(process);
      volume.records.set(path, Uint8Array.from(record));
      // The name's own sync is still to come back: the caller may not know yet.
      await drive.sync(process);
    },
    async generations() {
      await drive.read(process);
      const names = [...volume.databases.keys()].filter((name) => name.startsWith(prefix));
      return names.map((name) => name.slice(prefix.length));
    },
    async removeGeneration(name) {
      await drive.read(process);
      volume.databases.delete(prefix + name);
    },
    async copyGeneration(name, copy) {
      await drive.write(process);
      const stored = volume.databases.get(prefix + name);
      if (!stored) throw failureOf('ENOENT', name);
      volume.databases.set(prefix + copy, stored.copy());
      marks.hit('state opened anew after a full disk');
      return true;
    },
    sizeOf: () => Promise.resolve(0),
  };
}
