/**
 * The durable log of a member: segments and witness together. One `append` is one write and one fdatasync.
 *
 * Invariants: at most one write is in flight; a term or vote is durable in log and witness when `append` resolves; no mark runs
 * ahead of what the log has synced. The segment's mark follows with the next batch; the witness's once nothing was written for
 * 100 ms, or after a second at the latest: its sync shares the disk with those that clients wait for.
 * A write that finds no room waits until there is. Any other failure of a write or sync fails the log for good: what the disk
 * holds then is known only after a new start.
 */
import { join } from 'node:path';
import {
  type Clock,
  type Logger,
  OperatingError,
  type Timer,
  allEnded,
  assert,
  endAll,
  messageOf,
} from '@flotilla/base';
import type { Entry, EntryId, HardState } from '@flotilla/raft';
import type { Files, OpenFile } from './files.ts';
import { type LogRecord, runsOfOneTerm } from './record.ts';
import type { RecoveredLog, SegmentExtent } from './recovery.ts';
import type { MemberIdentity } from './refusal.ts';
import { RoomWait } from './room-wait.ts';
import { BatchBuffer, SegmentWriter } from './segment-writer.ts';
import { encodeSegmentStart, recordsOffset, segmentName } from './segment.ts';
import type { Witness, WitnessState } from './witness.ts';

/** The witness's mark follows the log once that has rested for this time, milliseconds. */
const restMs = 100;
/** It follows a log that never rests after this time. */
const defaultWitnessLagMs = 1000;
export const defaultSegmentBytes = 64 * 1024 * 1024;

export interface DurableLogOptions {
  readonly files: Files;
  /** Of the segments. */
  readonly directory: string;
  readonly identity: MemberIdentity;
  readonly witness: Witness;
  readonly recovered: RecoveredLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A segment is followed by a new one when its records have grown to this. */
  readonly segmentBytes?: number;
  /** How long the witness's mark may stay behind the log, milliseconds. */
  readonly witnessLagMs?: number;
  /** Told the duration of each write of a batch with its fdatasync, milliseconds, and the bytes of the batch. */
  readonly onSync?: (durationMs: number, bytes: number) => void;
  /** Told once when a write outside of `append` failed. */
  readonly onFailure: (error: Error) => void;
}

/** What one write makes durable, in this order. */
export interface LogBatch {
  readonly hardState?: HardState | undefined;
  readonly entries?: readonly Entry[];
  /** See `LogRecord`. */
  readonly installing?: EntryId;
}

export interface DurableLog {
  /** The last entry that is durable. */
  readonly synced: EntryId;
  readonly hardState: HardState;
  readonly segmentCount: number;
  /** A write has found no room on the disk, and is tried again and again. */
  readonly waitsForRoom: boolean;
  /** From now on a write without room fails, one that waits too. */
  giveUpWaiting(): void;
  /** Entries that stand from the first one's index on are void from now. One call at a time. */
  append(batch: LogBatch): Promise<void>;
  /**
   * As `append`, for a caller that has nothing else to do: it is held up when that is expected to be short.
   * @returns undefined when the batch is durable already
   */
  appendNow(batch: LogBatch): Promise<void> | undefined;
  /** A snapshot that ends with this entry has become the state: the log begins anew behind it. */
  restart(at: EntryId): Promise<void>;
  /** Removes the segments that hold nothing above `index`. */
  truncateFront(index: number): Promise<void>;
  close(): Promise<void>;
}

/** Goes on with a log that was read and put in order. */
export async function openDurableLog(options: DurableLogOptions): Promise<DurableLog> {
  const newest = options.recovered.segments.at(-1);
  assert(newest !== undefined, 'a recovered log has a segment');
  const file = await options.files.open(join(options.directory, segmentName(newest.number)), 'existing');
  return new SegmentedLog(options, file);
}

/** Begins the log of an empty directory with its first segment. */
export async function createLog({
  files,
  directory,
  identity,
}: Pick<DurableLogOptions, 'files' | 'directory' | 'identity'>): Promise<void> {
  const file = await files.open(join(directory, segmentName(1)), 'create');
  const header = { number: 1, firstIndex: 1, previousTerm: 0, restart: false, previousCrc: 0, previousBatch: 0 };
  await allEnded([file.write(encodeSegmentStart(identity, header).writes), files.syncDirectory(directory)]);
  await file.close();
}

class SegmentedLog implements DurableLog {
  /** Without what was recovered, which would stay in memory. */
  readonly #options: Omit<DurableLogOptions, 'recovered'>;
  readonly #segments: SegmentExtent[];
  readonly #buffer = new BatchBuffer();
  readonly #segmentBytes: number;
  readonly #witnessLagMs: number;
  readonly #room: RoomWait;
  #writer: SegmentWriter;
  #hardState: HardState;
  #last: EntryId;
  #synced: EntryId;
  /** Term of each entry that may still be cut off; index of the first one beside it. */
  #terms: { readonly first: number; readonly list: number[] };
  #busy = false;
  #failure: Error | undefined;
  #witnessWrite: Promise<void> | undefined;
  #markTimer: Timer | undefined;
  #closed = false;

  constructor({ recovered, ...options }: DurableLogOptions, file: OpenFile) {
    const { segmentBytes = defaultSegmentBytes, witnessLagMs = defaultWitnessLagMs } = options;
    this.#options = options;
    this.#room = new RoomWait({ ...options, who: 'the log' });
    this.#segments = [...recovered.segments];
    this.#segmentBytes = segmentBytes;
    this.#witnessLagMs = witnessLagMs;
    this.#writer = new SegmentWriter(file, recovered.tail, { buffer: this.#buffer, segmentBytes });
    this.#hardState = recovered.hardState;
    this.#terms = { first: recovered.base.index, list: [recovered.base.term, ...recovered.entries.map((e) => e.term)] };
    this.#last = recovered.entries.at(-1) ?? recovered.base;
    this.#synced = { index: this.#last.index, term: this.#last.term };
  }

  get synced(): EntryId {
    return this.#synced;
  }

  get hardState(): HardState {
    return this.#hardState;
  }

  get segmentCount(): number {
    return this.#segments.length;
  }

  get waitsForRoom(): boolean {
    return this.#room.isWaiting;
  }

  giveUpWaiting(): void {
    this.#room.giveUp();
  }

  async append(batch: LogBatch): Promise<void> {
    this.#enter();
    await this.#guarded(this.#append(batch));
  }

  appendNow(batch: LogBatch): Promise<void> | undefined {
    this.#enter();
    if (!this.#isPlain(batch)) return this.#guarded(this.#append(batch));
    const written = this.#write(this.#recordsOf(batch), { mayBlock: true });
    if (written) return this.#guarded(written.then(() => this.#appended(batch)));
    this.#appended(batch);
    this.#busy = false;
    return undefined;
  }

  async restart(at: EntryId): Promise<void> {
    this.#enter();
    await this.#guarded(this.#restart(at));
  }

  async truncateFront(index: number): Promise<void> {
    let removable = 0;
    for (const [i, segment] of this.#segments.entries()) {
      if (i > 0 && segment.lowestIndex - 1 <= index) removable = i;
    }
    const drop = Math.min(index, this.#last.index) - this.#terms.first;
    if (drop > 0) this.#terms = { first: this.#terms.first + drop, list: this.#terms.list.slice(drop) };
    await this.#removeSegments(removable);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#markTimer?.cancel();
    await this.#witnessWrite?.catch((error: unknown) => this.#fail(error));
    await endAll([
      async () => {
        if (!this.#failure) await this.#writeWitness({ hardState: this.#hardState });
      },
      () => this.#writer.close(),
      () => this.#options.witness.close(),
    ]);
  }

  #enter(): void {
    assert(!this.#busy && !this.#closed, 'at most one write of the log is in flight');
    if (this.#failure) throw this.#failure;
    this.#busy = true;
  }

  async #guarded(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      throw this.#fail(error);
    } finally {
      this.#busy = false;
    }
  }

  #fail(error: unknown): Error {
    this.#failure ??= writeFailed(this.#options.directory, error);
    return this.#failure;
  }

  /** Takes nothing but to write its records. */
  #isPlain({ entries, hardState }: LogBatch): boolean {
    return !this.#needsSegment && !this.#cutsSynced(entries?.[0]) && !this.#promises(hardState);
  }

  async #append(batch: LogBatch): Promise<void> {
    const { hardState = this.#hardState, entries } = batch;
    if (this.#needsSegment) await this.#beginSegment({ restart: false });
    const first = entries?.[0];
    if (first && this.#cutsSynced(first)) await this.#lowerMark(first.index);
    const written = this.#write(this.#recordsOf(batch));
    await (this.#promises(hardState) ? Promise.all([written, this.#writeWitness({ hardState })]) : written);
    this.#appended(batch);
  }

  #appended({ hardState = this.#hardState }: LogBatch): void {
    this.#hardState = hardState;
    this.#synced = this.#last;
    this.#startMarkTimer();
  }

  get #needsSegment(): boolean {
    return this.#writer.bytes >= this.#segmentBytes;
  }

  /** Entries that were synced are void from `first` on. */
  #cutsSynced(first: EntryId | undefined): boolean {
    return first !== undefined && first.index <= this.#synced.index;
  }

  /** A new term or vote, which the witness must know too. */
  #promises({ term, vote } = this.#hardState): boolean {
    return term !== this.#hardState.term || vote !== this.#hardState.vote;
  }

  async #restart(at: EntryId): Promise<void> {
    if (at.index < this.#synced.index) await this.#lowerMark(at.index + 1);
    this.#last = { index: at.index, term: at.term };
    this.#terms = { first: at.index, list: [at.term] };
    await this.#beginSegment({ restart: true });
    this.#synced = this.#last;
    await this.#writeWitness({ hardState: this.#hardState });
    await this.#removeSegments(this.#segments.length - 1);
  }

  #recordsOf({ hardState, entries = [], installing }: LogBatch): LogRecord[] {
    const records: LogRecord[] = [];
    const [first] = entries;
    if (hardState)
      records.push({ kind: 'hardState', ...hardState, commit: this.#commitAhead(hardState, first, installing) });
    if (first && first.index <= this.#last.index) records.push(this.#cutOff(first.index));
    for (const run of runsOfOneTerm(entries)) records.push({ kind: 'entries', entries: run });
    if (installing) records.push({ kind: 'installing', index: installing.index, term: installing.term });
    const last = entries.at(-1);
    if (last) {
      assert(first?.index === this.#last.index + 1, 'appended entries continue the log');
      for (const entry of entries) this.#terms.list.push(entry.term);
      this.#last = { index: last.index, term: last.term };
    }
    return records;
  }

  /**
   * A crash may leave the hard state of a batch without the rest, and with it what the rest was to replace: its commit index
   * must not name that. Logs [1@1 2@1 3@1], committed 1; 2@2 and 3@2 arrive, committed 3: torn, 2@1 would count as committed.
   */
  #commitAhead({ commit }: HardState, first: EntryId | undefined, installing: EntryId | undefined): number {
    if (installing) return Math.min(commit, this.#hardState.commit);
    return first ? Math.min(commit, first.index - 1) : commit;
  }

  #cutOff(index: number): LogRecord {
    const position = index - 1 - this.#terms.first;
    const term = this.#terms.list[position];
    assert(term !== undefined, 'only a suffix above the compaction point is cut off');
    this.#terms.list.length = position + 1;
    this.#last = { index: index - 1, term };
    for (const segment of this.#segments) segment.lowestIndex = Math.min(segment.lowestIndex, index);
    return { kind: 'truncate', index, term };
  }

  /** @returns undefined when it is durable already */
  #write(records: readonly LogRecord[], { mayBlock } = { mayBlock: false }): Promise<void> | undefined {
    if (records.length === 0) return undefined;
    const { clock, onSync } = this.#options;
    const began = clock.monotonicMs();
    const writer = this.#writer;
    const { bytes } = writer;
    const batch = writer.layOut(records);
    const done = (): void => onSync?.(clock.monotonicMs() - began, writer.bytes - bytes);
    const repeat = (error: unknown): Promise<void> => this.#room.repeat(error, () => writer.write(batch));
    try {
      if (!mayBlock || !writer.writeNow(batch)) return writer.write(batch).catch(repeat).then(done);
    } catch (error) {
      return repeat(error).then(done);
    }
    done();
    return undefined;
  }

  /**
   * The hard state stands first in every segment, so that the ones before may go. The witness knows of the segment before it is
   * used, so that its loss shows.
   */
  async #beginSegment({ restart }: { readonly restart: boolean }): Promise<void> {
    const { files, directory, identity } = this.#options;
    const number = (this.#segments.at(-1)?.number ?? 0) + 1;
    const file = await this.#patiently(() => files.open(join(directory, segmentName(number)), 'create'));
    const { previousCrc, previousBatch } = this.#writer.last;
    const { writes, crc } = encodeSegmentStart(identity, {
      number,
      restart,
      firstIndex: this.#last.index + 1,
      previousTerm: this.#last.term,
      previousCrc,
      previousBatch,
    });
    await this.#patiently(() => file.write(writes));
    await files.syncDirectory(directory);
    await this.#writer.close();
    const tail = {
      offset: recordsOffset,
      size: recordsOffset,
      headerCrc: crc,
      nextMark: 0,
      crc,
      batch: previousBatch,
    } as const;
    this.#writer = new SegmentWriter(file, tail, { buffer: this.#buffer, segmentBytes: this.#segmentBytes });
    this.#segments.push({ number, lowestIndex: this.#last.index + 1 });
    await this.#writeWitness({ hardState: this.#hardState });
    await this.#write([{ kind: 'hardState', ...this.#hardState }]);
  }

  async #patiently<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      return await this.#room.repeat(error, write);
    }
  }

  async #removeSegments(count: number): Promise<void> {
    const { files, directory } = this.#options;
    const removed = this.#segments.splice(0, count);
    // Oldest first: whatever a crash leaves is still a log without a gap.
    for (const { number } of removed) await files.remove(join(directory, segmentName(number)));
    if (removed.length > 0) await files.syncDirectory(directory);
  }

  /** What is cut off must not lie below the witness's mark afterwards: the mark goes down first. */
  async #lowerMark(firstIndex: number): Promise<void> {
    const term = this.#terms.list[firstIndex - 1 - this.#terms.first];
    assert(term !== undefined, 'only a suffix above the compaction point is cut off');
    this.#synced = { index: firstIndex - 1, term };
    await this.#writeWitness({ hardState: this.#hardState });
  }

  /** @param lagMs how long the mark may still stay behind */
  #startMarkTimer(lagMs = this.#witnessLagMs): void {
    if (this.#markTimer) return;
    const { index } = this.#synced;
    this.#markTimer = this.#options.clock.after(
      restMs,
      () => {
        this.#markTimer = undefined;
        const rests = this.#synced.index === index;
        if (rests || lagMs <= restMs) this.#mark();
        else this.#startMarkTimer(lagMs - restMs);
      },
      { unref: true },
    );
  }

  /** Lets the witness's mark follow the log, beside whatever else is written. */
  #mark(): void {
    const { mark } = this.#options.witness.state;
    if (this.#closed || this.#failure || mark.index === this.#synced.index) return;
    if (this.#witnessWrite) return this.#startMarkTimer();
    this.#writeWitness({ hardState: this.#hardState }).catch((error: unknown) => {
      this.#options.onFailure(this.#fail(error));
    });
  }

  async #writeWitness({ hardState }: { readonly hardState: HardState }): Promise<void> {
    while (this.#witnessWrite) await this.#witnessWrite;
    const next: WitnessState = {
      stage: 'complete',
      term: hardState.term,
      vote: hardState.vote,
      mark: this.#synced,
      segment: this.#segments.at(-1)?.number ?? 0,
    };
    this.#witnessWrite = this.#patiently(() => this.#options.witness.write(next)).finally(() => {
      this.#witnessWrite = undefined;
    });
    await this.#witnessWrite;
  }
}

function writeFailed(directory: string, error: unknown): Error {
  const message = `writing the log in ${directory} failed: ${messageOf(error)}. Check the disk, then start again`;
  return new OperatingError('LOG_WRITE_FAILED', message, { cause: error });
}
