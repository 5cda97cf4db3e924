/**
 * The writing half of a connection: frames out, within what the peer's windows and the socket take.
 *
 * Everything written in a turn of the event loop leaves in one write at its end, or sooner when the caller flushes. DATA that the
 * windows don't allow waits at its stream, in order, and goes out in turns with that of other streams once they open. A socket
 * that takes too little makes the connection `congested`; the owner is told, and what waits goes on waiting until it has drained.
 */
import type { Duplex } from 'node:stream';
import type { Flusher } from './flusher.ts';
import { emptyTable } from './header-writer.ts';
import { messagePrefixBytes, writePrefix } from './message-prefix.ts';
import { Output, type SlabPool } from './output.ts';
import {
  ConnectionError,
  ErrorCode,
  Flag,
  FrameType,
  defaultMaxFrameBytes,
  defaultWindowBytes,
  frameHeaderBytes,
  maxWindowBytes,
} from './protocol.ts';
import type { Http2Stream } from './stream.ts';

/** A socket that holds more than this is congested. */
const congestedBytes = 1024 * 1024;
/** More than this is not gathered before it is written: the peer reads the first part while the next one is made. */
const eagerBytes = 8 * 1024;

export interface SenderOptions {
  readonly socket: Duplex;
  readonly slabs: SlabPool;
  readonly flusher: Flusher;
  /** Called when the socket holds too much, and when it has taken all then. */
  readonly onCongested: () => void;
  readonly onDrained: () => void;
}

export class Sender {
  readonly out: Output;
  /** What the peer takes on the connection, and at first on a stream. */
  windowBytes = defaultWindowBytes;
  initialWindowBytes = defaultWindowBytes;
  maxFrameBytes = defaultMaxFrameBytes;
  congested = false;
  /** Whether anything but answers to control frames was written since this was last set to false. */
  wroteAnswers = false;
  readonly #socket: Duplex;
  readonly #flusher: Flusher;
  readonly #onCongested: () => void;
  readonly #onDrained: () => void;
  /** Streams with DATA that waits for a window. */
  readonly #blocked = new Set<Http2Stream>();
  #tableBytes = 4096;
  #emptyTableDue = false;
  #scheduled = false;

  constructor({ socket, slabs, flusher, onCongested, onDrained }: SenderOptions) {
    this.out = new Output(slabs);
    this.#socket = socket;
    this.#flusher = flusher;
    this.#onCongested = onCongested;
    this.#onDrained = onDrained;
  }

  /** Begins a frame: makes room for it and writes its header; the payload is to follow at `out.at`. */
  begin(type: number, flags: number, streamId: number, length: number): void {
    if (!this.#scheduled) this.#schedule();
    this.out.reserve(frameHeaderBytes + length);
    this.#header(type, flags, streamId, length);
  }

  #header(type: number, flags: number, streamId: number, length: number): void {
    const { out } = this;
    const { bytes } = out;
    let { at } = out;
    bytes[at++] = length >>> 16;
    bytes[at++] = length >>> 8;
    bytes[at++] = length;
    bytes[at++] = type;
    bytes[at++] = flags;
    bytes[at++] = streamId >>> 24;
    bytes[at++] = streamId >>> 16;
    bytes[at++] = streamId >>> 8;
    bytes[at++] = streamId;
    out.at = at;
  }

  headers(streamId: number, block: Uint8Array, { end }: { readonly end: boolean }): void {
    const prefix = this.#emptyTableDue ? 1 : 0;
    const flags = Flag.END_HEADERS | (end ? Flag.END_STREAM : 0);
    const length = prefix + block.length;
    if (length > defaultMaxFrameBytes) throw new RangeError(`a header block of ${length} bytes`);
    this.wroteAnswers = true;
    this.begin(FrameType.HEADERS, flags, streamId, length);
    if (prefix === 1) this.out.bytes[this.out.at++] = emptyTable;
    this.#emptyTableDue = false;
    this.out.copy(block);
  }

  /** HEADERS, DATA of one message, and trailers in one go; the caller has seen that the window allows it. */
  answer(
    streamId: number,
    parts: { readonly head: Uint8Array; readonly message: Uint8Array; readonly trailers: Uint8Array },
  ): void {
    const { head, message, trailers } = parts;
    const { out } = this;
    const dataBytes = messagePrefixBytes + message.length;
    this.windowBytes -= dataBytes;
    if (!this.#scheduled) this.#schedule();
    out.reserve(3 * frameHeaderBytes + 1 + head.length + dataBytes + trailers.length);
    this.headers(streamId, head, { end: false });
    this.#header(FrameType.DATA, 0, streamId, dataBytes);
    writePrefix(out.bytes, out.at, message.length);
    out.at += messagePrefixBytes;
    out.copy(message);
    this.#header(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, streamId, trailers.length);
    out.copy(trailers);
  }

  /** The beginning of a DATA frame, whose payload the caller appends. */
  data(streamId: number, length: number): void {
    if (!this.#scheduled) this.#schedule();
    this.wroteAnswers = true;
    this.out.reserve(frameHeaderBytes);
    this.#header(FrameType.DATA, 0, streamId, length);
  }

  /** A frame whose payload is numbers of 32 bits. */
  words(type: number, flags: number, streamId: number, ...words: readonly number[]): void {
    this.begin(type, flags, streamId, 4 * words.length);
    for (const word of words) this.out.at = this.out.bytes.writeUInt32BE(word >>> 0, this.out.at);
  }

  /** Takes a setting of the peer. */
  setTableBytes(bytes: number): void {
    if (bytes < this.#tableBytes) this.#emptyTableDue = true;
    this.#tableBytes = bytes;
  }

  /** @throws ConnectionError FLOW_CONTROL_ERROR. */
  widen(bytes: number): void {
    this.windowBytes += bytes;
    if (this.windowBytes > maxWindowBytes) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'a connection window that is too large');
    }
    this.sendQueued();
  }

  /** The stream has DATA that waits. */
  block(stream: Http2Stream): void {
    this.#blocked.add(stream);
  }

  unblock(stream: Http2Stream): void {
    this.#blocked.delete(stream);
  }

  /** Sends what waits as far as the windows go, a frame of each stream in turn. */
  sendQueued(): void {
    for (let sent = true; sent;) {
      sent = false;
      for (const stream of this.#blocked) {
        if (this.windowBytes <= 0) return;
        if (stream.sendQueuedFrame()) sent = true;
      }
    }
  }

  /** The caller flushes in this turn: no need to do it at its end. */
  hold(): void {
    this.#scheduled = true;
  }

  flush(): void {
    this.#scheduled = false;
    const socket = this.#socket;
    const parts = this.out.take();
    if (parts.length === 0 || socket.destroyed || socket.writableEnded) return;
    if (parts.length > 1) socket.cork();
    for (const part of parts) socket.write(part);
    if (parts.length > 1) socket.uncork();
    if (socket.writableLength > congestedBytes && !this.congested) this.#awaitDrain();
  }

  /** To be asked by who writes much in one turn. @param bytes what may be gathered; little unless told */
  flushIfLarge(bytes = eagerBytes): void {
    if (this.out.size > bytes) this.flush();
  }

  #awaitDrain(): void {
    this.congested = true;
    this.#onCongested();
    this.#socket.once('drain', () => {
      this.congested = false;
      this.sendQueued();
      this.#onDrained();
    });
  }

  #schedule(): void {
    this.#scheduled = true;
    this.#flusher.add(this);
  }
}
