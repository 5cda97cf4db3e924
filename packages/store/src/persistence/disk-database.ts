/**
 * The state database on disk: LevelDB, with large values in files beside it. LevelDB writes what it is given to its log, to a
 * table and again to other tables; a value in a file is written once.
 *
 * A batch with enough of large values appends these to a file, syncs it, and only then gives LevelDB the batch, with their
 * places instead. So what a place leads to is on disk before the place can be, and LevelDB's promises stay those of the whole.
 *
 * What is overwritten or deleted is dead. A file without a living value is removed once a synced batch has made its death
 * durable and no snapshot reads it; of a file that is mostly dead, what lives is moved by batches that are written anyhow.
 * Before the first synced batch nothing is removed: whoever opened the database may refuse it, and want it as it was.
 */
import { bytesToText } from '../bytes.ts';
import { type LevelDatabase, type LevelSnapshot, openLevelDatabase } from './level-database.ts';
import { LiveValues } from './live-values.ts';
import { mergeRows } from './row-merge.ts';
import { stateDamaged } from './rows.ts';
import type { OpenDatabaseOptions, RowChange, StateDatabase, StateSnapshot } from './state-database.ts';
import { ValueFiles, type ValueFilesOptions } from './value-files.ts';
import { ValueMoves } from './value-moves.ts';
import {
  type PlacedRow,
  type ValuePlace,
  decodePlace,
  encodePlace,
  ownRows,
  placeKey,
  placeRows,
  placedRowOf,
} from './value-place.ts';
import { readValues, readWindow } from './value-reader.ts';

/** Shorter values always stay in LevelDB. */
const leastValueBytes = 2 * 1024;
/** With less of large values, a batch is not worth a sync of its own: it stays in LevelDB whole. */
const leastAppendBytes = 64 * 1024;
/** Share of a file in use below which the rest of it is moved: while it runs, and when space is asked back. */
const mostInUse = 1 / 2;
const mostInUseCompacted = 7 / 8;
/** Deleted when a batch must be synced that has no changes: LevelDB leaves out an empty one. */
const nothing: RowChange = { key: placeRows.gte, value: undefined };

export type OpenDiskDatabaseOptions = OpenDatabaseOptions & ValueFilesOptions;

/** @throws OperatingError `STATE_LOCKED` when another process has it open, `STATE_DAMAGED` when it cannot be opened. */
export async function openDiskDatabase(options: OpenDiskDatabaseOptions): Promise<StateDatabase> {
  const level = await openLevelDatabase(options);
  try {
    const files = await ValueFiles.open(options);
    const database = new DiskDatabase({ level, files, live: await findLiveValues(level, files) });
    return {
      get: (key) => database.get(key),
      batch: (changes, { sync }) => database.batch(changes, { sync }),
      snapshot: () => database.snapshot(),
      compact: () => database.compact(),
      close: () => database.close(),
    };
  } catch (error) {
    await level.close();
    throw error;
  }
}

async function findLiveValues(level: LevelDatabase, files: ValueFiles): Promise<LiveValues> {
  const live = new LiveValues();
  const snapshot = level.snapshot();
  try {
    for await (const rows of placedRows(snapshot)) {
      for (const { key, place } of rows) {
        files.check(place);
        live.set(bytesToText(key), place);
      }
    }
  } finally {
    await snapshot.close();
  }
  return live;
}

async function* placedRows(snapshot: LevelSnapshot): AsyncGenerator<readonly PlacedRow[], void> {
  for await (const rows of snapshot.rows(placeRows)) yield rows.map(placedRowOf);
}

interface Parts {
  readonly level: LevelDatabase;
  readonly files: ValueFiles;
  readonly live: LiveValues;
}

class DiskDatabase {
  readonly #level: LevelDatabase;
  readonly #files: ValueFiles;
  readonly #live: LiveValues;
  readonly #moves: ValueMoves;
  readonly #snapshots = new Set<LevelSnapshot>();
  /** Number of a file that is to be removed → the snapshots that may read it. */
  readonly #held = new Map<number, Set<LevelSnapshot>>();
  /** Ends when the write under way does: one at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor({ level, files, live }: Parts) {
    this.#level = level;
    this.#files = files;
    this.#live = live;
    this.#moves = new ValueMoves({ files, live });
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#mustBeOpen();
    const place = this.#live.placeOf(bytesToText(key));
    // A batch under way may have taken the value out of LevelDB already.
    return place ? this.#files.read(place) : (this.#level.get(key) ?? this.#placed(this.#level.get(placeKey(key))));
  }

  batch(changes: readonly RowChange[], { sync }: { readonly sync: boolean }): Promise<void> {
    return this.#inTurn(async () => {
      const large = largeValues(changes);
      const moved = large.length > 0 || sync ? await this.#take(mostInUse, changes) : [];
      await this.#write(changes, { large, moved, sync });
    });
  }

  snapshot(): StateSnapshot {
    const snapshot = this.#level.snapshot();
    this.#snapshots.add(snapshot);
    return {
      get: (key) => this.#placed(snapshot.get(placeKey(key))) ?? snapshot.get(key),
      rows: () => mergeRows(snapshot.rows(ownRows), readValues(placedRows(snapshot), this.#files)),
      close: async () => {
        await snapshot.close();
        await this.#release(snapshot);
      },
    };
  }

  async compact(): Promise<void> {
    await this.#inTurn(() => this.#files.endCurrent());
    const moveSome = async (): Promise<boolean> => {
      const moved = await this.#take(mostInUseCompacted, []);
      if (moved.length > 0) await this.#write([], { large: [], moved, sync: false });
      return moved.length > 0;
    };
    while (await this.#inTurn(moveSome));
    await this.batch([], { sync: true });
    await this.#level.compact();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.#inTurn(async () => {
      this.#isClosed = true;
      await this.#files.close();
      await this.#level.close();
    });
  }

  #mustBeOpen(): void {
    if (this.#isClosed) throw stateDamaged('the database is not open');
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => {
      this.#mustBeOpen();
      return work();
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #placed(encoded: Uint8Array | undefined): Uint8Array | undefined {
    return encoded && this.#files.read(decodePlace(encoded));
  }

  /** Values to be moved, read, but for those of rows that change. */
  async #take(share: number, changes: readonly RowChange[]): Promise<readonly LargeValue[]> {
    const part = this.#moves.take(share);
    if (part.length === 0) return [];
    const changed = new Set(changes.map(({ key }) => bytesToText(key)));
    return readWindow(
      part.filter(({ key }) => !changed.has(bytesToText(key))),
      this.#files,
    );
  }

  /** @param values of `changes`, `large` go to a file; so do `moved`, which are none of the changes. */
  async #write(
    changes: readonly RowChange[],
    values: { readonly large: readonly LargeValue[]; readonly moved: readonly LargeValue[]; readonly sync: boolean },
  ): Promise<void> {
    const appended = [...values.large, ...values.moved];
    const places = appended.length > 0 ? await this.#files.append(appended.map(({ value }) => value)) : [];
    const placeOf = new Map<RowChange, ValuePlace>(places.map((place, i) => [appended[i] as LargeValue, place]));
    const placed = new PlacedChanges(this.#live);
    for (const change of [...changes, ...values.moved]) placed.add(change, placeOf.get(change));
    const { sync } = values;
    await this.#level.batch(sync && placed.ofLevel.length === 0 ? [nothing] : placed.ofLevel, { sync });
    placed.settle();
    if (sync) await this.#removeDead();
  }

  async #removeDead(): Promise<void> {
    for (const { number } of this.#files.finished()) {
      if (this.#live.isInUse(number) || this.#held.has(number)) continue;
      if (this.#snapshots.size > 0) this.#held.set(number, new Set(this.#snapshots));
      else await this.#files.remove(number);
    }
  }

  async #release(snapshot: LevelSnapshot): Promise<void> {
    this.#snapshots.delete(snapshot);
    for (const [number, snapshots] of this.#held) {
      snapshots.delete(snapshot);
      if (snapshots.size > 0 || this.#isClosed) continue;
      this.#held.delete(number);
      await this.#files.remove(number);
    }
  }
}

/** A change with a value that goes to a file. */
type LargeValue = RowChange & { readonly value: Uint8Array };

/** The large values of a batch, if they are worth it. */
function largeValues(changes: readonly RowChange[]): readonly LargeValue[] {
  const large = changes.filter((change): change is LargeValue => (change.value?.length ?? 0) >= leastValueBytes);
  const bytes = large.reduce((sum, { value }) => sum + value.length, 0);
  return bytes >= leastAppendBytes ? large : [];
}

/** Changes as LevelDB gets them: a row has its value there, or its place, and never both. */
class PlacedChanges {
  readonly ofLevel: RowChange[] = [];
  readonly #live: LiveValues;
  /** Key as text → the row's place after the changes so far. */
  readonly #places = new Map<string, ValuePlace | undefined>();

  constructor(live: LiveValues) {
    this.#live = live;
  }

  /** @param place of the value, if that is in a file. */
  add({ key, value }: RowChange, place: ValuePlace | undefined): void {
    const name = bytesToText(key);
    const before = this.#places.has(name) ? this.#places.get(name) : this.#live.placeOf(name);
    if (place) {
      this.ofLevel.push({ key: placeKey(key), value: encodePlace(place) });
      if (!before) this.ofLevel.push({ key, value: undefined });
    } else {
      if (value || !before) this.ofLevel.push({ key, value });
      if (before) this.ofLevel.push({ key: placeKey(key), value: undefined });
    }
    this.#places.set(name, place);
  }

  /** LevelDB has them. */
  settle(): void {
    for (const [name, place] of this.#places) this.#live.set(name, place);
  }
}
