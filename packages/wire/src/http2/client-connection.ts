/**
 * One HTTP/2 connection of a client, with one request on it: for streams that stay open for long, and that no other request may
 * hold up. The rules of RFC 9113 that concern the connection, its beginning and its end; what the answer means is the receiver's.
 *
 * Invariants: the receiver hears nothing more after {@link ClientConnection.close} or `onClosed`, and no socket or timer is left
 * then; whatever a server can make us keep or write has a limit (`limits.ts`).
 */
import type { Duplex } from 'node:stream';
import {
  answerPing,
  obeySettings,
  paddingOf,
  takeGoAway,
  takePing,
  takeReset,
  takeSettings,
  takeWindowUpdate,
  writeGoAway,
  writeSettings,
} from './control-frames.ts';
import { Flusher } from './flusher.ts';
import { type FrameHeader, FrameReader, type FrameTaker } from './frame-reader.ts';
import { HeaderAssembly, type WholeBlock } from './header-assembly.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { KeepAlive } from './keep-alive.ts';
import { type ConnectionLimits, FloodGuard } from './limits.ts';
import { SlabPool } from './output.ts';
import {
  ConnectionError,
  ErrorCode,
  Flag,
  FrameType,
  SettingId,
  clientPreface,
  maxWindowBytes,
  protocolError,
} from './protocol.ts';
import { ReceiveWindow } from './receive-window.ts';
import { Sender } from './sender.ts';
import type { HeaderField } from './static-table.ts';
import { Http2Stream, type StreamOwner, type StreamReceiver, streamWindowBytes } from './stream.ts';

/** What makes something of the answer. `onEnd` is the end of one without trailers; `onClosed` finds the reason in `ending`. */
export interface AnswerReceiver extends StreamReceiver {
  /** The head of the answer, or its trailers; `ends` when nothing follows. */
  onHeaders(fields: readonly HeaderField[], options: { readonly ends: boolean }): void;
}

/**
 * Why an answer did not come to its end.
 * - `reset`: the server gave up the stream
 * - `lost`: the connection ended, or never came to be
 * - `broken`: the server broke a rule
 */
export type Ending =
  | { readonly kind: 'reset'; readonly code: number }
  | { readonly kind: 'lost'; readonly error: Error }
  | { readonly kind: 'broken'; readonly error: ConnectionError };

export interface ClientConnectionOptions {
  /** Connected, or about to be. It is the connection's own from now on. */
  readonly socket: Duplex;
  readonly limits: ConnectionLimits;
  /** The header block of the request. */
  readonly head: Uint8Array;
  readonly receiver: AnswerReceiver;
}

/** The first stream that a client may open. */
const onlyStreamId = 1;

export class ClientConnection implements FrameTaker, StreamOwner {
  readonly socket: Duplex;
  heldBytes = 0;
  readonly stream: Http2Stream;
  /** Set before `onClosed`. */
  ending: Ending | undefined;
  readonly #receiver: AnswerReceiver;
  readonly #sender: Sender;
  readonly #window: ReceiveWindow;
  readonly #reader = new FrameReader(this);
  readonly #headers: HeaderAssembly;
  readonly #decoder: HpackDecoder;
  readonly #flood: FloodGuard;
  readonly #keepAlive: KeepAlive;
  #greeted = false;
  #closed = false;
  /** What the server said when it announced that it goes. */
  #farewell = '';

  constructor({ socket, limits, head, receiver }: ClientConnectionOptions) {
    this.socket = socket;
    this.#receiver = receiver;
    this.#headers = new HeaderAssembly(limits);
    this.#decoder = new HpackDecoder(limits.maxHeaderListBytes);
    this.#flood = new FloodGuard(limits);
    const sender = new Sender({
      socket,
      slabs: new SlabPool(),
      flusher: new Flusher(),
      // Reading goes on: two ends that both stopped to read would wait for each other.
      onCongested: () => undefined,
      onDrained: () => this.offerRoom(this.stream),
    });
    this.#sender = sender;
    this.#window = new ReceiveWindow(sender);
    this.#keepAlive = new KeepAlive({
      ...limits,
      ping: (payload) => sender.words(FrameType.PING, 0, 0, 0, payload),
      giveUp: () => this.#lose(new Error('the server does not answer')),
    });
    this.stream = new Http2Stream(onlyStreamId, this, sender);
    this.stream.receiver = receiver;
    this.#greet(limits, head);
    this.#listen();
  }

  get taking(): boolean {
    return !this.#closed;
  }

  /** Bytes that were sent and that the system has not taken yet. */
  get waitingBytes(): number {
    return this.stream.queuedBytes + this.#sender.out.size + this.socket.writableLength;
  }

  /** Sends a message, and what waits, at once and not at the end of the turn. */
  sendNow(message: Uint8Array): void {
    this.#sender.hold();
    this.stream.sendMessage(message);
    this.#sender.flush();
  }

  /** Calls back when the server has answered, which it does at once; the last one asked for counts. */
  ping(onAnswer: () => void): void {
    if (!this.#closed) this.#keepAlive.ask(onAnswer);
  }

  /** Ends the connection; a call that goes on is given up. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#keepAlive.stop();
    this.stream.reset(ErrorCode.CANCEL);
    this.stream.close();
    this.#sender.flush();
    this.socket.destroy();
  }

  takeData({ flags, streamId }: FrameHeader, bytes: Buffer, start: number, end: number, whole: boolean): void {
    this.#checkOrder(FrameType.DATA, streamId);
    this.#window.arrived(end - start);
    this.#data(streamId, bytes, start, end);
    if (whole && (flags & Flag.END_STREAM) !== 0) this.#endAnswer();
  }

  takeFrame(header: FrameHeader, bytes: Buffer, start: number, end: number): void {
    const { type, streamId } = header;
    this.#checkOrder(type, streamId);
    switch (type) {
      case FrameType.DATA:
        return this.#paddedData(header, bytes, start, end);
      case FrameType.HEADERS:
        return this.#block(this.#headers.headers(header, bytes, start, end));
      case FrameType.CONTINUATION:
        return this.#block(this.#headers.continuation(header, bytes, start, end));
      case FrameType.RST_STREAM:
        checkStream(streamId);
        return this.#end({ kind: 'reset', code: takeReset(bytes.subarray(start, end)) });
      case FrameType.SETTINGS:
        return this.#settings(header, bytes.subarray(start, end));
      case FrameType.PUSH_PROMISE:
        throw protocolError('a promise, which we refused');
      case FrameType.PING:
        return this.#ping(header, bytes.subarray(start, end));
      case FrameType.GOAWAY:
        return this.#goAway(header, bytes.subarray(start, end));
      case FrameType.WINDOW_UPDATE:
        return this.#windowUpdate(header, bytes, start, end);
      default:
        this.#flood.count();
    }
  }

  // As the owner of its stream: there is nothing to keep of one that is over.
  forget(): void {}
  endedEarly(): void {}
  waitForRoom(): void {}

  offerRoom(stream: Http2Stream): void {
    if (!this.#closed) stream.resumeIfRoom();
  }

  #greet(limits: ConnectionLimits, head: Uint8Array): void {
    this.socket.write(clientPreface);
    writeSettings(this.#sender, [
      [SettingId.ENABLE_PUSH, 0],
      [SettingId.INITIAL_WINDOW_SIZE, streamWindowBytes],
      [SettingId.MAX_HEADER_LIST_SIZE, limits.maxHeaderListBytes],
    ]);
    this.#window.announce();
    this.stream.sendHeaders(head);
  }

  #listen(): void {
    const { socket } = this;
    const gone = (): void => this.#lose(new Error(`the server closed the connection${this.#farewell}`));
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#lose(error));
    socket.on('end', gone);
    socket.on('close', gone);
    if (socket.destroyed) setImmediate(gone);
  }

  #read(chunk: Buffer): void {
    if (this.#closed) return;
    this.#keepAlive.heard();
    try {
      this.#reader.read(chunk);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      const { code, message } = error;
      writeGoAway(this.#sender, { lastStreamId: 0, code, text: message });
      this.#end({ kind: 'broken', error });
    }
  }

  /** SETTINGS come first, and nothing comes between the frames of a header block. */
  #checkOrder(type: number, streamId: number): void {
    if (!this.#greeted && type !== FrameType.SETTINGS) throw protocolError('no SETTINGS at the beginning');
    const { unfinishedStreamId } = this.#headers;
    if (unfinishedStreamId === undefined) return;
    if (type !== FrameType.CONTINUATION || streamId !== unfinishedStreamId) {
      throw protocolError('a frame within a header block');
    }
  }

  #paddedData({ flags, streamId }: FrameHeader, bytes: Buffer, start: number, end: number): void {
    const padding = paddingOf(bytes, start, end);
    this.#window.arrived(end - start);
    this.#arrived(1 + padding);
    this.stream.consumed(1 + padding);
    this.#data(streamId, bytes, start + 1, end - padding);
    if ((flags & Flag.END_STREAM) !== 0) this.#endAnswer();
  }

  #data(streamId: number, bytes: Buffer, start: number, end: number): void {
    checkStream(streamId);
    const length = end - start;
    if (length === 0) return this.#flood.count();
    this.#arrived(length);
    this.#receiver.onData(bytes, start, end);
    this.stream.consumed(length);
  }

  #arrived(length: number): void {
    this.heldBytes += length;
    if (this.stream.arrived(length)) return;
    throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'more than the window of the stream');
  }

  /** @param whole undefined for a block that goes on. */
  #block(whole: WholeBlock | undefined): void {
    if (!whole) return;
    const { streamId, endStream, bytes, start, end } = whole;
    checkStream(streamId);
    const { fields, tooLarge } = this.#decoder.decode(bytes, start, end);
    if (tooLarge) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'a header list that is too large');
    if (!fields.every(({ sound }) => sound)) throw protocolError('a header field that is not allowed');
    if (endStream) this.stream.remoteEnded = true;
    this.#receiver.onHeaders(fields, { ends: endStream });
  }

  #endAnswer(): void {
    if (this.#closed) return;
    this.stream.remoteEnded = true;
    this.#receiver.onEnd();
  }

  #settings(header: FrameHeader, payload: Buffer): void {
    const settings = takeSettings(header, payload);
    if (!settings) return;
    this.#greeted = true;
    this.#keepAlive.greeted();
    this.#flood.count();
    const { initialWindowBytes } = settings;
    const sender = this.#sender;
    obeySettings(sender, settings);
    if (initialWindowBytes === undefined) return;
    const change = initialWindowBytes - sender.initialWindowBytes;
    sender.initialWindowBytes = initialWindowBytes;
    this.#widenStream(change);
  }

  #ping(header: FrameHeader, payload: Buffer): void {
    const { answerTo } = takePing(header, payload);
    if (answerTo !== undefined) return this.#keepAlive.answered(answerTo);
    this.#flood.count();
    answerPing(this.#sender, payload);
  }

  /** The stream goes on unless the server says that it knows nothing of it. */
  #goAway(header: FrameHeader, payload: Buffer): void {
    const { lastStreamId, code, text } = takeGoAway(header, payload);
    this.#flood.count();
    this.#farewell = ` (GOAWAY ${code}${text === '' ? '' : `: ${text}`})`;
    if (lastStreamId < onlyStreamId) this.#lose(new Error(`the server refuses the stream${this.#farewell}`));
  }

  #windowUpdate(header: FrameHeader, bytes: Buffer, start: number, end: number): void {
    const increment = takeWindowUpdate(header, bytes, start, end);
    if (header.streamId === 0) return this.#sender.widen(increment);
    checkStream(header.streamId);
    if (increment === 0) throw protocolError('WINDOW_UPDATE by nothing');
    this.#widenStream(increment);
  }

  #widenStream(change: number): void {
    if (this.stream.widen(change)) return;
    throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, `a stream window above ${maxWindowBytes}`);
  }

  #lose(error: Error): void {
    this.#end({ kind: 'lost', error });
  }

  #end(ending: Ending): void {
    if (this.#closed) return;
    this.ending = ending;
    this.close();
    this.#receiver.onClosed();
  }
}

function checkStream(streamId: number): void {
  if (streamId !== onlyStreamId) throw protocolError(`a frame of stream ${streamId}, which was never opened`);
}
