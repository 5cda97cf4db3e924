/**
 * Cuts what a socket delivers into frames, without copying: a frame is handed on as a place in the chunk in which it came. Only
 * one that is split over chunks is put together, and of those never DATA, whose fragments are handed on as they come.
 */
import { ConnectionError, ErrorCode, Flag, FrameType, defaultMaxFrameBytes, frameHeaderBytes } from './protocol.ts';

export interface FrameHeader {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

export interface FrameTaker {
  /** False once nothing more is to be handed on. */
  readonly taking: boolean;
  /** A whole frame: its payload is `bytes[start, end)`. */
  takeFrame(header: FrameHeader, bytes: Buffer, start: number, end: number): void;
  /** A fragment of an unpadded DATA frame; `whole` when it is the last one of its frame. */
  takeData(header: FrameHeader, bytes: Buffer, start: number, end: number, whole: boolean): void;
}

export class FrameReader {
  readonly #taker: FrameTaker;
  /** The header of the frame at hand; one object for all frames. */
  readonly #header = { type: 0, flags: 0, streamId: 0 };
  /** Bytes of the DATA frame at hand that are still to come. */
  #dataBytes = 0;
  /** A frame of which not all has come, `#filled` bytes so far. */
  #partial: Buffer | undefined;
  #filled = 0;

  constructor(taker: FrameTaker) {
    this.#taker = taker;
  }

  /** @throws ConnectionError FRAME_SIZE_ERROR, and what the taker throws. */
  read(chunk: Buffer): void {
    let at = this.#partial ? this.#complete(chunk) : 0;
    while (at < chunk.length && this.#taker.taking) at = this.#readOne(chunk, at);
  }

  /** Reads one frame, or what there is of it; answers where it ends. */
  #readOne(chunk: Buffer, at: number): number {
    if (this.#dataBytes > 0) return this.#readData(chunk, at);
    const available = chunk.length - at;
    if (available < frameHeaderBytes) return this.#keep(chunk, at, frameHeaderBytes);
    const length = this.#readHeader(chunk, at);
    const start = at + frameHeaderBytes;
    if (this.#isPlainData()) return this.#beginData(chunk, start, length);
    if (available < frameHeaderBytes + length) return this.#keep(chunk, at, frameHeaderBytes + length);
    this.#taker.takeFrame(this.#header, chunk, start, start + length);
    return start + length;
  }

  #readHeader(bytes: Buffer, at: number): number {
    const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    if (length > defaultMaxFrameBytes)
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'a frame that is too large');
    const header = this.#header;
    header.type = bytes[at + 3] ?? 0;
    header.flags = bytes[at + 4] ?? 0;
    const top = (bytes[at + 5] ?? 0) & 0x7f;
    header.streamId = (top << 24) | ((bytes[at + 6] ?? 0) << 16) | ((bytes[at + 7] ?? 0) << 8) | (bytes[at + 8] ?? 0);
    return length;
  }

  #isPlainData(): boolean {
    return this.#header.type === FrameType.DATA && (this.#header.flags & Flag.PADDED) === 0;
  }

  #beginData(chunk: Buffer, start: number, length: number): number {
    this.#dataBytes = length;
    if (length > 0 && start < chunk.length) return this.#readData(chunk, start);
    if (length === 0) this.#taker.takeData(this.#header, chunk, start, start, true);
    return start;
  }

  #readData(chunk: Buffer, start: number): number {
    const end = Math.min(chunk.length, start + this.#dataBytes);
    this.#dataBytes -= end - start;
    this.#taker.takeData(this.#header, chunk, start, end, this.#dataBytes === 0);
    return end;
  }

  /** Keeps the beginning of a frame of `size` bytes (as far as is known). */
  #keep(chunk: Buffer, at: number, size: number): number {
    const partial = Buffer.allocUnsafe(size);
    this.#filled = chunk.copy(partial, 0, at);
    this.#partial = partial;
    return chunk.length;
  }

  /** Goes on with a kept frame; answers how much of the chunk that took. */
  #complete(chunk: Buffer): number {
    let at = 0;
    for (;;) {
      const partial: Buffer | undefined = this.#partial;
      if (!partial) return at;
      const copied = chunk.copy(partial, this.#filled, at);
      at += copied;
      this.#filled += copied;
      if (this.#filled < partial.length) return at;
      this.#partial = undefined;
      const length = this.#readHeader(partial, 0);
      const size = frameHeaderBytes + length;
      if (this.#isPlainData()) return this.#beginKeptData(chunk, at, length);
      if (partial.length === size) {
        this.#taker.takeFrame(this.#header, partial, frameHeaderBytes, size);
        return at;
      }
      this.#keep(partial, 0, size);
    }
  }

  /** Of DATA only the header is ever kept. */
  #beginKeptData(chunk: Buffer, at: number, length: number): number {
    return this.#taker.taking ? this.#beginData(chunk, at, length) : chunk.length;
  }
}
