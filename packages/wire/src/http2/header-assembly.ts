/** Puts header blocks together from HEADERS and CONTINUATION frames; padding and priorities are left out. */
import type { FrameHeader } from './frame-reader.ts';
import type { ConnectionLimits } from './limits.ts';
import { ConnectionError, ErrorCode, Flag, protocolError } from './protocol.ts';

/** A header block: `bytes[start, end)`. */
export interface WholeBlock {
  readonly streamId: number;
  readonly endStream: boolean;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

interface Unfinished {
  readonly streamId: number;
  readonly endStream: boolean;
  readonly pieces: Buffer[];
  bytes: number;
}

export class HeaderAssembly {
  readonly #limits: Pick<ConnectionLimits, 'maxHeaderListBytes' | 'maxContinuations'>;
  #unfinished: Unfinished | undefined;

  constructor(limits: Pick<ConnectionLimits, 'maxHeaderListBytes' | 'maxContinuations'>) {
    this.#limits = limits;
  }

  /** The stream whose block is to be continued before anything else may come. */
  get unfinishedStreamId(): number | undefined {
    return this.#unfinished?.streamId;
  }

  /** @returns undefined for a block that goes on. */
  headers({ flags, streamId }: FrameHeader, bytes: Buffer, start: number, end: number): WholeBlock | undefined {
    let from = start;
    let padding = 0;
    if ((flags & Flag.PADDED) !== 0) padding = bytes[from++] ?? 0;
    if ((flags & Flag.PRIORITY) !== 0) {
      if (from + 5 > end) throw protocolError('HEADERS without room for their priority');
      if (readWord(bytes, from) === streamId) throw protocolError('a stream that depends on itself');
      from += 5;
    }
    if (from + padding > end) throw protocolError('more padding than frame');
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.END_HEADERS) !== 0) return { streamId, endStream, bytes, start: from, end: end - padding };
    const piece = Buffer.from(bytes.subarray(from, end - padding));
    this.#unfinished = { streamId, endStream, pieces: [piece], bytes: piece.length };
    return undefined;
  }

  /** @returns undefined for a block that goes on. */
  continuation({ flags }: FrameHeader, bytes: Buffer, start: number, end: number): WholeBlock | undefined {
    const unfinished = this.#unfinished;
    if (!unfinished) throw protocolError('CONTINUATION of nothing');
    unfinished.pieces.push(Buffer.from(bytes.subarray(start, end)));
    unfinished.bytes += end - start;
    const { maxHeaderListBytes, maxContinuations } = this.#limits;
    if (unfinished.bytes > maxHeaderListBytes || unfinished.pieces.length > maxContinuations + 1) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'a header block without end');
    }
    if ((flags & Flag.END_HEADERS) === 0) return undefined;
    this.#unfinished = undefined;
    const whole = Buffer.concat(unfinished.pieces);
    const { streamId, endStream } = unfinished;
    return { streamId, endStream, bytes: whole, start: 0, end: whole.length };
  }
}

/** A number of 31 bits: a stream id or a window increment. */
export function readWord(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) & 0x7fff_ffff;
}
