/**
 * The durable log of a member: segments and witness together. One `append` is one write and one fdatasync.
 *
 * Invariants: at most one write is in flight; a term or vote is durable in log and witness when `append` resolves; the
 * witness's mark never runs ahead of what the log has synced, and follows with the next batch or within 100 ms.
 * A failed write or sync fails the log for good: what the disk holds then is known only after a new start.
 */
import { join } from 'node:path';
import { type Clock, OperatingError, type Timer, assert, messageOf } from '@flotilla/base';
import type { Entry, EntryId, HardState } from '@flotilla/raft';
import type { Files, OpenFile } from './files.ts';
import { type LogRecord, recordBytes, runsOfOneTerm, writeRecord } from './record.ts';
import type { RecoveredLog, SegmentExtent } from './recovery.ts';
import type { MemberIdentity } from './refusal.ts';
import { encodeSegmentHeader, segmentHeaderBytes, segmentName } from './segment.ts';
import type { Witness, WitnessState } from './witness.ts';

/** The mark follows an idle log after this time. */
const markDelayMs = 100;
export const defaultSegmentBytes = 64 * 1024 * 1024;

export interface DurableLogOptions {
  readonly files: Files;
  /** Of the segments. */
  readonly directory: string;
  readonly identity: MemberIdentity;
  readonly witness: Witness;
  readonly recovered: RecoveredLog;
  readonly clock: Clock;
  /** A segment is followed by a new one when it has grown to this. */
  readonly segmentBytes?: number;
  /** Told the duration of each fdatasync of the log, milliseconds. */
  readonly onSync?: (durationMs: number) => void;
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
  /** Entries that stand from the first one's index on are void from now. One call at a time. */
  append(batch: LogBatch): Promise<void>;
  /** A snapshot that ends with this entry has become the state: the log begins anew behind it. */
  restart(at: EntryId): Promise<void>;
  /** Removes the segments that hold nothing above `index`. */
  truncateFront(index: number): Promise<void>;
  close(): Promise<void>;
}

export async function openDurableLog(options: DurableLogOptions): Promise<DurableLog> {
  const newest = options.recovered.segments.at(-1);
  assert(newest !== undefined, 'a recovered log has a segment');
  const file = await options.files.open(join(options.directory, segmentName(newest.number)), 'existing');
  return new SegmentedLog(options, file);
}

/** Begins the log of an empty directory with its first segment. */
export async function createLogDirectory(files: Files, directory: string, identity: MemberIdentity): Promise<void> {
  await files.makeDirectory(directory);
  const file = await files.open(join(directory, segmentName(1)), 'create');
  const header = { number: 1, firstIndex: 1, previousTerm: 0, restart: false, previousCrc: 0, previousBatch: 0 };
  await file.write(0, encodeSegmentHeader(identity, header).bytes);
  await file.sync();
  await file.close();
  await files.syncDirectory(directory);
}

class SegmentedLog implements DurableLog {
  readonly #options: DurableLogOptions;
  readonly #segments: SegmentExtent[];
  #file: OpenFile;
  #offset: number;
  #crc: number;
  #batch: number;
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

  constructor(options: DurableLogOptions, file: OpenFile) {
    const { recovered } = options;
    this.#options = options;
    this.#segments = [...recovered.segments];
    this.#file = file;
    this.#offset = recovered.tail.offset;
    this.#crc = recovered.tail.crc;
    this.#batch = recovered.tail.batch;
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

  async append(batch: LogBatch): Promise<void> {
    await this.#exclusively(async () => {
      const { segmentBytes = defaultSegmentBytes } = this.#options;
      if (this.#offset >= segmentBytes) await this.#beginSegment({ restart: false });
      const { hardState = this.#hardState } = batch;
      const promised = hardState.term !== this.#hardState.term || hardState.vote !== this.#hardState.vote;
      await this.#lowerMark(batch.entries?.[0]);
      if (!promised) this.#mark();
      await Promise.all([
        this.#write(this.#recordsOf(batch)),
        promised ? this.#writeWitness({ hardState }) : undefined,
      ]);
      this.#hardState = hardState;
      this.#synced = this.#last;
      this.#startMarkTimer();
    });
  }

  async restart(at: EntryId): Promise<void> {
    await this.#exclusively(async () => {
      this.#last = { index: at.index, term: at.term };
      this.#terms = { first: at.index, list: [at.term] };
      await this.#beginSegment({ restart: true });
      this.#synced = this.#last;
      await this.#writeWitness({ hardState: this.#hardState });
      await this.#removeSegments(this.#segments.length - 1);
    });
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
    await this.#witnessWrite;
    if (!this.#failure) await this.#writeWitness({ hardState: this.#hardState });
    await this.#file.close();
    await this.#options.witness.close();
  }

  async #exclusively(act: () => Promise<void>): Promise<void> {
    assert(!this.#busy && !this.#closed, 'at most one write of the log is in flight');
    if (this.#failure) throw this.#failure;
    this.#busy = true;
    try {
      await act();
    } catch (error) {
      this.#failure = writeFailed(this.#options.directory, error);
      throw this.#failure;
    } finally {
      this.#busy = false;
    }
  }

  #recordsOf({ hardState, entries = [], installing }: LogBatch): LogRecord[] {
    const records: LogRecord[] = [];
    if (hardState) records.push({ kind: 'hardState', ...hardState });
    const [first] = entries;
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

  #cutOff(index: number): LogRecord {
    const position = index - 1 - this.#terms.first;
    const term = this.#terms.list[position];
    assert(term !== undefined, 'only a suffix above the compaction point is cut off');
    this.#terms.list.length = position + 1;
    this.#last = { index: index - 1, term };
    for (const segment of this.#segments) segment.lowestIndex = Math.min(segment.lowestIndex, index);
    return { kind: 'truncate', index, term };
  }

  async #write(records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return;
    let length = 0;
    for (const record of records) length += recordBytes(record);
    const bytes = Buffer.allocUnsafe(length);
    this.#batch = (this.#batch + 1) >>> 0;
    let at = 0;
    for (const record of records) {
      const endsBatch = record === records.at(-1);
      this.#crc = writeRecord(bytes, at, record, { previous: this.#crc, batch: this.#batch, endsBatch });
      at += recordBytes(record);
    }
    const position = this.#offset;
    this.#offset += length;
    await this.#file.write(position, bytes);
    await this.#sync();
  }

  async #sync(): Promise<void> {
    const { clock, onSync } = this.#options;
    const began = clock.monotonicMs();
    await this.#file.sync();
    onSync?.(clock.monotonicMs() - began);
  }

  /** The hard state stands first in every segment, so that the ones before may go. */
  async #beginSegment({ restart }: { readonly restart: boolean }): Promise<void> {
    const { files, directory, identity } = this.#options;
    const number = (this.#segments.at(-1)?.number ?? 0) + 1;
    const file = await files.open(join(directory, segmentName(number)), 'create');
    const { bytes, crc } = encodeSegmentHeader(identity, {
      number,
      restart,
      firstIndex: this.#last.index + 1,
      previousTerm: this.#last.term,
      previousCrc: this.#crc,
      previousBatch: this.#batch,
    });
    await file.write(0, bytes);
    await file.sync();
    await files.syncDirectory(directory);
    await this.#file.close();
    this.#file = file;
    this.#offset = segmentHeaderBytes;
    this.#crc = crc;
    this.#segments.push({ number, lowestIndex: this.#last.index + 1 });
    await this.#write([{ kind: 'hardState', ...this.#hardState }]);
  }

  async #removeSegments(count: number): Promise<void> {
    const { files, directory } = this.#options;
    const removed = this.#segments.splice(0, count);
    // Oldest first: whatever a crash leaves is still a log without a gap.
    for (const { number } of removed) await files.remove(join(directory, segmentName(number)));
    if (removed.length > 0) await files.syncDirectory(directory);
  }

  /** A suffix that is cut off must not stand below the mark afterwards: the mark goes down first. */
  async #lowerMark(first: Entry | undefined): Promise<void> {
    if (!first || first.index > this.#synced.index) return;
    const term = this.#terms.list[first.index - 1 - this.#terms.first];
    assert(term !== undefined, 'only a suffix above the compaction point is cut off');
    this.#synced = { index: first.index - 1, term };
    await this.#writeWitness({ hardState: this.#hardState });
  }

  /** Lets the mark follow the log, beside whatever else is written. */
  #mark(): void {
    const { mark } = this.#options.witness.state;
    if (this.#closed || this.#failure || this.#witnessWrite || mark.index === this.#synced.index) return;
    this.#writeWitness({ hardState: this.#hardState }).catch((error: unknown) => {
      this.#failure ??= writeFailed(this.#options.directory, error);
      this.#options.onFailure(this.#failure);
    });
  }

  /** The next batch takes the mark along; an idle log needs a timer for it. */
  #startMarkTimer(): void {
    this.#markTimer ??= this.#options.clock.after(
      markDelayMs,
      () => {
        this.#markTimer = undefined;
        this.#mark();
      },
      { unref: true },
    );
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
    this.#witnessWrite = this.#options.witness.write(next).finally(() => {
      this.#witnessWrite = undefined;
    });
    await this.#witnessWrite;
  }
}

function writeFailed(directory: string, error: unknown): Error {
  const message = `writing the log in ${directory} failed: ${messageOf(error)}. Check the disk, then start again`;
  return new OperatingError('LOG_WRITE_FAILED', message, { cause: error });
}
