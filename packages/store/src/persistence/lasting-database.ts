/**
 * A state database that outlives a full disk. A batch that finds no room is tried again until there is. Where LevelDB itself was
 * caught, which takes nothing any more then, the state goes over to a copy of its files that is opened beside it, as a generation
 * of its own:
 *
 *     generation 4 is spent → 5 is copied from it, opened, checked → the record says 5 → reads and batches go to 5
 *
 * Reads find the old one until the new one is there, and never none. Who reads a snapshot reads on in the old one, which goes
 * when the last of them has ended. A crash in between leaves one of the two as what counts, and both are whole.
 *
 * Invariant: the copy holds all batches that were written, and perhaps the one that failed. Its rows must add up to its head, and
 * that is the one of the old database, or of the batch that failed. To write a batch again changes nothing.
 */
import { join } from 'node:path';
import { OperatingError, codeOf, endAll } from '@flotilla/base';
import { generationName, recordGeneration } from './generations.ts';
import { isNoRoom, spent } from './no-room.ts';
import { decodeHead, headKey, openRow, stateDamaged } from './rows.ts';
import type { OpenDatabase, RowChange, StateDatabase, StateSnapshot } from './state-database.ts';
import type { StateDirectory } from './state-directory.ts';

/** Who waits for room on the disk of the state. */
export interface StateRoom {
  /** Repeats `write`, which has failed, for as long as it fails for want of room. @throws what it fails with in the end */
  repeat<T>(failed: unknown, write: () => Promise<T>): Promise<T>;
}

/** Of who does not wait. */
export const impatience: StateRoom = { repeat: (failed) => Promise.reject(failed as Error) };

/** Does `write`, again and again if it must wait for room. */
export async function patiently<T>(room: StateRoom, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isNoRoom(error)) throw error;
    return await room.repeat(error, write);
  }
}

export interface LastingOptions {
  readonly directory: StateDirectory;
  readonly openDatabase: OpenDatabase;
  readonly room: StateRoom;
  /** A number that no generation has yet. */
  readonly nextNumber: () => number;
  /** Told what made it impossible to put away a database that is done with. */
  readonly onFailure: (error: unknown) => void;
}

export interface NumberedDatabase {
  /** Of its generation. */
  readonly number: number;
  readonly database: StateDatabase;
}

export class LastingDatabase implements StateDatabase {
  readonly #options: LastingOptions;
  /** Whether its generation is the one that counts; otherwise nobody has said yet what its rows must be. */
  readonly #isCurrent: boolean;
  #now: NumberedDatabase;
  /** The row of the head in the last batch, which may be under way. */
  #nextHead: Uint8Array | undefined;
  #isSpent = false;
  #renewing: Promise<void> | undefined;
  /** Opened and checked; only the record may not say yet that it counts. */
  #successor: NumberedDatabase | undefined;
  #isSuperseded = false;
  #isClosed = false;
  #hasEnded = false;
  readonly #whenClosed: Promise<void>;
  #tellClosed: () => void = () => undefined;
  readonly #snapshots = new Map<NumberedDatabase, Set<StateSnapshot>>();
  /** Databases that are being put away. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(now: NumberedDatabase, { isCurrent, ...options }: LastingOptions & { readonly isCurrent: boolean }) {
    this.#now = now;
    this.#options = options;
    this.#isCurrent = isCurrent;
    this.#whenClosed = new Promise((resolve) => (this.#tellClosed = resolve));
  }

  /** Of the generation that it is in now. */
  get number(): number {
    return this.#now.number;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#now.database.get(key);
  }

  async batch(changes: readonly RowChange[], options: { readonly sync: boolean }): Promise<void> {
    const head = changes.findLast(({ key }) => Buffer.compare(key, headKey) === 0)?.value;
    // Memory of a batch is its caller's again afterwards.
    this.#nextHead = head && Uint8Array.from(head);
    await patiently(this.#options.room, () => this.#try((database) => database.batch(changes, options)));
  }

  snapshot(): StateSnapshot {
    const from = this.#now;
    const snapshot = from.database.snapshot();
    const open = this.#snapshots.get(from) ?? new Set();
    this.#snapshots.set(from, open.add(snapshot));
    return {
      get: (key) => snapshot.get(key),
      rows: () => snapshot.rows(),
      close: async () => {
        await snapshot.close();
        if (open.delete(snapshot)) this.#leaveIfUnread(from);
      },
    };
  }

  compact(): Promise<void> {
    return patiently(this.#options.room, () => this.#try((database) => database.compact()));
  }

  /** Another generation is about to count: from now on none of this one takes its place. Resolves when none is on its way to. */
  async supersede(): Promise<void> {
    this.#isSuperseded = true;
    await this.#settled();
  }

  /** What waits for room fails, at its next try. */
  giveUp(): void {
    this.#isClosed = true;
    this.#tellClosed();
  }

  async close(): Promise<void> {
    this.giveUp();
    await this.#settled();
    this.#hasEnded = true;
    for (const before of this.#snapshots.keys()) if (before !== this.#now) this.#leave(before);
    await Promise.all(this.#leaving);
    await endAll([() => this.#successor?.database.close(), () => this.#now.database.close()]);
  }

  /** Removes its files. It is closed, and its generation does not count. */
  async remove(): Promise<void> {
    for (const one of [this.#successor, this.#now]) {
      if (one) await this.#options.directory.removeGeneration(generationName(one.number));
    }
  }

  async #settled(): Promise<void> {
    await this.#renewing?.catch(() => 'whoever waits for it is told');
  }

  async #try(write: (database: StateDatabase) => Promise<void>): Promise<void> {
    // Its batches are of no more use then, and may not fail either: the one who waits for them would take it for the end.
    if (this.#isSpent && this.#isSuperseded) await this.#whenClosed;
    if (this.#isClosed) throw givenUp();
    if (this.#isSpent) {
      await (this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined)));
    }
    const { database } = this.#now;
    try {
      await write(database);
    } catch (error) {
      if (codeOf(error) === 'STATE_SPENT' && database === this.#now.database) this.#isSpent = true;
      throw error;
    }
  }

  async #renew(): Promise<void> {
    const successor = (this.#successor ??= await this.#makeSuccessor());
    const { number } = successor;
    // When this fails, the record may say either: both stay until it is known.
    if (this.#isCurrent) await recordGeneration(this.#options.directory, number);
    const before = this.#now;
    this.#now = successor;
    this.#successor = undefined;
    this.#isSpent = false;
    this.#leaveIfUnread(before);
  }

  async #makeSuccessor(): Promise<NumberedDatabase> {
    const { directory, openDatabase, nextNumber } = this.#options;
    const number = nextNumber();
    const name = generationName(number);
    let database: StateDatabase | undefined;
    try {
      const before = generationName(this.#now.number);
      const isWhole = await directory.copyGeneration(before, name);
      if (!isWhole) throw spent(join(directory.path, before), new Error('its files are still being changed'));
      database = await openDatabase({ directory: join(directory.path, name), createIfMissing: false });
      if (this.#isCurrent) await this.#check(database);
      return { number, database };
    } catch (error) {
      await database?.close();
      await directory.removeGeneration(name);
      throw error;
    }
  }

  /** @throws OperatingError when the rows are not those that were written. */
  async #check(database: StateDatabase): Promise<void> {
    const found = database.get(headKey);
    const heads = [this.#now.database.get(headKey), this.#nextHead];
    if (!found || !heads.some((head) => head && Buffer.compare(head, found) === 0)) {
      const reason = 'the state lost batches on a full disk; the log has what they held: start again';
      throw new OperatingError('STATE_WRITE_FAILED', reason);
    }
    const head = decodeHead(openRow(headKey, found).content);
    const rows = { rowCount: 0, rowBytes: 0, digest: 0 };
    const snapshot = database.snapshot();
    try {
      for await (const { key, value } of snapshot.rows()) {
        if (key.length === 1) continue;
        rows.rowCount++;
        rows.rowBytes += key.length + value.length;
        rows.digest = (rows.digest + openRow(key, value).checksum) % 2 ** 52;
      }
    } finally {
      await snapshot.close();
    }
    if (rows.rowCount !== head.rowCount || rows.rowBytes !== head.rowBytes || rows.digest !== head.digest) {
      throw stateDamaged(`its ${rows.rowCount} rows are not the ${head.rowCount} that were written`);
    }
  }

  #leaveIfUnread(one: NumberedDatabase): void {
    if (this.#hasEnded || one === this.#now || (this.#snapshots.get(one)?.size ?? 0) > 0) return;
    this.#leave(one);
  }

  /** It is not read any more, and does not count. */
  #leave(one: NumberedDatabase): void {
    this.#snapshots.delete(one);
    const { directory, onFailure } = this.#options;
    const leaving = one.database
      .close()
      .then(() => directory.removeGeneration(generationName(one.number)))
      .catch(onFailure)
      .finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }
}

function givenUp(): OperatingError {
  return new OperatingError('STATE_CLOSED', 'the state is closed before there was room for it');
}
