/** The files under a store: opening, writing behind, snapshots out and in. */
import { join } from 'node:path';
import type { Clock } from '@flotilla/base';
import type { Outcome } from '../outcome.ts';
import { type StateMachine, emptyPosition } from '../state-machine.ts';
import type { InitialMembership } from '../membership.ts';
import type { Store } from '../store.ts';
import { findGeneration, generationName, recordGeneration } from './generations.ts';
import { openDiskDatabase } from './disk-database.ts';
import { LastingDatabase, type NumberedDatabase, type StateRoom, impatience, patiently } from './lasting-database.ts';
import { initialMembershipRows } from './membership-rows.ts';
import { loadState } from './load-state.ts';
import { isNoRoom } from './no-room.ts';
import { RowLedger } from './row-ledger.ts';
import {
  type Head,
  type Identity,
  decodeHead,
  encodeFormat,
  encodeHead,
  formatKey,
  formatVersion,
  headKey,
  openRow,
  refusedAt,
  sealRow,
  stateDamaged,
} from './rows.ts';
import { SnapshotReader, snapshotBytes, snapshotDamaged, streamSnapshot } from './snapshot-stream.ts';
import type { OpenDatabase, RowChange, StateDatabase } from './state-database.ts';
import { type SizeMeter, createSizeMeter } from './size-meter.ts';
import { type StateDirectory, openStateDirectory } from './state-directory.ts';
import { StateWriter, defaultLagMs } from './state-writer.ts';
import { type StoredHash, hashStored } from './stored-hash.ts';

export interface OpenStateOptions {
  /** The folder that is all ours. */
  readonly directory: string;
  readonly memberId: bigint;
  readonly clusterId: bigint;
  /** Who the members are as long as the state knows none; left out by a member that joins a running cluster. */
  readonly initialMembership?: InitialMembership | undefined;
  readonly clock: Clock;
  /** Told when the state could not be written or read in the background: the member must stop. */
  readonly onFailure: (error: unknown) => void;
  /** Told how long each batch of state took to write. */
  readonly onWrite?: (durationMs: number) => void;
  /** Called once the files are locked to this process, before their rows are read. */
  readonly onLocked?: () => void;
  /** How long what was applied may wait to be written, milliseconds; a second unless told. */
  readonly lagMs?: number;
  /** A database on disk unless told. */
  readonly openDatabase?: OpenDatabase;
  /** The machine's own files unless told. */
  readonly openDirectory?: (path: string) => StateDirectory;
  /**
   * Runs the next slice of a compaction later: how much later is its pace. The one before took `tookMs`. `setImmediate` unless
   * told.
   */
  readonly defer?: (slice: () => void, tookMs: number) => void;
  /** Waits for room on the disk, and has what failed for want of it done again; unless told, that is a failure like any other. */
  readonly room?: StateRoom;
}

export interface EntryPosition {
  readonly index: number;
  readonly term: number;
}

/** The state as of one applied index, to be sent to another member. */
export interface ExportedSnapshot extends EntryPosition {
  readonly sizeBytes: number;
  /** Iterated once; the snapshot is held until `close`. */
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** A snapshot being received into a generation of its own. */
export interface IncomingSnapshot {
  /** @throws OperatingError `SNAPSHOT_DAMAGED` or `STATE_DAMAGED`: call `abort` then. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Checks and syncs the whole, makes it current and opens it; then closes the old state, and removes it.
   * @param replace must go over to the new state at once: until then the old one can be read
   * @throws OperatingError `SNAPSHOT_DAMAGED`: it is aborted, and the old state stays current.
   */
  finish(replace: (opened: OpenedState) => void): Promise<void>;
  /** Removes what was received. Idempotent; without effect after `finish`. */
  abort(): Promise<void>;
}

/** The files under a store. One writer: batches are written in order, one at a time, off the path of requests. */
export interface StateFiles {
  /**
   * The member's own log is synced up to `index`: state up to there may be written. Before an entry is applied that took the place
   * of a synced one, this says how much of the log is left: the new one may be committed and not be synced here.
   */
  logSyncedTo(index: number): void;
  /** The last entry whose state is surely on disk: the log may be truncated up to its index. */
  readonly durable: EntryPosition;
  /** Writes and syncs all that `logSyncedTo` allows. */
  flush(): Promise<void>;
  /** Resolves when what the compaction of `revision` dropped is gone from the disk too, or when these files are closed. */
  compacted(revision: number): Promise<void>;
  /** Gives back the space of what was deleted; reads and writes go on. */
  defragment(): Promise<void>;
  /**
   * Hashes what is stored up to a revision, as {@link StoredHash} says, once it is on disk.
   * @throws OperatingError `STATE_DAMAGED` when a row does not match its checksum.
   */
  hash(upTo: number): Promise<Outcome<StoredHash>>;
  /** Resolves when an exported snapshot holds that revision. */
  reached(revision: number): Promise<void>;
  /** Resolves when an exported snapshot is as of that entry or a later one. */
  reachedEntry(index: number): Promise<void>;
  /** Bytes of the files on disk, as last measured. */
  readonly sizeBytes: number;
  /** Bytes of the rows in use. */
  readonly sizeInUseBytes: number;
  /** The state as of the last batch that was written. */
  exportSnapshot(): ExportedSnapshot;
  receiveSnapshot(position: EntryPosition): Promise<IncomingSnapshot>;
  /** Flushes and closes. Idempotent. */
  close(): Promise<void>;
}

export interface OpenedState {
  readonly store: Store;
  readonly state: StateFiles;
}

/** What stays the same over generations. */
interface Surroundings {
  readonly identity: Identity;
  readonly initialMembership: InitialMembership | undefined;
  readonly directory: StateDirectory;
  readonly openDatabase: OpenDatabase;
  readonly clock: Clock;
  readonly defer: (slice: () => void, tookMs: number) => void;
  readonly onFailure: (error: unknown) => void;
  readonly onWrite: (durationMs: number) => void;
  readonly lagMs: number;
  readonly room: StateRoom;
  /** A number that no generation has yet. */
  readonly nextNumber: () => number;
}

const receiveBatchBytes = 1024 * 1024;

/**
 * Opens the applied state of a member, or makes an empty one on the first start. What a crash leaves of that start is refused later:
 * the caller removes it.
 * @throws OperatingError `STATE_DAMAGED`, `STATE_FOREIGN` (another cluster's or member's), `STATE_FORMAT` or
 *   `STATE_LOCKED`, with the file, the reason and the way out.
 */
export async function openState(options: OpenStateOptions): Promise<OpenedState> {
  const { clusterId, memberId, clock, onFailure } = options;
  const surroundings: Surroundings = {
    identity: { clusterId, memberId },
    initialMembership: options.initialMembership,
    directory: (options.openDirectory ?? openStateDirectory)(options.directory),
    openDatabase: options.openDatabase ?? openDiskDatabase,
    clock,
    defer: options.defer ?? ((slice) => void setImmediate(slice)),
    onFailure,
    onWrite: options.onWrite ?? (() => undefined),
    lagMs: options.lagMs ?? defaultLagMs,
    room: options.room ?? impatience,
    nextNumber: () => ++lastNumber,
  };
  const current = await findGeneration(surroundings.directory);
  let lastNumber = current ?? 1;
  if (current !== undefined) return openGeneration(surroundings, current, options.onLocked);
  return createFirstGeneration(surroundings, options.onLocked);
}

async function createFirstGeneration(surroundings: Surroundings, onLocked?: () => void): Promise<OpenedState> {
  const { directory, identity, initialMembership } = surroundings;
  const database = await openDatabaseOf(surroundings, { number: 1, createIfMissing: true });
  try {
    const ledger = new RowLedger();
    const members = initialMembershipRows(ledger, initialMembership);
    const head = { ...emptyHead, ...ledger.totals };
    await database.batch([...members, ...firstRows(identity, head)], { sync: true });
    await recordGeneration(directory, 1);
  } catch (error) {
    await database.close();
    throw error;
  }
  return stateOf(surroundings, { number: 1, database }, onLocked);
}

const emptyHead: Head = {
  ...new RowLedger().totals,
  previousIndex: 0,
  index: 0,
  term: 0,
  revision: emptyPosition.revision,
  compactRevision: emptyPosition.compactRevision,
};

/** The rows that make a database a state. */
export function firstRows(identity: Identity, head: Head): RowChange[] {
  return [formatRow(identity), { key: headKey, value: sealRow(headKey, encodeHead(head)).value }];
}

function formatRow(identity: Identity): RowChange {
  return { key: formatKey, value: sealRow(formatKey, encodeFormat(identity)).value };
}

function openDatabaseOf(
  { directory, openDatabase }: Surroundings,
  { number, createIfMissing }: { number: number; createIfMissing: boolean },
): Promise<StateDatabase> {
  return openDatabase({ directory: join(directory.path, generationName(number)), createIfMissing });
}

async function openGeneration(surroundings: Surroundings, number: number, onLocked?: () => void): Promise<OpenedState> {
  const database = await openDatabaseOf(surroundings, { number, createIfMissing: false });
  return stateOf(surroundings, { number, database }, onLocked);
}

/** What a database holds, which belongs to the state from now on. */
async function stateOf(
  surroundings: Surroundings,
  opened: NumberedDatabase,
  onLocked?: () => void,
): Promise<OpenedState> {
  const database = new LastingDatabase(opened, { ...surroundings, isCurrent: true });
  try {
    onLocked?.();
    const meter = createSizeMeter(surroundings, () => database.number);
    const [{ machine, ledger, head, format }] = await Promise.all([loadState(database, surroundings), meter.measure()]);
    if (format < formatVersion) await database.batch([formatRow(surroundings.identity)], { sync: true });
    const onWritten = (durationMs: number): void => {
      surroundings.onWrite(durationMs);
      meter.measureIfOld();
    };
    const writer = new StateWriter({ ...surroundings, machine, database, ledger, head, onWritten });
    const state = filesOf(surroundings, { machine, database, ledger, writer, meter });
    return { store: machine, state };
  } catch (error) {
    await database.close();
    throw refusedAt(join(surroundings.directory.path, generationName(opened.number)), error);
  }
}

interface OpenGeneration {
  readonly machine: StateMachine;
  readonly database: LastingDatabase;
  readonly ledger: RowLedger;
  readonly writer: StateWriter;
  readonly meter: SizeMeter;
}

function filesOf(surroundings: Surroundings, open: OpenGeneration): StateFiles {
  const { machine, database, ledger, writer, meter } = open;
  const emptyBytes = firstRows(surroundings.identity, emptyHead).reduce(
    (sum, { key, value }) => sum + key.length + (value?.length ?? 0),
    0,
  );
  let closing: Promise<void> | undefined;
  const shut = async (flush: () => Promise<void>): Promise<void> => {
    try {
      await flush();
    } finally {
      const ended = writer.close();
      database.giveUp();
      await ended;
      await meter.settled();
      await database.close();
    }
  };
  const files: StateFiles = {
    logSyncedTo: (index) => writer.logSyncedTo(index),
    get durable() {
      const { index, term } = writer.durable;
      return { index, term };
    },
    flush: () => writer.flush(),
    compacted: (revision) => writer.compacted(revision),
    reached: (revision) => writer.reached(revision),
    reachedEntry: (index) => writer.holds((head) => head.index >= index),
    async defragment() {
      await writer.flush();
      await database.compact();
      await meter.measure();
    },
    async hash(upTo) {
      await writer.reached(upTo);
      return hashStored({
        machine,
        database,
        settled: () => writer.holds((head) => head.compactRevision === machine.compactRevision),
        upTo,
      });
    },
    get sizeBytes() {
      return Math.max(meter.sizeBytes, ledger.bytes + emptyBytes);
    },
    get sizeInUseBytes() {
      return ledger.bytes + emptyBytes;
    },
    exportSnapshot: () => exportSnapshot(database, surroundings.identity),
    receiveSnapshot: (position) =>
      receiveSnapshot(surroundings, {
        position,
        supersedeOld: () => database.supersede(),
        async retireOld() {
          await (closing ??= shut(() => Promise.resolve()));
          await database.remove();
        },
      }),
    close: () => (closing ??= shut(() => writer.flush().catch(unlessNoRoom))),
  };
  return files;
}

/** What a closing state can't write any more the log holds. */
function unlessNoRoom(error: unknown): void {
  if (!isNoRoom(error) && !(error instanceof Error && isNoRoom(error.cause))) throw error as Error;
}

function exportSnapshot(database: StateDatabase, { clusterId }: Identity): ExportedSnapshot {
  const snapshot = database.snapshot();
  const value = snapshot.get(headKey);
  if (!value) throw stateDamaged('the database lost its head');
  const head = decodeHead(openRow(headKey, value).content);
  return {
    index: head.index,
    term: head.term,
    sizeBytes: snapshotBytes(head),
    chunks: streamSnapshot(snapshot, { head, clusterId }),
    close: () => snapshot.close(),
  };
}

async function receiveSnapshot(
  surroundings: Surroundings,
  target: {
    readonly position: EntryPosition;
    readonly supersedeOld: () => Promise<void>;
    readonly retireOld: () => Promise<void>;
  },
): Promise<IncomingSnapshot> {
  const { directory, identity, room } = surroundings;
  const { position, supersedeOld, retireOld } = target;
  const database = await beginGeneration(surroundings);
  const reader = new SnapshotReader({ clusterId: identity.clusterId });
  let waiting: RowChange[] = [];
  let waitingBytes = 0;
  let isOver = false;
  const writeWaiting = async (): Promise<void> => {
    const rows = waiting;
    waiting = [];
    waitingBytes = 0;
    await database.batch(rows, { sync: false });
  };
  const writeAll = async (): Promise<void> => {
    const head = reader.finish();
    if (head.index !== position.index || head.term !== position.term) {
      throw snapshotDamaged(`it is as of entry ${head.index}, not ${position.index}`);
    }
    await writeWaiting();
    await database.batch(firstRows(identity, head), { sync: true });
  };
  const abort = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    await database.close();
    await database.remove();
  };
  return {
    async write(chunk) {
      // The rows are views into the chunk, which is the caller's.
      waiting.push(...reader.read(chunk.slice()));
      waitingBytes += chunk.length;
      if (waitingBytes >= receiveBatchBytes) await writeWaiting();
    },
    async finish(replace) {
      try {
        await writeAll();
      } catch (error) {
        await abort();
        throw error;
      }
      isOver = true;
      await database.close();
      await supersedeOld();
      const { number } = database;
      await patiently(room, () => recordGeneration(directory, number));
      replace(await patiently(room, () => openGeneration(surroundings, number)));
      await retireOld();
    },
    abort,
  };
}

/** An empty one, which does not count. */
async function beginGeneration(surroundings: Surroundings): Promise<LastingDatabase> {
  const { directory, nextNumber } = surroundings;
  const number = nextNumber();
  await directory.removeGeneration(generationName(number));
  try {
    const database = await openDatabaseOf(surroundings, { number, createIfMissing: true });
    return new LastingDatabase({ number, database }, { ...surroundings, isCurrent: false });
  } catch (error) {
    await directory.removeGeneration(generationName(number));
    throw error;
  }
}
