/**
 * One HTTP/2 connection of a server, over a socket of any kind. Reads frames, keeps the streams and the rules of RFC 9113, and hands
 * requests to an application. Server push, priorities and extensions are not here: what a peer says about them is ignored.
 *
 * Invariants: a stream is in `#streams` exactly from its HEADERS until both sides have ended it; a broken rule ends its stream
 * or the connection and never throws out of here; whatever a peer can make us keep or write has a limit (`limits.ts`).
 */
import type { Duplex } from 'node:stream';
import { FrameReader, type FrameHeader, type FrameTaker } from './frame-reader.ts';
import type { Flusher } from './flusher.ts';
import { type HeaderBlock, HeaderBlocks } from './header-blocks.ts';
import { KeepAlive } from './keep-alive.ts';
import { type ConnectionLimits, FloodGuard } from './limits.ts';
import type { SlabPool } from './output.ts';
import {
  ConnectionError,
  ErrorCode,
  Flag,
  FrameType,
  SettingId,
  clientPreface,
  defaultWindowBytes,
  maxStreamId,
} from './protocol.ts';
import { type RequestHead, areTrailers, readRequestHead } from './request-head.ts';
import { Sender } from './sender.ts';
import { readSettings } from './settings.ts';
import { Http2Stream, type StreamOwner, type StreamReceiver, streamWindowBytes } from './stream.ts';

/** What answers the requests of a connection. */
export interface Application<Route> {
  /** Reads a head; the result is used again for requests with the same header block. */
  route(head: RequestHead): Route;
  /** A request begins. */
  open(stream: Http2Stream, route: Route): StreamReceiver;
  /** A request whose fields are more than allowed. The stream is to be answered; nothing is heard of it. */
  refuseHeaders(stream: Http2Stream): void;
}

export interface ConnectionOptions<Route> {
  readonly socket: Duplex;
  readonly application: Application<Route>;
  readonly limits: ConnectionLimits;
  readonly slabs: SlabPool;
  readonly flusher: Flusher;
  readonly onClosed: () => void;
  /** Told of errors that no peer can cause. */
  readonly onBug: (error: unknown) => void;
}

/** A header block that goes on in CONTINUATION frames. */
interface UnfinishedBlock {
  readonly streamId: number;
  readonly endStream: boolean;
  readonly pieces: Buffer[];
  bytes: number;
}

interface Reading<Route> {
  /** Undefined for a malformed request. */
  readonly head: RequestHead | undefined;
  readonly route: Route | undefined;
}

/** A connection takes as much until it is read. */
const connectionWindowBytes = 16 * 1024 * 1024;

export class ServerConnection<Route> implements FrameTaker, StreamOwner {
  readonly socket: Duplex;
  heldBytes = 0;
  readonly #application: Application<Route>;
  readonly #limits: ConnectionLimits;
  readonly #onClosed: () => void;
  readonly #onBug: (error: unknown) => void;
  readonly #sender: Sender;
  readonly #reader = new FrameReader(this);
  readonly #blocks: HeaderBlocks<Reading<Route>>;
  readonly #flood: FloodGuard;
  readonly #keepAlive: KeepAlive;
  readonly #streams = new Map<number, Http2Stream>();
  /** Streams whose writers wait. */
  readonly #waiting = new Set<Http2Stream>();
  #prefaceBytes = 0;
  #greeted = false;
  #lastStreamId = 0;
  /** No stream above this is served any more. */
  #acceptedStreamId = maxStreamId;
  #unfinished: UnfinishedBlock | undefined;
  #owedBytes = 0;
  #shuttingDown = false;
  #closed = false;

  constructor(options: ConnectionOptions<Route>) {
    const { socket, application, limits, slabs, flusher } = options;
    this.socket = socket;
    this.#application = application;
    this.#limits = limits;
    this.#onClosed = options.onClosed;
    this.#onBug = options.onBug;
    this.#blocks = new HeaderBlocks(limits.maxHeaderListBytes);
    this.#flood = new FloodGuard(limits);
    this.#sender = new Sender({ socket, slabs, flusher, onDrained: () => this.#offerRoomToAll() });
    this.#keepAlive = new KeepAlive({
      ...limits,
      ping: (payload) => this.#sender.words(FrameType.PING, 0, 0, 0, payload),
      giveUp: () => socket.destroy(),
    });
    this.#greet();
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => socket.end());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#close());
    socket.resume();
    if (socket.destroyed) this.#close();
  }

  get taking(): boolean {
    return !this.#closed;
  }

  /** Serves no new streams, and ends the connection when the present ones are answered. */
  shutDown(): void {
    if (this.#closed || this.#shuttingDown) return;
    this.#shuttingDown = true;
    // Streams that are on their way are still served; the answer to the ping comes behind them.
    this.#sendGoAway(maxStreamId, ErrorCode.NO_ERROR, '');
    this.#keepAlive.ask(() => this.#refuseNewStreams());
  }

  /** Ends the connection now. */
  destroy(): void {
    this.#sender.flush();
    this.socket.destroy();
    this.#close();
  }

  forget(stream: Http2Stream): void {
    if (!this.#streams.delete(stream.id)) return;
    this.heldBytes -= stream.heldBytes;
    stream.heldBytes = 0;
    if (this.#waiting.size > 0) this.#waiting.delete(stream);
    stream.close();
    if (this.#shuttingDown) this.#endIfIdle();
  }

  endedEarly(stream: Http2Stream): void {
    this.#flood.rememberReset(stream.id);
  }

  waitForRoom(stream: Http2Stream): void {
    this.#waiting.add(stream);
  }

  offerRoom(stream: Http2Stream): void {
    if (this.#waiting.has(stream) && stream.resumeIfRoom()) this.#waiting.delete(stream);
  }

  takeData({ flags, streamId }: FrameHeader, bytes: Buffer, start: number, end: number, whole: boolean): void {
    if (this.#unfinished) throw interrupted();
    this.#data(streamId, bytes, start, end, whole && (flags & Flag.END_STREAM) !== 0);
  }

  takeFrame(header: FrameHeader, bytes: Buffer, start: number, end: number): void {
    const { type, streamId } = header;
    if (this.#unfinished && (type !== FrameType.CONTINUATION || streamId !== this.#unfinished.streamId)) {
      throw interrupted();
    }
    if (!this.#greeted && type !== FrameType.SETTINGS) throw protocolError('no SETTINGS after the preface');
    switch (type) {
      case FrameType.DATA:
        return this.#paddedData(header, bytes, start, end);
      case FrameType.HEADERS:
        return this.#headers(header, bytes, start, end);
      case FrameType.PRIORITY:
        return this.#priority(streamId, bytes, start, end);
      case FrameType.RST_STREAM:
        return this.#reset(streamId, end - start);
      case FrameType.SETTINGS:
        return this.#settings(header, bytes.subarray(start, end));
      case FrameType.PUSH_PROMISE:
        throw protocolError('a promise from a client');
      case FrameType.PING:
        return this.#ping(header, bytes.subarray(start, end));
      case FrameType.GOAWAY:
        return this.#goAway(streamId, end - start);
      case FrameType.WINDOW_UPDATE:
        return this.#windowUpdate(streamId, bytes, start, end);
      case FrameType.CONTINUATION:
        return this.#continuation(header, bytes, start, end);
      default:
        this.#flood.count();
    }
  }

  #greet(): void {
    const sender = this.#sender;
    sender.begin(FrameType.SETTINGS, 0, 0, 18);
    const settings = [
      [SettingId.MAX_CONCURRENT_STREAMS, this.#limits.maxConcurrentStreams],
      [SettingId.INITIAL_WINDOW_SIZE, streamWindowBytes],
      [SettingId.MAX_HEADER_LIST_SIZE, this.#limits.maxHeaderListBytes],
    ] as const;
    const { out } = sender;
    for (const [id, value] of settings) {
      out.at = out.bytes.writeUInt16BE(id, out.at);
      out.at = out.bytes.writeUInt32BE(value, out.at);
    }
    sender.words(FrameType.WINDOW_UPDATE, 0, 0, connectionWindowBytes - defaultWindowBytes);
  }

  #read(chunk: Buffer): void {
    if (this.#closed) return;
    this.#keepAlive.heard();
    try {
      const at = this.#prefaceBytes < clientPreface.length ? this.#readPreface(chunk) : 0;
      this.#reader.read(at === 0 ? chunk : chunk.subarray(at));
    } catch (error) {
      this.#fail(error);
    }
  }

  #readPreface(chunk: Buffer): number {
    const from = this.#prefaceBytes;
    const length = Math.min(chunk.length, clientPreface.length - from);
    if (clientPreface.compare(chunk, 0, length, from, from + length) !== 0) throw protocolError('no preface of HTTP/2');
    this.#prefaceBytes += length;
    return length;
  }

  #data(streamId: number, bytes: Buffer, start: number, end: number, ends: boolean): void {
    const length = end - start;
    if (!this.#greeted) throw protocolError('no SETTINGS after the preface');
    if (length === 0 && !ends) this.#flood.count();
    this.#arrived(length);
    const stream = this.#streams.get(streamId);
    if (!stream || stream.remoteEnded) return this.#dataOfClosed(streamId);
    this.heldBytes += length;
    if (!stream.arrived(length)) return this.#failStream(stream, ErrorCode.FLOW_CONTROL_ERROR);
    if (stream.expectedBytes !== undefined) {
      stream.expectedBytes -= length;
      if (stream.expectedBytes < 0 || (ends && stream.expectedBytes > 0)) {
        return this.#failStream(stream, ErrorCode.PROTOCOL_ERROR);
      }
    }
    if (ends) stream.remoteEnded = true;
    if (length > 0) stream.receiver?.onData(bytes, start, end);
    if (ends) this.#endRemote(stream);
    else if (this.heldBytes > this.#limits.maxHeldBytes) this.#failStream(stream, ErrorCode.ENHANCE_YOUR_CALM);
  }

  /** Gives back the connection's window as it is used: the windows of streams are what holds a client up. */
  #arrived(length: number): void {
    this.#owedBytes += length;
    if (this.#owedBytes > connectionWindowBytes) {
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'more than the window of the connection');
    }
    if (this.#owedBytes < connectionWindowBytes >> 1) return;
    this.#sender.words(FrameType.WINDOW_UPDATE, 0, 0, this.#owedBytes);
    this.#owedBytes = 0;
  }

  #dataOfClosed(streamId: number): void {
    if (isIdle(streamId, this.#lastStreamId)) throw protocolError('DATA of a stream that was never opened');
    this.#flood.count();
    // What was on its way when we ended the stream.
    if (this.#flood.wasReset(streamId)) return;
    this.#sender.words(FrameType.RST_STREAM, 0, streamId, ErrorCode.STREAM_CLOSED);
  }

  #paddedData({ flags, streamId }: FrameHeader, bytes: Buffer, start: number, end: number): void {
    if (end === start) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'no room for the padding');
    const padding = bytes[start] ?? 0;
    if (padding >= end - start) throw protocolError('more padding than frame');
    this.#padding(streamId, 1 + padding);
    this.#data(streamId, bytes, start + 1, end - padding, (flags & Flag.END_STREAM) !== 0);
  }

  /** Padding uses the windows and is taken at once. */
  #padding(streamId: number, length: number): void {
    this.#arrived(length);
    const stream = this.#streams.get(streamId);
    if (!stream || stream.remoteEnded) return;
    this.heldBytes += length;
    stream.arrived(length);
    stream.consumed(length);
  }

  #headers({ flags, streamId }: FrameHeader, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0 || streamId % 2 === 0) throw protocolError('HEADERS on a stream that is none of a client');
    let from = start;
    let padding = 0;
    if ((flags & Flag.PADDED) !== 0) padding = bytes[from++] ?? 0;
    if ((flags & Flag.PRIORITY) !== 0) {
      if (from + 5 <= end && dependency(bytes, from) === streamId)
        throw protocolError('a stream that depends on itself');
      from += 5;
    }
    if (from + padding > end) throw protocolError('more padding than frame');
    const endStream = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.END_HEADERS) !== 0)
      return this.#block({ streamId, endStream, bytes, start: from, end: end - padding });
    const piece = Buffer.from(bytes.subarray(from, end - padding));
    this.#unfinished = { streamId, endStream, pieces: [piece], bytes: piece.length };
  }

  #continuation({ flags }: FrameHeader, bytes: Buffer, start: number, end: number): void {
    const unfinished = this.#unfinished;
    if (!unfinished) throw protocolError('CONTINUATION of nothing');
    unfinished.pieces.push(Buffer.from(bytes.subarray(start, end)));
    unfinished.bytes += end - start;
    const { maxHeaderListBytes, maxContinuations } = this.#limits;
    if (unfinished.bytes > maxHeaderListBytes || unfinished.pieces.length > maxContinuations + 1) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'a header block without end');
    }
    if ((flags & Flag.END_HEADERS) === 0) return;
    this.#unfinished = undefined;
    const whole = Buffer.concat(unfinished.pieces);
    this.#block({ ...unfinished, bytes: whole, start: 0, end: whole.length });
  }

  #block({ streamId, endStream, bytes, start, end }: WholeBlock): void {
    // Also of a stream that is refused, for the sake of the table.
    const block = this.#blocks.read(bytes, start, end);
    const stream = this.#streams.get(streamId);
    if (stream) return this.#trailers(stream, block, endStream);
    if (streamId <= this.#lastStreamId) {
      if (this.#flood.wasReset(streamId)) return;
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'HEADERS of a stream that is closed');
    }
    this.#lastStreamId = streamId;
    if (streamId > this.#acceptedStreamId) return;
    const opened = new Http2Stream(streamId, this, this.#sender);
    if (this.#streams.size >= this.#limits.maxConcurrentStreams) return this.#refuse(opened, ErrorCode.REFUSED_STREAM);
    this.#streams.set(streamId, opened);
    this.#open(opened, block, endStream);
  }

  #refuse({ id }: Http2Stream, code: ErrorCode): void {
    this.#flood.count();
    this.#flood.rememberReset(id);
    this.#sender.words(FrameType.RST_STREAM, 0, id, code);
  }

  #open(stream: Http2Stream, block: HeaderBlock<Reading<Route>>, endStream: boolean): void {
    stream.remoteEnded = endStream;
    if (block.tooLarge) return this.#application.refuseHeaders(stream);
    block.reading ??= this.#readHead(block);
    const { head, route } = block.reading;
    if (!head || route === undefined) return this.#failStream(stream, ErrorCode.PROTOCOL_ERROR);
    stream.expectedBytes = head.contentLength;
    if (endStream && head.contentLength !== undefined && head.contentLength > 0) {
      return this.#failStream(stream, ErrorCode.PROTOCOL_ERROR);
    }
    stream.receiver = this.#application.open(stream, route);
    if (endStream) this.#endRemote(stream);
  }

  #readHead({ fields }: HeaderBlock<Reading<Route>>): Reading<Route> {
    const head = readRequestHead(fields);
    return { head, route: head && this.#application.route(head) };
  }

  #trailers(stream: Http2Stream, { fields, tooLarge }: HeaderBlock<Reading<Route>>, endStream: boolean): void {
    if (stream.remoteEnded) return this.#failStream(stream, ErrorCode.STREAM_CLOSED);
    const complete = stream.expectedBytes === undefined || stream.expectedBytes === 0;
    if (!endStream || tooLarge || !complete || !areTrailers(fields)) {
      return this.#failStream(stream, ErrorCode.PROTOCOL_ERROR);
    }
    stream.remoteEnded = true;
    this.#endRemote(stream);
  }

  #endRemote(stream: Http2Stream): void {
    if (stream.localEnded) this.forget(stream);
    else stream.receiver?.onEnd();
  }

  #priority(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0) throw protocolError('PRIORITY of the connection');
    this.#flood.count();
    if (end - start !== 5) return this.#resetById(streamId, ErrorCode.FRAME_SIZE_ERROR);
    if (dependency(bytes, start) === streamId) this.#resetById(streamId, ErrorCode.PROTOCOL_ERROR);
  }

  #resetById(streamId: number, code: ErrorCode): void {
    const stream = this.#streams.get(streamId);
    if (stream) this.#failStream(stream, code);
    else this.#sender.words(FrameType.RST_STREAM, 0, streamId, code);
  }

  #reset(streamId: number, length: number): void {
    if (length !== 4) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'RST_STREAM of a wrong size');
    if (isIdle(streamId, this.#lastStreamId)) throw protocolError('RST_STREAM of a stream that was never opened');
    this.#flood.countReset();
    const stream = this.#streams.get(streamId);
    if (stream) this.#end(stream);
  }

  #settings({ flags, streamId }: FrameHeader, payload: Buffer): void {
    if (streamId !== 0) throw protocolError('SETTINGS of a stream');
    const isAck = (flags & Flag.ACK) !== 0;
    if (isAck ? payload.length > 0 : payload.length % 6 !== 0) {
      throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'SETTINGS of a wrong size');
    }
    if (isAck) return;
    this.#greeted = true;
    this.#keepAlive.greeted();
    this.#flood.count();
    const { tableBytes, initialWindowBytes, maxFrameBytes } = readSettings(payload);
    const sender = this.#sender;
    if (tableBytes !== undefined) sender.setTableBytes(tableBytes);
    // Larger frames would gain nothing.
    if (maxFrameBytes !== undefined) sender.maxFrameBytes = Math.min(maxFrameBytes, 64 * 1024);
    if (initialWindowBytes !== undefined) this.#changeWindows(initialWindowBytes);
    sender.words(FrameType.SETTINGS, Flag.ACK, 0);
  }

  #changeWindows(initialWindowBytes: number): void {
    const change = initialWindowBytes - this.#sender.initialWindowBytes;
    this.#sender.initialWindowBytes = initialWindowBytes;
    for (const stream of this.#streams.values()) {
      if (stream.widen(change)) continue;
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'a stream window that is too large');
    }
  }

  #ping({ flags, streamId }: FrameHeader, payload: Buffer): void {
    if (streamId !== 0) throw protocolError('PING of a stream');
    if (payload.length !== 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'PING of a wrong size');
    if ((flags & Flag.ACK) !== 0) return this.#keepAlive.answered(payload.readUInt32BE(4));
    this.#flood.countPing({ excused: this.#sender.wroteAnswers });
    this.#sender.wroteAnswers = false;
    this.#sender.begin(FrameType.PING, Flag.ACK, 0, 8);
    this.#sender.out.copy(payload);
  }

  #goAway(streamId: number, length: number): void {
    if (streamId !== 0) throw protocolError('GOAWAY of a stream');
    if (length < 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'GOAWAY of a wrong size');
    this.#flood.count();
  }

  #windowUpdate(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'WINDOW_UPDATE of a wrong size');
    const increment = dependency(bytes, start);
    if (streamId === 0) {
      if (increment === 0) throw protocolError('WINDOW_UPDATE by nothing');
      return this.#sender.widen(increment);
    }
    const stream = this.#streams.get(streamId);
    if (!stream) {
      if (isIdle(streamId, this.#lastStreamId)) throw protocolError('WINDOW_UPDATE of a stream that was never opened');
      return;
    }
    if (increment === 0) this.#failStream(stream, ErrorCode.PROTOCOL_ERROR);
    else if (!stream.widen(increment)) this.#failStream(stream, ErrorCode.FLOW_CONTROL_ERROR);
  }

  /** The peer broke a rule of one stream. */
  #failStream(stream: Http2Stream, code: ErrorCode): void {
    this.#flood.count();
    stream.reset(code);
    this.#end(stream);
  }

  #end(stream: Http2Stream): void {
    this.forget(stream);
    stream.close();
    stream.receiver?.onClosed();
  }

  #sendGoAway(lastStreamId: number, code: ErrorCode, text: string): void {
    const details = Buffer.from(text);
    this.#sender.begin(FrameType.GOAWAY, 0, 0, 8 + details.length);
    const { out } = this.#sender;
    out.at = out.bytes.writeUInt32BE(lastStreamId, out.at);
    out.at = out.bytes.writeUInt32BE(code, out.at);
    out.copy(details);
  }

  #refuseNewStreams(): void {
    if (this.#closed) return;
    this.#acceptedStreamId = this.#lastStreamId;
    this.#sendGoAway(this.#lastStreamId, ErrorCode.NO_ERROR, '');
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (this.#closed || this.#streams.size > 0 || this.#acceptedStreamId === maxStreamId) return;
    this.#sender.flush();
    this.socket.end();
  }

  /** The peer broke a rule of the connection, or we have a bug. */
  #fail(error: unknown): void {
    const known = error instanceof ConnectionError;
    this.#sendGoAway(this.#lastStreamId, known ? error.code : ErrorCode.INTERNAL_ERROR, known ? error.message : '');
    this.#sender.flush();
    this.#close();
    // Lets the peer read why, but never longer than a moment.
    this.socket.end();
    this.socket.resume();
    const timer = setTimeout(() => this.socket.destroy(), this.#limits.lingerMs);
    this.socket.once('close', () => clearTimeout(timer));
    if (!known) this.#onBug(error);
  }

  #offerRoomToAll(): void {
    for (const stream of this.#waiting) this.offerRoom(stream);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#keepAlive.stop();
    for (const stream of this.#streams.values()) this.#end(stream);
    this.#onClosed();
  }
}

interface WholeBlock {
  readonly streamId: number;
  readonly endStream: boolean;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** A stream id or a window increment: 31 bits. */
function dependency(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) & 0x7fff_ffff;
}

function isIdle(streamId: number, lastStreamId: number): boolean {
  return streamId > lastStreamId || streamId % 2 === 0;
}

function protocolError(text: string): ConnectionError {
  return new ConnectionError(ErrorCode.PROTOCOL_ERROR, text);
}

function interrupted(): ConnectionError {
  return protocolError('a frame within a header block');
}
