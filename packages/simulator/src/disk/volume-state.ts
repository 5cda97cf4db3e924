/** The applied state on a volume, for one process: the databases behind the level seam, and the record of the current one. */
import { OperatingError } from '@flotilla/base';
import type { OpenDatabase, Row, StateDatabase, StateDirectory } from '@flotilla/store';
import type { Process } from '../world/process.ts';
import type { Drive } from './drive.ts';
import { StoredDatabase, applyChanges, nameOfRow } from './stored-database.ts';
import type { Volume } from './volume.ts';

export interface StateOptions {
  readonly process: Process;
  readonly volume: Volume;
  readonly drive: Drive;
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
    stored.holder = process;
    // LevelDB writes what it reads back from its log into a synced table before it opens.
    const found = stored.batchCount;
    await drive.sync(process);
    stored.synced(found);
    return openDatabase(options, stored);
  };
}

function openDatabase({ process, drive, onBatch }: StateOptions, stored: StoredDatabase): StateDatabase {
  const rows = stored.rows();
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
      // The caller's memory is the caller's again afterwards.
      const changes = rowChanges.map(({ key, value }) => ({
        key: Uint8Array.from(key),
        value: value && Uint8Array.from(value),
      }));
      await drive.write(process);
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
export function stateDirectoryOf({ process, volume, drive }: StateOptions, path: string): StateDirectory {
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
    sizeOf: () => Promise.resolve(0),
  };
}
