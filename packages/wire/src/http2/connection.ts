/**
 * One HTTP/2 connection of a server, over a socket of any kind: frames in, the rules of RFC 9113 that concern the connection, its
 * beginning and its end. Requests are in `requests.ts`, what is written in `sender.ts`. Server push, priorities and extensions are
 * not here: what a peer says about them is ignored.
 *
 * Invariants: a broken rule ends its stream or the connection and never throws out of here; whatever a peer can make us keep or
 * write has a limit (`limits.ts`).
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
import { type FrameHeader, FrameReader, type FrameTaker } from './frame-reader.ts';
import type { Flusher } from './flusher.ts';
import { HeaderAssembly } from './header-assembly.ts';
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
  maxStreamId,
  protocolError,
} from './protocol.ts';
import { ReceiveWindow } from './receive-window.ts';
import { type Application, Requests } from './requests.ts';
import { Sender } from './sender.ts';
import { streamWindowBytes } from './stream.ts';

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

/**
 * What may happen to a connection, in this order; some steps are skipped.
 * - `open`: serves
 * - `draining`: told the peer that it ends, serves what is on its way
 * - `refusing`: serves what it has, takes nothing new, ends when idle
 * - `closed`
 */
type State = 'open' | 'draining' | 'refusing' | 'closed';

export class ServerConnection<Route> implements FrameTaker {
  readonly #socket: Duplex;
  readonly #limits: ConnectionLimits;
  readonly #onClosed: () => void;
  readonly #onBug: (error: unknown) => void;
  readonly #sender: Sender;
  readonly #window: ReceiveWindow;
  readonly #requests: Requests<Route>;
  readonly #reader = new FrameReader(this);
  readonly #headers: HeaderAssembly;
  readonly #flood: FloodGuard;
  readonly #keepAlive: KeepAlive;
  #state: State = 'open';
  #prefaceBytes = 0;
  #greeted = false;

  constructor(options: ConnectionOptions<Route>) {
    const { socket, application, limits, slabs, flusher } = options;
    this.#socket = socket;
    this.#limits = limits;
    this.#onClosed = options.onClosed;
    this.#onBug = options.onBug;
    this.#flood = new FloodGuard(limits);
    this.#headers = new HeaderAssembly(limits);
    const sender = new Sender({
      socket,
      slabs,
      flusher,
      // A client that doesn't read answers can't ask for more.
      onCongested: () => socket.pause(),
      onDrained: () => {
        socket.resume();
        this.#requests.offerRoomToAll();
      },
    });
    this.#sender = sender;
    this.#window = new ReceiveWindow(sender);
    const onIdle = (): void => this.#endIfIdle();
    this.#requests = new Requests({ socket, application, limits, sender, flood: this.#flood, onIdle });
    this.#keepAlive = new KeepAlive({
      ...limits,
      ping: (payload) => sender.words(FrameType.PING, 0, 0, 0, payload),
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
    return this.#state !== 'closed';
  }

  /** Serves no new streams, and ends the connection when the present ones are answered. */
  shutDown(): void {
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    // Streams that are on their way are still served; the answer to the ping comes behind them.
    this.#sendGoAway(maxStreamId, ErrorCode.NO_ERROR, '');
    this.#keepAlive.ask(() => this.#refuseNew());
  }

  /** Ends the connection now. */
  destroy(): void {
    this.#sender.flush();
    this.#socket.destroy();
    this.#close();
  }

  takeData({ flags, streamId }: FrameHeader, bytes: Buffer, start: number, end: number, whole: boolean): void {
    this.#checkOrder(FrameType.DATA, streamId);
    this.#window.arrived(end - start);
    this.#requests.data(streamId, bytes, start, end, whole && (flags & Flag.END_STREAM) !== 0);
  }

  takeFrame(header: FrameHeader, bytes: Buffer, start: number, end: number): void {
    const { type, streamId } = header;
    this.#checkOrder(type, streamId);
    switch (type) {
      case FrameType.DATA:
        return this.#paddedData(header, bytes, start, end);
      case FrameType.HEADERS:
        return this.#takeHeaders(header, bytes, start, end);
      case FrameType.PRIORITY:
        return this.#requests.priority(streamId, bytes, start, end);
      case FrameType.RST_STREAM:
        takeReset(bytes.subarray(start, end));
        return this.#requests.reset(streamId);
      case FrameType.SETTINGS:
        return this.#settings(header, bytes.subarray(start, end));
      case FrameType.PUSH_PROMISE:
        throw protocolError('a promise from a client');
      case FrameType.PING:
        return this.#ping(header, bytes.subarray(start, end));
      case FrameType.GOAWAY:
        takeGoAway(header, bytes.subarray(start, end));
        return this.#flood.count();
      case FrameType.WINDOW_UPDATE:
        return this.#windowUpdate(header, bytes, start, end);
      case FrameType.CONTINUATION:
        return this.#takeContinuation(header, bytes, start, end);
      default:
        this.#flood.count();
    }
  }

  #greet(): void {
    writeSettings(this.#sender, [
      [SettingId.MAX_CONCURRENT_STREAMS, this.#limits.maxConcurrentStreams],
      [SettingId.INITIAL_WINDOW_SIZE, streamWindowBytes],
      [SettingId.MAX_HEADER_LIST_SIZE, this.#limits.maxHeaderListBytes],
    ]);
    this.#window.announce();
  }

  #read(chunk: Buffer): void {
    if (this.#state === 'closed') return;
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

  /** SETTINGS come first, and nothing comes between the frames of a header block. */
  #checkOrder(type: number, streamId: number): void {
    if (!this.#greeted && type !== FrameType.SETTINGS) throw protocolError('no SETTINGS after the preface');
    const { unfinishedStreamId } = this.#headers;
    if (unfinishedStreamId === undefined) return;
    if (type !== FrameType.CONTINUATION || streamId !== unfinishedStreamId) {
      throw protocolError('a frame within a header block');
    }
  }

  #paddedData({ flags, streamId }: FrameHeader, bytes: Buffer, start: number, end: number): void {
    const padding = paddingOf(bytes, start, end);
    this.#window.arrived(end - start);
    this.#requests.padding(streamId, 1 + padding);
    this.#requests.data(streamId, bytes, start + 1, end - padding, (flags & Flag.END_STREAM) !== 0);
  }

  #takeHeaders(header: FrameHeader, bytes: Buffer, start: number, end: number): void {
    if (header.streamId % 2 === 0) throw protocolError('HEADERS on a stream that is none of a client');
    const block = this.#headers.headers(header, bytes, start, end);
    if (block) this.#requests.block(block);
  }

  #takeContinuation(header: FrameHeader, bytes: Buffer, start: number, end: number): void {
    const block = this.#headers.continuation(header, bytes, start, end);
    if (block) this.#requests.block(block);
  }

  #settings(header: FrameHeader, payload: Buffer): void {
    const settings = takeSettings(header, payload);
    if (!settings) return;
    this.#greeted = true;
    this.#keepAlive.greeted();
    this.#flood.count();
    if (settings.initialWindowBytes !== undefined) this.#requests.changeWindows(settings.initialWindowBytes);
    obeySettings(this.#sender, settings);
  }

  #ping(header: FrameHeader, payload: Buffer): void {
    const { answerTo } = takePing(header, payload);
    if (answerTo !== undefined) return this.#keepAlive.answered(answerTo);
    this.#flood.countPing({ excused: this.#sender.wroteAnswers });
    this.#sender.wroteAnswers = false;
    answerPing(this.#sender, payload);
  }

  #windowUpdate(header: FrameHeader, bytes: Buffer, start: number, end: number): void {
    const increment = takeWindowUpdate(header, bytes, start, end);
    if (header.streamId === 0) this.#sender.widen(increment);
    else this.#requests.widen(header.streamId, increment);
  }

  #sendGoAway(lastStreamId: number, code: ErrorCode, text: string): void {
    writeGoAway(this.#sender, { lastStreamId, code, text });
  }

  #refuseNew(): void {
    if (this.#state !== 'draining') return;
    this.#state = 'refusing';
    this.#requests.refuseNew();
    this.#sendGoAway(this.#requests.lastStreamId, ErrorCode.NO_ERROR, '');
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (this.#state !== 'refusing' || !this.#requests.idle) return;
    this.#sender.flush();
    this.#socket.end();
  }

  /** The peer broke a rule of the connection, or we have a bug. */
  #fail(error: unknown): void {
    const known = error instanceof ConnectionError;
    const code = known ? error.code : ErrorCode.INTERNAL_ERROR;
    this.#sendGoAway(this.#requests.lastStreamId, code, known ? error.message : '');
    this.#sender.flush();
    this.#close();
    // Lets the peer read why, but never longer than a moment.
    const socket = this.#socket;
    socket.end();
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), this.#limits.lingerMs);
    socket.once('close', () => clearTimeout(timer));
    if (!known) this.#onBug(error);
  }

  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#keepAlive.stop();
    this.#requests.closeAll();
    this.#onClosed();
  }
}
