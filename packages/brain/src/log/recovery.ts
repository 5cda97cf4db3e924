/**
 * Reads the log back after a start: what is whole and chained, what was never promised (cut, with a log line), and what was
 * promised and is gone (refused).
 *
 * Worked example, one segment, either mark (the segment's own, the witness's) behind entry 7:
 *
 *     [hardState][entries 1-4][entries 5-7][zeros]                       → whole
 *     [hardState][entries 1-4][entries 5-7][entries 8-9, torn][zeros]    → cut after 7
 *     [hardState][entries 1-4][entries 5-7, flipped bit][entries 8-9]    → refused: a later batch follows
 *     [hardState][entries 1-4][entries 5-7, torn][zeros]                 → refused: ends below the mark
 */
import { join } from 'node:path';
import { type Logger, assert } from '@flotilla/base';
import type { Entry, EntryId, HardState } from '@flotilla/raft';
import type { Files } from './files.ts';
import { type LogRecord, laterBatchFollows, readRecord } from './record.ts';
import { type MemberIdentity, corrupt, missing } from './refusal.ts';
import type { SegmentTail } from './segment-writer.ts';
import {
  type SegmentHeader,
  decodeSegmentHeader,
  isZero,
  readMarks,
  recordsOffset,
  segmentName,
  segmentNumber,
} from './segment.ts';
import type { WitnessState } from './witness.ts';

/** A segment as the log keeps track of it. */
export interface SegmentExtent {
  readonly number: number;
  /** No live entry below this one lies in the segment. */
  lowestIndex: number;
}

export interface RecoveredLog {
  readonly hardState: HardState;
  /** The entry before `entries`. */
  readonly base: EntryId;
  readonly entries: readonly Entry[];
  /** The last record announces a snapshot: the state may be ahead of the log by just that. */
  readonly installing: EntryId | undefined;
  readonly segments: readonly SegmentExtent[];
  /** Where the next record goes, in the newest segment. */
  readonly tail: SegmentTail;
}

/** Behind the last whole record of a segment. */
interface RecordsEnd {
  readonly offset: number;
  readonly crc: number;
  readonly batch: number;
  /** Its batch is whole: what follows is of another one. */
  readonly batchEnded: boolean;
}

export interface RecoveryOptions {
  readonly files: Files;
  readonly directory: string;
  readonly identity: MemberIdentity;
  readonly witness: WitnessState;
  readonly logger: Logger;
}

/** What the records say, applied one after the other. */
class Replay {
  hardState: HardState = { term: 0, vote: 0n, commit: 0 };
  base: EntryId = { index: 0, term: 0 };
  entries: Entry[] = [];
  installing: EntryId | undefined;
  readonly segments: SegmentExtent[] = [];
  /**
   * Entries are views into the segment at hand, which stays in memory until the last of them is gone. Only for one that is
   * mostly entries: copying those of a full log takes longer than reading them.
   */
  keepsSegment = false;

  get last(): EntryId {
    return this.entries.at(-1) ?? this.base;
  }

  beginSegment(header: SegmentHeader): void {
    const first = this.segments.length === 0;
    if (header.restart) this.segments.length = 0;
    if (first || header.restart) {
      this.base = { index: header.firstIndex - 1, term: header.previousTerm };
      this.entries = [];
      this.installing = undefined;
    }
    this.segments.push({ number: header.number, lowestIndex: header.firstIndex });
  }

  /** False when the record contradicts what came before. */
  apply(record: LogRecord): boolean {
    this.installing = undefined;
    switch (record.kind) {
      case 'hardState':
        this.hardState = { term: record.term, vote: record.vote, commit: record.commit };
        return true;
      case 'installing':
        this.installing = { index: record.index, term: record.term };
        return true;
      case 'truncate':
        return this.#truncate(record);
      case 'entries': {
        const [first] = record.entries;
        if (first?.index !== this.last.index + 1) return false;
        for (const entry of record.entries) this.entries.push(this.keepsSegment ? entry : detached(entry));
        return true;
      }
    }
  }

  /** A suffix may reach below the base: the segments that held it were removed after it had been replaced. */
  #truncate({ index, term }: { readonly index: number; readonly term: number }): boolean {
    if (index > this.last.index + 1) return false;
    for (const segment of this.segments) segment.lowestIndex = Math.min(segment.lowestIndex, index);
    if (index > this.base.index) {
      this.entries.length = index - this.base.index - 1;
    } else {
      this.entries = [];
      this.base = { index: index - 1, term };
    }
    return true;
  }
}

/** A log that was read, with nothing on disk changed yet. */
export interface ReadLog {
  readonly recovered: RecoveredLog;
  /**
   * Puts in order what the last write left undone, and makes durable what was read: a process that was killed may have left writes
   * without a sync. To be called before the log is written to.
   */
  repair(): Promise<void>;
}

/** @throws OperatingError when something that was durable is damaged or gone. */
export async function readLog(options: RecoveryOptions): Promise<ReadLog> {
  const { files, directory, witness } = options;
  const numbers = (await files.list(directory))
    .map(segmentNumber)
    .filter((number) => number !== undefined)
    .sort((a, b) => a - b);
  const newest = numbers.at(-1);
  if (newest === undefined || newest < witness.segment) {
    throw missing(join(directory, segmentName(witness.segment)), 'the witness has seen this segment of the log');
  }
  const replay = new Replay();
  const repairs: Repair[] = [];
  let tail: SegmentTail | undefined;
  for (const number of numbers) {
    const path = join(directory, segmentName(number));
    if (tail && !numbers.includes(number - 1)) {
      throw missing(join(directory, segmentName(number - 1)), 'the log goes on after it');
    }
    const next = await readSegment(
      options,
      { path, number, last: number === newest, before: tail },
      { replay, repairs },
    );
    if (next) tail = next;
  }
  const { last } = replay;
  const path = join(directory, segmentName(newest));
  if (!tail) throw corrupt(path, 0, 'the header of the log is damaged');
  const marked = replay.entries[witness.mark.index - replay.base.index - 1];
  if (last.index < witness.mark.index) {
    const what = `the log ends with entry ${last.index}, but entry ${witness.mark.index} had been synced`;
    throw corrupt(path, tail.offset, what);
  }
  if (marked && marked.term !== witness.mark.term) {
    const what = `entry ${witness.mark.index} has term ${marked.term}, but had been synced with term ${witness.mark.term}`;
    throw corrupt(path, tail.offset, what);
  }
  const { base, entries, installing, segments } = replay;
  const hardState = newerHardState(replay.hardState, witness, path);
  return {
    recovered: { hardState, base, entries, installing, segments, tail },
    // Whoever is refused finds everything as it was.
    async repair() {
      for (const repair of repairs) await repair();
      await removeReplaced(options, numbers, segments);
      await syncNewest(options, segments);
    },
  };
}

function detached(entry: Entry): Entry {
  return { ...entry, data: new Uint8Array(entry.data) };
}

/** A crash may leave segments that a snapshot had replaced. */
async function removeReplaced(
  { files, directory }: RecoveryOptions,
  numbers: readonly number[],
  segments: readonly SegmentExtent[],
): Promise<void> {
  const first = segments[0]?.number ?? 0;
  const replaced = numbers.filter((number) => number < first);
  for (const number of replaced) await files.remove(join(directory, segmentName(number)));
  if (replaced.length > 0) await files.syncDirectory(directory);
}

/** All segments before the newest were synced before it was begun. */
async function syncNewest({ files, directory }: RecoveryOptions, segments: readonly SegmentExtent[]): Promise<void> {
  const newest = segments.at(-1);
  assert(newest !== undefined, 'a recovered log has a segment');
  const file = await files.open(join(directory, segmentName(newest.number)), 'existing');
  try {
    await file.write([]);
  } finally {
    await file.close();
  }
  await files.syncDirectory(directory);
}

/** Term and vote are in the log and in the witness; either may be the newer by one write. */
function newerHardState(log: HardState, witness: WitnessState, path: string): HardState {
  if (witness.term > log.term) return { term: witness.term, vote: witness.vote, commit: log.commit };
  if (witness.term < log.term || witness.vote === log.vote || witness.vote === 0n) return log;
  if (log.vote === 0n) return { ...log, vote: witness.vote };
  throw corrupt(path, 0, `log and witness remember different votes in term ${log.term}`);
}

/** What the last write left undone, put in order once nothing speaks against the log. */
type Repair = () => Promise<void>;

interface Reading {
  readonly replay: Replay;
  readonly repairs: Repair[];
}

interface SegmentPlace {
  readonly path: string;
  readonly number: number;
  /** The newest segment: only it may end in bytes that were never promised. */
  readonly last: boolean;
  readonly before: SegmentTail | undefined;
}

/** Replays one segment; undefined when it was only begun, and is to be removed. */
async function readSegment(
  options: RecoveryOptions,
  place: SegmentPlace,
  { replay, repairs }: Reading,
): Promise<SegmentTail | undefined> {
  const { files, identity } = options;
  const { path, number, before } = place;
  const content = (await files.read(path)) ?? Buffer.alloc(0);
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const decoded = decodeSegmentHeader(bytes, path, identity);
  if (!decoded) {
    repairs.push(removalOfBegun(options, place, bytes));
    return undefined;
  }
  const { header, crc: headerCrc } = decoded;
  if (header.number !== number) throw corrupt(path, 32, `this is segment ${header.number}, renamed`);
  if (before && (header.previousCrc !== before.crc || header.previousBatch !== before.batch)) {
    throw corrupt(path, 56, 'this segment of the log does not continue the one before it');
  }
  const marks = readMarks(bytes, path, headerCrc);
  replay.beginSegment(header);
  replay.keepsSegment = marks.offset * 2 > bytes.length;
  const end = readRecords(replay, { path, bytes }, { crc: headerCrc, batch: header.previousBatch });
  if (end.offset < marks.offset) {
    throw corrupt(path, end.offset, `the log ends here, but had been synced up to offset ${marks.offset}`);
  }
  const { offset, crc, batch } = end;
  // Zeros are written ahead of the records, so they end a log as well as the end of the file does.
  const cut = !isZero(bytes.subarray(offset));
  if (cut) repairs.push(cutOfTail(options, place, { bytes, end }));
  return { offset, crc, batch, size: cut ? offset : bytes.length, headerCrc, nextMark: marks.nextSlot };
}

/** A segment is used only after its header was synced: without records behind it, it was only begun. */
function removalOfBegun(
  { files, directory, witness, logger }: RecoveryOptions,
  { path, number, last }: SegmentPlace,
  bytes: Buffer,
): Repair {
  if (!last || number <= witness.segment || laterBatchFollows(bytes, recordsOffset, -1)) {
    throw corrupt(path, 0, 'the header of this segment of the log is damaged');
  }
  return async () => {
    logger.warn('removed a segment of the log that was only begun', { path });
    await files.remove(path);
    await files.syncDirectory(directory);
  };
}

/** Replays the records that are whole and chained. */
function readRecords(
  replay: Replay,
  { path, bytes }: { readonly path: string; readonly bytes: Buffer },
  before: { readonly crc: number; readonly batch: number },
): RecordsEnd {
  let end: RecordsEnd = { offset: recordsOffset, crc: before.crc, batch: before.batch, batchEnded: true };
  for (;;) {
    const found = readRecord(bytes, end.offset);
    if (!found || found.previous !== end.crc || found.batch < end.batch) return end;
    if (!replay.apply(found.record)) {
      throw corrupt(path, end.offset, `a record of the log (${found.record.kind}) does not follow the one before it`);
    }
    end = { offset: found.end, crc: found.crc, batch: found.batch, batchEnded: found.endsBatch };
  }
}

/** Bytes after the last whole record: of a write that never returned, or damage. */
function cutOfTail(
  { files, logger }: RecoveryOptions,
  { path, last }: SegmentPlace,
  { bytes, end }: { readonly bytes: Buffer; readonly end: RecordsEnd },
): Repair {
  const torn = end.batchEnded ? end.batch + 1 : end.batch;
  if (!last || laterBatchFollows(bytes, end.offset, torn)) {
    throw corrupt(path, end.offset, 'a record of the log is damaged, and synced ones follow it');
  }
  return async () => {
    const bytesCut = bytes.length - end.offset;
    logger.warn('cut bytes off the end of the log that were never synced', {
      path,
      offset: end.offset,
      bytes: bytesCut,
    });
    const file = await files.open(path, 'existing');
    try {
      await file.truncate(end.offset);
    } finally {
      await file.close();
    }
  };
}
