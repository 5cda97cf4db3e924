/**
 * The requests of a connection: opens streams, brings them what arrives, and ends those that break a rule.
 *
 * Invariant: a stream is in `#streams` exactly from its HEADERS until both sides have ended it.
 */
import type { Duplex } from 'node:stream';
import { type WholeBlock, readWord } from './header-assembly.ts';
import { type HeaderBlock, HeaderBlocks } from './header-blocks.ts';
import type { ConnectionLimits, FloodGuard } from './limits.ts';
import { ConnectionError, ErrorCode, FrameType, maxStreamId, protocolError } from './protocol.ts';
import { type RequestHead, areTrailers, readRequestHead } from './request-head.ts';
import type { Sender } from './sender.ts';
import { Http2Stream, type StreamOwner, type StreamReceiver } from './stream.ts';

/** What answers the requests of a connection. */
export interface Application<Route> {
  /** Reads a head; the result is used again for requests with the same header block. */
  route(head: RequestHead): Route;
  /** A request begins. */
  open(stream: Http2Stream, route: Route): StreamReceiver;
  /** A request whose fields are more than allowed. The stream is to be answered; nothing is heard of it. */
  refuseHeaders(stream: Http2Stream): void;
}

export interface RequestsOptions<Route> {
  readonly socket: Duplex;
  readonly application: Application<Route>;
  readonly limits: ConnectionLimits;
  readonly sender: Sender;
  readonly flood: FloodGuard;
  /** Called when the last stream ends. */
  readonly onIdle: () => void;
}

interface Reading<Route> {
  /** Undefined for a malformed request. */
  readonly head: RequestHead | undefined;
  readonly route: Route | undefined;
}

export class Requests<Route> implements StreamOwner {
  readonly socket: Duplex;
  heldBytes = 0;
  lastStreamId = 0;
  readonly #application: Application<Route>;
  readonly #limits: ConnectionLimits;
  readonly #sender: Sender;
  readonly #flood: FloodGuard;
  readonly #onIdle: () => void;
  readonly #blocks: HeaderBlocks<Reading<Route>>;
  readonly #streams = new Map<number, Http2Stream>();
  /** Streams whose writers wait. */
  readonly #waiting = new Set<Http2Stream>();
  /** No stream above this is served. */
  #acceptedStreamId = maxStreamId;

  constructor({ socket, application, limits, sender, flood, onIdle }: RequestsOptions<Route>) {
    this.socket = socket;
    this.#application = application;
    this.#limits = limits;
    this.#sender = sender;
    this.#flood = flood;
    this.#onIdle = onIdle;
    this.#blocks = new HeaderBlocks(limits.maxHeaderListBytes);
  }

  get idle(): boolean {
    return this.#streams.size === 0;
  }

  forget(stream: Http2Stream): void {
    if (!this.#streams.delete(stream.id)) return;
    this.heldBytes -= stream.heldBytes;
    stream.heldBytes = 0;
    if (this.#waiting.size > 0) this.#waiting.delete(stream);
    stream.close();
    if (this.#streams.size === 0) this.#onIdle();
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

  offerRoomToAll(): void {
    for (const stream of this.#waiting) this.offerRoom(stream);
  }

  /** Streams that are opened from now on are ignored. */
  refuseNew(): void {
    this.#acceptedStreamId = this.lastStreamId;
  }

  closeAll(): void {
    for (const stream of this.#streams.values()) this.#end(stream);
  }

  /** A request, or the trailers of one. */
  block({ streamId, endStream, bytes, start, end }: WholeBlock): void {
    // Also of a stream that is refused, for the sake of the table.
    const block = this.#blocks.read(bytes, start, end);
    const stream = this.#streams.get(streamId);
    if (stream) return this.#trailers(stream, block, endStream);
    if (streamId <= this.lastStreamId) {
      if (this.#flood.wasReset(streamId)) return;
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'HEADERS of a stream that is closed');
    }
    this.lastStreamId = streamId;
    if (streamId > this.#acceptedStreamId) return;
    if (this.#streams.size >= this.#limits.maxConcurrentStreams) return this.#refuse(streamId);
    const opened = new Http2Stream(streamId, this, this.#sender);
    this.#streams.set(streamId, opened);
    this.#open(opened, block, endStream);
  }

  /** A fragment of a body; the connection's window has been counted. */
  data(streamId: number, bytes: Buffer, start: number, end: number, ends: boolean): void {
    const length = end - start;
    if (length === 0 && !ends) this.#flood.count();
    const stream = this.#streams.get(streamId);
    if (!stream || stream.remoteEnded) return this.#dataOfClosed(streamId);
    this.heldBytes += length;
    if (!stream.arrived(length)) return this.#fail(stream, ErrorCode.FLOW_CONTROL_ERROR);
    if (stream.expectedBytes !== undefined) {
      stream.expectedBytes -= length;
      if (stream.expectedBytes < 0 || (ends && stream.expectedBytes > 0)) {
        return this.#fail(stream, ErrorCode.PROTOCOL_ERROR);
      }
    }
    if (ends) stream.remoteEnded = true;
    if (length > 0) stream.receiver?.onData(bytes, start, end);
    if (ends) this.#endRemote(stream);
    else if (this.heldBytes > this.#limits.maxHeldBytes) this.#fail(stream, ErrorCode.ENHANCE_YOUR_CALM);
  }

  /** Padding uses the stream's window and is taken at once. */
  padding(streamId: number, length: number): void {
    const stream = this.#streams.get(streamId);
    if (!stream || stream.remoteEnded) return;
    this.heldBytes += length;
    stream.arrived(length);
    stream.consumed(length);
  }

  priority(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0) throw protocolError('PRIORITY of the connection');
    this.#flood.count();
    if (end - start !== 5) this.#resetById(streamId, ErrorCode.FRAME_SIZE_ERROR);
    else if (readWord(bytes, start) === streamId) this.#resetById(streamId, ErrorCode.PROTOCOL_ERROR);
  }

  /** The client gives up a stream. */
  reset(streamId: number): void {
    if (this.#isIdle(streamId)) throw protocolError('RST_STREAM of a stream that was never opened');
    const stream = this.#streams.get(streamId);
    if (!stream) return;
    this.#flood.countReset();
    this.#end(stream);
  }

  widen(streamId: number, increment: number): void {
    const stream = this.#streams.get(streamId);
    if (!stream) {
      if (this.#isIdle(streamId)) throw protocolError('WINDOW_UPDATE of a stream that was never opened');
      return;
    }
    if (increment === 0) this.#fail(stream, ErrorCode.PROTOCOL_ERROR);
    else if (!stream.widen(increment)) this.#fail(stream, ErrorCode.FLOW_CONTROL_ERROR);
  }

  changeWindows(initialWindowBytes: number): void {
    const change = initialWindowBytes - this.#sender.initialWindowBytes;
    this.#sender.initialWindowBytes = initialWindowBytes;
    for (const stream of this.#streams.values()) {
      if (stream.widen(change)) continue;
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'a stream window that is too large');
    }
  }

  #open(stream: Http2Stream, block: HeaderBlock<Reading<Route>>, endStream: boolean): void {
    stream.remoteEnded = endStream;
    if (block.tooLarge) return this.#application.refuseHeaders(stream);
    block.reading ??= this.#readHead(block);
    const { head, route } = block.reading;
    const misfits = endStream && (head?.contentLength ?? 0) > 0;
    if (!head || route === undefined || misfits) return this.#fail(stream, ErrorCode.PROTOCOL_ERROR);
    stream.expectedBytes = head.contentLength;
    stream.receiver = this.#application.open(stream, route);
    if (endStream) this.#endRemote(stream);
  }

  #readHead({ fields }: HeaderBlock<Reading<Route>>): Reading<Route> {
    const head = readRequestHead(fields);
    return { head, route: head && this.#application.route(head) };
  }

  #trailers(stream: Http2Stream, { fields, tooLarge }: HeaderBlock<Reading<Route>>, endStream: boolean): void {
    if (stream.remoteEnded) return this.#fail(stream, ErrorCode.STREAM_CLOSED);
    const complete = stream.expectedBytes === undefined || stream.expectedBytes === 0;
    if (!endStream || tooLarge || !complete || !areTrailers(fields)) {
      return this.#fail(stream, ErrorCode.PROTOCOL_ERROR);
    }
    stream.remoteEnded = true;
    this.#endRemote(stream);
  }

  #endRemote(stream: Http2Stream): void {
    if (stream.open) stream.receiver?.onEnd();
    else this.forget(stream);
  }

  #dataOfClosed(streamId: number): void {
    if (this.#isIdle(streamId)) throw protocolError('DATA of a stream that was never opened');
    this.#flood.count();
    // What was on its way when we ended the stream.
    if (this.#flood.wasReset(streamId)) return;
    this.#sender.words(FrameType.RST_STREAM, 0, streamId, ErrorCode.STREAM_CLOSED);
  }

  #refuse(streamId: number): void {
    this.#flood.count();
    this.#flood.rememberReset(streamId);
    this.#sender.words(FrameType.RST_STREAM, 0, streamId, ErrorCode.REFUSED_STREAM);
  }

  #resetById(streamId: number, code: ErrorCode): void {
    const stream = this.#streams.get(streamId);
    if (stream) this.#fail(stream, code);
    else this.#sender.words(FrameType.RST_STREAM, 0, streamId, code);
  }

  /** The peer broke a rule of one stream. */
  #fail(stream: Http2Stream, code: ErrorCode): void {
    this.#flood.count();
    stream.reset(code);
    this.#end(stream);
  }

  #end(stream: Http2Stream): void {
    this.forget(stream);
    stream.receiver?.onClosed();
  }

  #isIdle(streamId: number): boolean {
    return streamId > this.lastStreamId || streamId % 2 === 0;
  }
}
