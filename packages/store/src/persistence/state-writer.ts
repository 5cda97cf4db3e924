/**
 * Writes what was applied to the database, behind the requests: in batches, one at a time, never further than the
 * member's own log has synced. Most batches are not synced; one that is makes all before it durable.
 *
 * Each batch carries the head: the applied index it leads to, the one before it, and the sum over all rows.
 *
 * It also finishes compactions, in slices, once the batch that holds them is written: what a compaction dropped from
 * memory must not be missing from a state on disk that knows nothing of it.
 */
import { type Clock, OperatingError, type Timer, codeOf, messageOf } from '@flotilla/base';
import { type Compaction, startCompaction } from '../mvcc/compaction.ts';
import type { AppliedBatch, StateMachine } from '../state-machine.ts';
import { authRowChanges } from './auth-rows.ts';
import { membershipRowChanges } from './membership-rows.ts';
import type { RowLedger } from './row-ledger.ts';
import { RowMemory } from './row-memory.ts';
import { type Head, alarmKey, encodeHead, encodeLease, headKey, leaseKey, pageKey, sealRow } from './rows.ts';
import type { RowChange, StateDatabase } from './state-database.ts';

/** A batch is written once this much waits, or after `lagMs`: the more seldom, the less it is in the way of those that wait for the log. */
const writeBytes = 1024 * 1024;
export const defaultLagMs = 1000;
/** A batch is synced once the last synced one is this old, or when asked. */
const syncIntervalMs = 1000;
/** Well below a millisecond of work, unless the processor is slow or the code is still cold: then the time ends a slice. */
const pagesPerSlice = 4;
const sliceMs = 1;

export interface StateWriterOptions {
  readonly machine: StateMachine;
  readonly database: StateDatabase;
  readonly ledger: RowLedger;
  readonly head: Head;
  readonly clock: Clock;
  /** How long a change waits at most, milliseconds, once the log has synced it. */
  readonly lagMs: number;
  /** Runs the next slice of a compaction later: how much later is its pace. The one before took `tookMs`. */
  readonly defer: (slice: () => void, tookMs: number) => void;
  readonly onFailure: (error: unknown) => void;
  /** Called after a batch was written. */
  readonly onWritten: (durationMs: number) => void;
}

export class StateWriter {
  readonly #options: StateWriterOptions;
  readonly #unfollow: () => void;
  /** Applied, and not yet synced by the log. */
  readonly #unsynced: AppliedBatch[] = [];
  /** May be written. A batch that changes no row but pages says how far they go, which the next one says for both. */
  #waiting: AppliedBatch[] = [];
  #logSyncedIndex: number;
  #head: Head;
  #durable: Head;
  #lastSyncMs: number;
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #compaction: Compaction | undefined;
  #compactedTo: number;
  /** Those who wait for the next batch to be written. */
  #awaitingWrite: (() => void)[] = [];
  /** Those who wait for a compaction to end. */
  #awaitingCompaction: (() => void)[] = [];
  /** A compaction has cleaned pages that no batch has taken yet. */
  #hasCleanedPages = false;
  /** For the pages of the batch under way. */
  readonly #memory = new RowMemory();
  #failure: OperatingError | undefined;
  #isClosed = false;

  constructor(options: StateWriterOptions) {
    this.#options = options;
    this.#head = options.head;
    this.#durable = options.head;
    this.#logSyncedIndex = options.head.index;
    this.#compactedTo = options.head.compactRevision;
    this.#lastSyncMs = options.clock.monotonicMs();
    this.#unfollow = options.machine.follow((batch) => {
      this.#unsynced.push(batch);
      this.#admitSynced();
    });
  }

  /** As of the last batch that was handed to the database. */
  get head(): Head {
    return this.#head;
  }

  /** As of the last batch that was written with sync. */
  get durable(): Head {
    return this.#durable;
  }

  logSyncedTo(index: number): void {
    this.#logSyncedIndex = index;
    this.#admitSynced();
  }

  /** Writes and syncs all that may be written. @throws what made an earlier write fail. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isClosed) return;
    if (!this.#hasWork() && !this.#hasCleanedPages && this.#durable.index === this.#head.index) return;
    this.#start({ sync: true });
    await this.flush();
  }

  /** Resolves when the database holds a revision, durably; or when this is closed. @throws what made a write fail. */
  reached(revision: number): Promise<void> {
    return this.holds((head) => head.revision >= revision);
  }

  /** Resolves when the database holds a state of which `condition` is true, durably; or when this is closed. */
  async holds(condition: (head: Head) => boolean): Promise<void> {
    await this.flush();
    while (!this.#isClosed && !condition(this.#head)) {
      await new Promise<void>((resolve) => this.#awaitingWrite.push(resolve));
      await this.flush();
    }
  }

  /**
   * Resolves when what a compaction made unreachable is gone, from the disk too; or when this is closed.
   * @throws what made a write fail.
   */
  async compacted(revision: number): Promise<void> {
    await this.flush();
    while (!this.#isClosed && this.#failure === undefined && this.#compactedTo < revision) {
      await new Promise<void>((resolve) => this.#awaitingCompaction.push(resolve));
    }
    await this.flush();
  }

  /** Lets the write under way end; nothing is written any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#unfollow();
    this.#compactionEnded();
    this.#writeEnded();
    while (this.#writing) await this.#writing;
  }

  #admitSynced(): void {
    const waiting = this.#waiting;
    let admitted = 0;
    for (const batch of this.#unsynced) {
      if (batch.index > this.#logSyncedIndex) break;
      const last = waiting.at(-1);
      if (last && !changesRows(last)) waiting.pop();
      waiting.push(batch);
      admitted++;
    }
    if (admitted > 0) this.#unsynced.splice(0, admitted);
    this.#schedule();
  }

  #hasWork(): boolean {
    return this.#waiting.length > 0;
  }

  #schedule(): void {
    if (this.#isClosed || this.#failure !== undefined || this.#writing || !this.#hasWork()) return;
    if (this.#options.machine.keyspace.history.dirtyBytes >= writeBytes) return this.#start({ sync: false });
    const { clock, lagMs } = this.#options;
    this.#timer ??= clock.after(lagMs, () => this.#start({ sync: false }), { unref: true });
  }

  #start({ sync }: { readonly sync: boolean }): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#isClosed || this.#writing) return;
    const now = this.#options.clock.monotonicMs();
    const isDue = now - this.#lastSyncMs >= syncIntervalMs;
    this.#writing = this.#write({ sync: sync || isDue })
      .catch((error: unknown) => {
        // It waited for room, and was closed meanwhile: the log, or another state, has what the batch held.
        if (codeOf(error) !== 'STATE_CLOSED') this.#fail(error);
      })
      .finally(() => {
        this.#writing = undefined;
        this.#writeEnded();
        this.#schedule();
      });
  }

  async #write({ sync }: { readonly sync: boolean }): Promise<void> {
    const { machine, database, clock, onWritten } = this.#options;
    const batches = this.#takeWaiting();
    const last = batches.at(-1);
    this.#hasCleanedPages = false;
    const pages = machine.keyspace.history.takeChanges(last?.revision ?? this.#head.revision);
    const changes = [...this.#rowChanges(batches), ...this.#pageChanges(pages.changes)];
    const head = this.#nextHead(last);
    changes.push({ key: headKey, value: sealRow(headKey, encodeHead(head)).value });
    this.#head = head;
    const beganMs = clock.monotonicMs();
    if (sync) this.#lastSyncMs = beganMs;
    await database.batch(changes, { sync });
    pages.settle();
    if (sync) this.#durable = head;
    onWritten(clock.monotonicMs() - beganMs);
    this.#compact();
  }

  #takeWaiting(): readonly AppliedBatch[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  #nextHead(last: AppliedBatch | undefined): Head {
    const { totals } = this.#options.ledger;
    if (!last) return { ...this.#head, ...totals, previousIndex: this.#head.index };
    const { index, term, revision, compactRevision } = last;
    return { ...totals, previousIndex: this.#head.index, index, term, revision, compactRevision };
  }

  #rowChanges(batches: readonly AppliedBatch[]): RowChange[] {
    const { ledger } = this.#options;
    const changes: RowChange[] = [];
    for (const [id, lease] of new Map(batches.flatMap((batch) => batch.leases))) {
      const key = leaseKey(id);
      changes.push(lease ? ledger.put(key, encodeLease(lease)) : ledger.delete(key));
    }
    for (const { active, ...alarm } of batches.flatMap((batch) => batch.alarms)) {
      const key = alarmKey(alarm);
      changes.push(active ? ledger.put(key, new Uint8Array(0)) : ledger.delete(key));
    }
    changes.push(...membershipRowChanges(ledger, batches), ...authRowChanges(ledger, batches));
    return changes;
  }

  #pageChanges(
    pages: readonly { name: { main: number; sub: number }; records: Uint8Array | undefined }[],
  ): RowChange[] {
    const { ledger } = this.#options;
    // The batch before has ended: one is written at a time.
    this.#memory.begin();
    return pages.map(({ name, records }) => {
      const key = pageKey(name);
      return records ? ledger.put(key, records, this.#memory) : ledger.delete(key);
    });
  }

  /** Starts to drop what the written compactions made unreachable. */
  #compact(): void {
    const to = this.#head.compactRevision;
    if (this.#compaction || to <= this.#compactedTo) return;
    this.#compaction = startCompaction(this.#options.machine.keyspace, { from: this.#compactedTo, to });
    const { clock, defer } = this.#options;
    const slice = (): void => {
      if (this.#isClosed || this.#failure !== undefined || !this.#compaction) return;
      const beganMs = clock.monotonicMs();
      const tookMs = (): number => clock.monotonicMs() - beganMs;
      try {
        if (!this.#compaction.step((pages) => pages < pagesPerSlice && tookMs() < sliceMs)) {
          // What is left of pages is written as it comes, and not in one large batch at the end.
          if (this.#options.machine.keyspace.history.dirtyBytes >= writeBytes) this.#start({ sync: false });
          return defer(slice, tookMs());
        }
      } catch (error) {
        return this.#fail(error);
      }
      this.#compaction = undefined;
      this.#compactedTo = to;
      this.#hasCleanedPages = true;
      this.#compactionEnded();
      // The cleaned pages are written with the next batch; a state at rest gets one of its own.
      this.#start({ sync: false });
    };
    defer(slice, 0);
  }

  #writeEnded(): void {
    const waiting = this.#awaitingWrite;
    this.#awaitingWrite = [];
    for (const resolve of waiting) resolve();
  }

  #compactionEnded(): void {
    const waiting = this.#awaitingCompaction;
    this.#awaitingCompaction = [];
    for (const resolve of waiting) resolve();
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error instanceof OperatingError ? error : writeFailure(error);
    this.#timer?.cancel();
    this.#compactionEnded();
    // Whoever is closed was told to give up.
    if (!this.#isClosed) this.#options.onFailure(this.#failure);
  }
}

/** Beside those of pages. */
function changesRows({ leases, alarms, membership, auth }: AppliedBatch): boolean {
  return leases.length > 0 || alarms.length > 0 || membership !== undefined || auth !== undefined;
}

function writeFailure(error: unknown): OperatingError {
  const message = `the applied state could not be written (${messageOf(error)}): make room on its disk, then start again`;
  return new OperatingError('STATE_WRITE_FAILED', message, { cause: error });
}
