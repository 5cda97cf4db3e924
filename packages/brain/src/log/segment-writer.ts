/**
 * Writes batches into one segment: the records, the mark of what was synced before them, and now and then the zeros that the
 * next batches will overwrite, all in one write with one sync.
 *
 * The zeros are there because a sync of bytes that lie within the file is half as long as one that must also make a new size
 * durable. They go along with a batch, a step at a time: prepared beside the path they would hold up the syncs of the same
 * file just as much.
 *
 * Invariants: one batch at a time; a mark never names bytes that no returned sync covers.
 */
import { assert } from '@flotilla/base';
import type { FileWrite, OpenFile } from './files.ts';
import { type LogRecord, recordBytes, writeRecord } from './record.ts';
import { type MarkSlot, markBytes, markOffset, otherSlot, recordsOffset, writeMark, zeroWrites } from './segment.ts';

/** Zeros are written up to a multiple of this, behind `recordsOffset`. */
const zeroStepBytes = 512 * 1024;
/** And far enough for so many batches like the one at hand, or nearly every one of some size would make the file grow. */
const batchesAhead = 32;
/** Larger batches get none: to write all their bytes twice costs more than to make a new size durable. */
const zerosBatchMaxBytes = 64 * 1024;

/** Where a segment goes on. */
export interface SegmentTail {
  /** Behind the last record. */
  readonly offset: number;
  /** Of the file. */
  readonly size: number;
  readonly headerCrc: number;
  readonly nextMark: MarkSlot;
  /** Crc of the last record, and its batch. */
  readonly crc: number;
  readonly batch: number;
}

/** Larger batches are rare, and do not keep their memory. */
const keptBytes = 4 * 1024 * 1024;

/** Memory for one batch at a time, used again and again; shared, so that it reaches another thread without a copy. */
export class BatchBuffer {
  #kept = shared(64 * 1024);

  /** At least `bytes` long, with anything in it. */
  take(bytes: number): Buffer {
    if (bytes <= this.#kept.length) return this.#kept;
    const larger = shared(2 ** Math.ceil(Math.log2(bytes)));
    if (larger.length <= keptBytes) this.#kept = larger;
    return larger;
  }
}

function shared(bytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(bytes));
}

export class SegmentWriter {
  readonly #file: OpenFile;
  readonly #buffer: BatchBuffer;
  readonly #segmentBytes: number;
  readonly #stepBytes: number;
  readonly #headerCrc: number;
  #offset: number;
  #size: number;
  #nextMark: MarkSlot;
  #crc: number;
  #batch: number;

  /** `segmentBytes` is what the records of the segment are expected to take. */
  constructor(
    file: OpenFile,
    tail: SegmentTail,
    { buffer, segmentBytes }: { readonly buffer: BatchBuffer; readonly segmentBytes: number },
  ) {
    this.#file = file;
    this.#buffer = buffer;
    this.#segmentBytes = segmentBytes;
    this.#stepBytes = Math.min(zeroStepBytes, segmentBytes);
    this.#headerCrc = tail.headerCrc;
    this.#offset = tail.offset;
    this.#size = tail.size;
    this.#nextMark = tail.nextMark;
    this.#crc = tail.crc;
    this.#batch = tail.batch;
  }

  /** Bytes of all records so far. */
  get bytes(): number {
    return this.#offset - recordsOffset;
  }

  /** What the next segment's header says of the last record. */
  get last(): { readonly previousCrc: number; readonly previousBatch: number } {
    return { previousCrc: this.#crc, previousBatch: this.#batch };
  }

  /** The next batch, laid out: valid until the one after it is. */
  layOut(records: readonly LogRecord[]): readonly FileWrite[] {
    let length = 0;
    for (const record of records) length += recordBytes(record);
    const buffer = this.#buffer.take(markBytes + length);
    writeMark(buffer, this.#offset, this.#headerCrc);
    this.#encode(buffer, records);
    const end = this.#offset + length;
    const writes: FileWrite[] = [
      { position: markOffset(this.#nextMark), bytes: buffer.subarray(0, markBytes) },
      { position: this.#offset, bytes: buffer.subarray(markBytes, markBytes + length) },
    ];
    if (end > this.#size) {
      if (length <= zerosBatchMaxBytes) writes.push(...this.#zerosBehind(end, length));
      else this.#size = end;
    }
    this.#offset = end;
    this.#nextMark = otherSlot(this.#nextMark);
    return writes;
  }

  /** Writes a batch that was laid out; durable when it returns. After a lack of room it may be written again. */
  write(batch: readonly FileWrite[]): Promise<void> {
    return this.#file.write(batch);
  }

  /** As `write`, with the caller held up; false when that would not be short. */
  writeNow(batch: readonly FileWrite[]): boolean {
    return this.#file.writeNow?.(batch) ?? false;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #encode(buffer: Buffer, records: readonly LogRecord[]): void {
    this.#batch++;
    assert(this.#batch < 2 ** 48, 'a batch has a number of 48 bits');
    let at = markBytes;
    for (const [i, record] of records.entries()) {
      const place = { previous: this.#crc, batch: this.#batch, endsBatch: i === records.length - 1 };
      this.#crc = writeRecord(buffer, at, record, place);
      at += recordBytes(record);
    }
  }

  /** Up to the next step; the end of the batch may lie in it anywhere. */
  #zerosBehind(end: number, batchBytes: number): readonly FileWrite[] {
    const ahead = Math.min(batchesAhead * batchBytes, this.#segmentBytes);
    const steps = Math.ceil((end + ahead - recordsOffset) / this.#stepBytes);
    this.#size = recordsOffset + steps * this.#stepBytes;
    return zeroWrites(end, this.#size);
  }
}
