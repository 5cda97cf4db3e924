/** LevelDB, as far as the state database needs it: rows by key, batches, snapshots. */
import { Level } from 'level';
import { OperatingError, assert, codeOf, messageOf, syncDirectory } from '@flotilla/base';
import { checkTables } from './leveldb-files/check-tables.ts';
import { noRoom, spent, tellsNoRoom } from './no-room.ts';
import { stateDamaged, stateLocked } from './rows.ts';
import type {
  OpenDatabaseOptions,
  Row,
  RowChange,
  StateDatabase,
  StateSnapshot,
  SyncOptions,
} from './state-database.ts';

/** Before and after every row's key. */
const firstKey = Buffer.of(0);
const lastKey = Buffer.of(255);
const encoding = { keyEncoding: 'view', valueEncoding: 'view' } as const;
/** Rows are pages of some 16 KiB: a read brings up to this much. */
const scan = { ...encoding, fillCache: false, highWaterMarkBytes: 1024 * 1024 } as const;
const rowsPerRead = 1024;

/**
 * Measured with a million keys, see docs/decisions/store-history-in-pages.md. Files are mapped into memory, so the number
 * that are open bounds that; pages are cached above, so that blocks need not be.
 */
const tuning = { writeBufferSize: 8 * 1024 * 1024, cacheSize: 1024 * 1024, maxOpenFiles: 74 } as const;

/** Keys from `gte` on, and before `lt`. */
export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

export interface LevelSnapshot extends Omit<StateSnapshot, 'rows'> {
  /** The rows of a range by key, several at a time; LevelDB reads on while these are worked on. */
  rows(range: KeyRange): AsyncGenerator<readonly Row[], void>;
}

export interface LevelDatabase extends Omit<StateDatabase, 'snapshot'> {
  snapshot(): LevelSnapshot;
}

/**
 * @throws OperatingError `STATE_LOCKED` when another process has it open, `STATE_NO_ROOM` when its disk has none, `STATE_DAMAGED`
 *   when it cannot be opened, or a table is not as it was written.
 */
export async function openLevelDatabase(options: OpenDatabaseOptions & SyncOptions): Promise<LevelDatabase> {
  const { directory, createIfMissing, syncs = true } = options;
  // The copy of a database that a full disk caught is read too: its tables may be as old as the member.
  await checkTables(directory);
  // It opens by itself in the next turn.
  const level = new Level<Uint8Array, Uint8Array>(directory, { ...encoding, ...tuning, createIfMissing });
  try {
    await level.open();
  } catch (error) {
    throw openFailure(directory, error);
  }
  try {
    // LevelDB has renamed its CURRENT, and does not wait for that to be durable.
    if (syncs) await syncDirectory(directory);
  } catch (error) {
    await level.close();
    throw error;
  }
  let failure: unknown;
  return {
    get: (key) => readOrRefuse(directory, () => level.getSync(key)),
    async batch(changes, { sync }) {
      // What LevelDB writes behind half a record it loses at the next start, and says nothing.
      if (failure !== undefined) throw failure as Error;
      try {
        await level.batch(changes.map(operationOf), { sync: sync && syncs });
      } catch (error) {
        throw (failure = tellsNoRoom(messageOf(error)) ? spent(directory, error) : error) as Error;
      }
    },
    snapshot: () => snapshotOf(level, directory),
    compact: () => compactRange(level),
    close: () => level.close(),
  };
}

/** LevelDB's own call for it, which the types of `level` leave out because browsers have none. */
async function compactRange(level: object): Promise<void> {
  assert('compactRange' in level && typeof level.compactRange === 'function', 'level runs on LevelDB');
  await level.compactRange(firstKey, lastKey, encoding);
}

function operationOf({ key, value }: RowChange) {
  return value ? { type: 'put' as const, key, value } : { type: 'del' as const, key };
}

function snapshotOf(level: Level<Uint8Array, Uint8Array>, directory: string): LevelSnapshot {
  const snapshot = level.snapshot();
  async function* rows(range: KeyRange): AsyncGenerator<readonly Row[], void> {
    const iterator = level.iterator({ ...scan, ...range, snapshot });
    const read = (): Promise<Result> => iterator.nextv(rowsPerRead).then(toEntries, toError);
    try {
      for (let next = read(); ;) {
        const result = await next;
        if ('error' in result) throw result.error;
        if (result.entries.length === 0) return;
        next = read();
        yield result.entries.map(([key, value]) => ({ key, value }));
      }
    } catch (error) {
      throw readFailure(directory, error);
    } finally {
      await iterator.close();
    }
  }
  return {
    get: (key) => readOrRefuse(directory, () => level.getSync(key, { ...encoding, snapshot })),
    rows,
    close: () => snapshot.close(),
  };
}

/** What a read came to: a read ahead may fail while nobody waits for it. */
type Result = { readonly entries: [Uint8Array, Uint8Array][] } | { readonly error: unknown };

const toEntries = (entries: [Uint8Array, Uint8Array][]): Result => ({ entries });
const toError = (error: unknown): Result => ({ error });

function readOrRefuse<T>(directory: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw readFailure(directory, error);
  }
}

/** LevelDB notices some damage itself, but says so in words of its own. */
function readFailure(directory: string, error: unknown): OperatingError {
  return stateDamaged(`${directory} cannot be read (${messageOf(error)})`, error);
}

function openFailure(directory: string, error: unknown): OperatingError {
  const cause = error instanceof Error ? error.cause : undefined;
  if (codeOf(cause) === 'LEVEL_LOCKED') return stateLocked(directory, cause);
  if (tellsNoRoom(messageOf(cause))) return noRoom(directory, error);
  return stateDamaged(`${directory} cannot be opened (${messageOf(cause ?? error)})`, error);
}
