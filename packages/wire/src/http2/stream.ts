/**
 * One call, at its server or at its client: the one receives the request and sends the answer, the other the reverse. The receiver
 * hears of what arrives; what it sends goes out at once as far as the windows allow, and waits here otherwise.
 *
 * Invariant: what waits is empty or the stream is among the sender's blocked ones; the end leaves after all DATA.
 */
import type { Duplex } from 'node:stream';
import { ErrorCode, Flag, FrameType, defaultMaxFrameBytes, maxWindowBytes } from './protocol.ts';
import type { EncodedRun } from '../service.ts';
import { messagePrefixBytes, writePrefix } from './message-prefix.ts';
import { nextPart, runSize, writePart } from './message-run.ts';
import type { Sender } from './sender.ts';

/** Bytes that a peer may send on a stream before they are taken. */
export const streamWindowBytes = 1024 * 1024;
/** Above this, a stream's writer is to pause. */
const highWaterBytes = 256 * 1024;
const lowWaterBytes = 64 * 1024;
/** What was made already is written in pieces of about this size. */
const queuedWriteBytes = 256 * 1024;
/** A frame of a run; every peer takes one of this size. */
const runFrameBytes = defaultMaxFrameBytes;

/** What makes something of what arrives. */
export interface StreamReceiver {
  /** A fragment of the body: `bytes[start, end)`. It is held against the stream until `stream.consumed`. */
  onData(bytes: Buffer, start: number, end: number): void;
  /** What arrives is complete. */
  onEnd(): void;
  /** The stream is over before its answer was: the other side or the connection has gone. */
  onClosed(): void;
  /** Little waits again, after {@link Http2Stream.writable} was false. */
  onWritable(): void;
}

/** The connection, as far as a stream needs it. */
export interface StreamOwner {
  readonly socket: Duplex;
  /** Bytes that arrived and that nobody has taken yet, over all streams. */
  heldBytes: number;
  /** The stream is over. */
  forget(stream: Http2Stream): void;
  /** We ended a stream that its client may still send on. */
  endedEarly(stream: Http2Stream): void;
  /** The stream is to be told when it may write again. */
  waitForRoom(stream: Http2Stream): void;
  /** Tells it, if it may. */
  offerRoom(stream: Http2Stream): void;
}

export class Http2Stream {
  readonly id: number;
  readonly connection: StreamOwner;
  receiver: StreamReceiver | undefined;
  /** What the peer takes on this stream. */
  windowBytes: number;
  /** The peer has sent all, or we have: the stream is over when both. */
  remoteEnded = false;
  localEnded = false;
  /** Bytes of the body that are still to come, when the client said how many. */
  expectedBytes: number | undefined;
  /** Bytes that arrived and that nobody has taken yet. */
  heldBytes = 0;
  headersSent = false;
  readonly #sender: Sender;
  /** What the peer may still send, and how much of its window is to be given back. */
  #creditBytes = streamWindowBytes;
  #owedBytes = 0;
  #queue: Uint8Array[] | undefined;
  #queueOffset = 0;
  #queuedBytes = 0;
  /** Sends the end once nothing waits. */
  #sendDueEnd: (() => void) | undefined;
  #paused = false;

  constructor(id: number, connection: StreamOwner, sender: Sender) {
    this.id = id;
    this.connection = connection;
    this.#sender = sender;
    this.windowBytes = sender.initialWindowBytes;
  }

  /** Whether what is sent may go on. */
  get open(): boolean {
    return !this.localEnded;
  }

  /** Counts bytes that arrive; false when they are more than allowed. */
  arrived(bytes: number): boolean {
    this.#creditBytes -= bytes;
    this.heldBytes += bytes;
    return this.#creditBytes >= 0;
  }

  /** The receiver has taken bytes, and more may come. */
  consumed(bytes: number): void {
    this.released(bytes);
    this.credit(bytes);
  }

  /** Bytes no longer count as held. */
  released(bytes: number): void {
    // Those of a stream that is over were given up with it.
    const held = Math.min(bytes, this.heldBytes);
    this.heldBytes -= held;
    this.connection.heldBytes -= held;
  }

  /** Lets the peer send as many bytes more. */
  credit(bytes: number): void {
    this.#owedBytes += bytes;
    if (this.#owedBytes < streamWindowBytes >> 1 || this.remoteEnded) return;
    this.#sender.words(FrameType.WINDOW_UPDATE, 0, this.id, this.#owedBytes);
    this.#creditBytes += this.#owedBytes;
    this.#owedBytes = 0;
  }

  sendHeaders(block: Uint8Array): void {
    if (this.localEnded) return;
    this.headersSent = true;
    this.#sender.headers(this.id, block, { end: false });
  }

  /** A message with gRPC's prefix of five bytes. */
  sendMessage(message: Uint8Array): void {
    if (this.localEnded) return;
    const length = messagePrefixBytes + message.length;
    const sender = this.#sender;
    if (this.#queue || length > this.windowBytes || length > sender.windowBytes || length > sender.maxFrameBytes) {
      this.#enqueue(prefixOf(message.length), message);
      return;
    }
    this.windowBytes -= length;
    sender.windowBytes -= length;
    sender.data(this.id, length);
    const { out } = sender;
    out.reserve(messagePrefixBytes);
    writePrefix(out.bytes, out.at, message.length);
    out.at += messagePrefixBytes;
    out.append(message);
    sender.flushIfLarge();
  }

  /** One message that is made of several pieces. @param length of all of them */
  sendParts(parts: readonly Uint8Array[], length: number): void {
    if (!this.localEnded) this.#enqueue(prefixOf(length), ...parts);
  }

  /** Messages that are alike, each with gRPC's prefix. */
  sendRun(run: EncodedRun): void {
    if (this.localEnded) return;
    const sender = this.#sender;
    const { bytes, largest } = runSize(run);
    if (this.#queue || bytes > this.windowBytes || bytes > sender.windowBytes || largest > runFrameBytes) {
      const messages = Buffer.allocUnsafe(bytes);
      writePart(messages, 0, run, { from: 0, to: run.middles.length, bytes });
      this.#enqueue(messages);
      return;
    }
    this.windowBytes -= bytes;
    sender.windowBytes -= bytes;
    for (let part = nextPart(run, 0, runFrameBytes); part.bytes > 0; part = nextPart(run, part.to, runFrameBytes)) {
      sender.begin(FrameType.DATA, 0, this.id, part.bytes);
      writePart(sender.out.bytes, sender.out.at, run, part);
      sender.out.at += part.bytes;
    }
    sender.wroteAnswers = true;
    sender.flushIfLarge();
  }

  /** A whole answer of one message. */
  sendAnswer(head: Uint8Array, message: Uint8Array, trailers: Uint8Array): void {
    const length = messagePrefixBytes + message.length;
    const sender = this.#sender;
    const fits = length <= maxAnswerBytes && length <= this.windowBytes && length <= sender.windowBytes;
    if (!fits || !this.remoteEnded || this.localEnded) {
      this.sendHeaders(head);
      this.sendMessage(message);
      this.sendTrailers(trailers);
      return;
    }
    this.localEnded = true;
    sender.answer(this.id, { head, message, trailers });
    this.connection.forget(this);
  }

  /** The end of the answer. Without a message before, the block is all of it. */
  sendTrailers(block: Uint8Array): void {
    if (this.localEnded) return;
    if (this.#queue) this.#sendDueEnd = () => this.#sendEnd(block);
    else this.#sendEnd(block);
  }

  /** The end of a request; its answer may go on. */
  endRequest(): void {
    if (this.localEnded) return;
    if (this.#queue) {
      this.#sendDueEnd = () => this.endRequest();
      return;
    }
    this.localEnded = true;
    this.#sender.begin(FrameType.DATA, Flag.END_STREAM, this.id, 0);
  }

  /** Ends the stream at once, both ways. */
  reset(code: ErrorCode): void {
    if (this.localEnded && this.remoteEnded) return;
    this.#sender.words(FrameType.RST_STREAM, 0, this.id, code);
    this.connection.endedEarly(this);
    this.connection.forget(this);
  }

  /** Bytes that wait for a window. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** False when the writer is to pause until `onWritable`. */
  get writable(): boolean {
    if (this.#queuedBytes <= highWaterBytes && !this.#sender.congested) return true;
    if (!this.#paused) this.connection.waitForRoom(this);
    this.#paused = true;
    return false;
  }

  /** Tells the receiver when it may go on; whether it was told. */
  resumeIfRoom(): boolean {
    if (this.#queuedBytes > lowWaterBytes || this.#sender.congested) return false;
    this.#paused = false;
    this.receiver?.onWritable();
    return true;
  }

  /** Sends one frame of what waits; false when the window or the socket takes none. */
  sendQueuedFrame(): boolean {
    const sender = this.#sender;
    if (sender.congested) return false;
    const length = Math.min(this.#queuedBytes, this.windowBytes, sender.windowBytes, sender.maxFrameBytes);
    if (length <= 0) return false;
    this.windowBytes -= length;
    sender.windowBytes -= length;
    this.#queuedBytes -= length;
    sender.data(this.id, length);
    this.#appendQueued(length);
    sender.flushIfLarge(queuedWriteBytes);
    if (this.#queuedBytes === 0) this.#endQueue();
    if (this.#paused) this.connection.offerRoom(this);
    return true;
  }

  /** @returns false for a window that is too large. */
  widen(bytes: number): boolean {
    this.windowBytes += bytes;
    if (this.windowBytes > maxWindowBytes) return false;
    while (this.#queue && this.sendQueuedFrame());
    return true;
  }

  /** Nothing more is sent or heard. */
  close(): void {
    this.localEnded = true;
    this.remoteEnded = true;
    this.#queue = undefined;
    this.#queuedBytes = 0;
    this.#sendDueEnd = undefined;
    this.#sender.unblock(this);
  }

  #sendEnd(block: Uint8Array): void {
    this.headersSent = true;
    this.localEnded = true;
    this.#sender.headers(this.id, block, { end: true });
    // The client need not send the rest of its request.
    if (!this.remoteEnded) {
      this.#sender.words(FrameType.RST_STREAM, 0, this.id, ErrorCode.NO_ERROR);
      this.connection.endedEarly(this);
    }
    this.connection.forget(this);
  }

  #enqueue(...pieces: readonly Uint8Array[]): void {
    this.#queue ??= [];
    for (const piece of pieces) {
      if (piece.length === 0) continue;
      this.#queue.push(piece);
      this.#queuedBytes += piece.length;
    }
    this.#sender.block(this);
    while (this.#queue && this.sendQueuedFrame());
  }

  #appendQueued(length: number): void {
    const queue = this.#queue ?? [];
    let left = length;
    let done = 0;
    for (const piece of queue) {
      if (left === 0) break;
      const from = this.#queueOffset;
      const to = Math.min(piece.length, from + left);
      left -= to - from;
      this.#sender.out.append(from === 0 && to === piece.length ? piece : piece.subarray(from, to));
      this.#queueOffset = to === piece.length ? 0 : to;
      if (to === piece.length) done++;
    }
    queue.splice(0, done);
  }

  #endQueue(): void {
    this.#queue = undefined;
    this.#sender.unblock(this);
    const sendEnd = this.#sendDueEnd;
    this.#sendDueEnd = undefined;
    sendEnd?.();
  }
}

/** Larger ones are not written in one go. */
const maxAnswerBytes = 8 * 1024;

function prefixOf(length: number): Buffer {
  const prefix = Buffer.allocUnsafe(messagePrefixBytes);
  writePrefix(prefix, 0, length);
  return prefix;
}
