/**
 * A call with a stream each way, on a connection of its own, in push style: what arrives is handed on at once, what is written
 * leaves at the end of the turn, and neither costs a promise. For streams between members, which live long and carry many small
 * messages; everything else calls over a channel (`client.ts`).
 */
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '@flotilla/base';
import { type AnswerReceiver, ClientConnection, type Ending } from '../http2/client-connection.ts';
import { encodeHeaderBlock } from '../http2/header-writer.ts';
import { defaultLimits } from '../http2/limits.ts';
import type { HeaderField } from '../http2/static-table.ts';
import type { BidiMethod } from '../service.ts';
import { RpcError, StatusCode } from '../status.ts';
import { isTlsSocket } from '../tls-socket.ts';
import { statusOfReset, statusOfTrailers, valueOf, withoutStatus } from './answer-status.ts';
import { isEncoding } from './compression.ts';
import { MessageReader } from './message-reader.ts';

export interface StreamOptions<ReqIn, Res> {
  readonly host: string;
  readonly port: number;
  /** A connection to there (over TLS); it ends with the stream. Absent: one in clear text is opened. */
  readonly socket?: Duplex;
  readonly method: BidiMethod<ReqIn, unknown, unknown, Res>;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Ends the stream with CANCELLED. */
  readonly signal?: AbortSignal;
  /** Largest message accepted, bytes; unlimited unless told. */
  readonly maxReceiveBytes?: number;
  /** A server that is silent for this long is pinged, milliseconds; 10,000 unless told. */
  readonly keepaliveMs?: number;
  /** The answer to a ping is due within this time; 10,000 unless told. */
  readonly keepaliveTimeoutMs?: number;
  /** Takes a response. What it throws ends the stream. */
  readonly onMessage: (message: Res) => void;
  /**
   * The stream is over: called once, never before {@link openStream} returns, and not after {@link ClientStream.close}. Without
   * an error when the server ended it with OK; with what `onMessage` threw, or an {@link RpcError}.
   */
  readonly onEnd: (error: Error | undefined) => void;
}

/** Nothing here throws for a stream that is over: then nothing happens. */
export interface ClientStream<ReqIn> {
  /** Bytes that were written and that the system has not taken yet. */
  readonly waitingBytes: number;
  /**
   * Sends a message at the end of the turn. False when more waits than the server takes: the caller is to stop until
   * {@link drained}, for all that it writes meanwhile is kept in memory. Encoded bytes must not change any more.
   */
  write(message: ReqIn): boolean;
  /** The same at once, with all that was written before. */
  writeNow(message: ReqIn): boolean;
  /** Resolves when little waits, or when the stream is over. */
  drained(): Promise<void>;
  /**
   * Asks the server for a sign, which it gives at once, whatever the call does: tells how long the way there and back takes. Servers
   * want no more than one in five seconds. Of several under way the last is called back.
   */
  ping(onAnswer: () => void): void;
  /** No more messages; responses may go on. */
  end(): void;
  /** Gives up the stream and its connection. */
  close(): void;
}

/** A connection and the server's first words are due within this time. */
const greetingTimeoutMs = 20_000;

export function openStream<ReqIn, Res>(options: StreamOptions<ReqIn, Res>): ClientStream<ReqIn> {
  return new StreamCaller(options);
}

class StreamCaller<ReqIn, Res> implements ClientStream<ReqIn>, AnswerReceiver {
  readonly #options: StreamOptions<ReqIn, Res>;
  readonly #connection: ClientConnection;
  /** From the head of the answer on. */
  #reader: MessageReader | undefined;
  #httpStatus = '';
  #requestsEnded = false;
  #over = false;
  #roomWaiters: (() => void)[] = [];

  constructor(options: StreamOptions<ReqIn, Res>) {
    this.#options = options;
    const { host, port, signal, keepaliveMs = 10_000, keepaliveTimeoutMs = 10_000 } = options;
    const socket = options.socket ?? net.connect({ host, port, noDelay: true });
    const limits = { ...defaultLimits, keepaliveMs, keepaliveTimeoutMs, greetingTimeoutMs };
    this.#connection = new ClientConnection({ socket, limits, head: headOf(options, socket), receiver: this });
    signal?.addEventListener('abort', this.#cancel, { once: true });
    if (signal?.aborted === true) setImmediate(this.#cancel);
  }

  get waitingBytes(): number {
    return this.#over ? 0 : this.#connection.waitingBytes;
  }

  write(message: ReqIn): boolean {
    if (this.#over || this.#requestsEnded) return true;
    const { stream } = this.#connection;
    stream.sendMessage(this.#options.method.request.encode(message));
    return stream.writable;
  }

  writeNow(message: ReqIn): boolean {
    if (this.#over || this.#requestsEnded) return true;
    this.#connection.sendNow(this.#options.method.request.encode(message));
    return this.#connection.stream.writable;
  }

  drained(): Promise<void> {
    if (this.#over || this.#connection.stream.writable) return Promise.resolve();
    return new Promise((resolve) => {
      this.#roomWaiters.push(resolve);
    });
  }

  ping(onAnswer: () => void): void {
    this.#connection.ping(onAnswer);
  }

  end(): void {
    if (this.#over) return;
    this.#requestsEnded = true;
    this.#connection.stream.endRequest();
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.signal?.removeEventListener('abort', this.#cancel);
    this.#connection.close();
    this.onWritable();
  }

  onHeaders(fields: readonly HeaderField[], { ends }: { readonly ends: boolean }): void {
    if (this.#reader) {
      if (!ends) return this.#finish(new RpcError(StatusCode.INTERNAL, 'grpc: trailers that do not end the answer'));
      return this.#endWith(fields);
    }
    const status = valueOf(fields, ':status') ?? '';
    // Something provisional; the head is still to come.
    if (status.startsWith('1') && !ends) return;
    this.#httpStatus = status;
    if (ends) return this.#finish(statusOfTrailers(fields, status));
    if (status !== '200') return this.#finish(withoutStatus(status));
    this.#beginMessages(valueOf(fields, 'grpc-encoding') ?? 'identity');
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (!this.#reader) return this.#finish(new RpcError(StatusCode.INTERNAL, 'grpc: an answer without a head'));
    try {
      this.#reader.read(bytes, start, end);
    } catch (error) {
      this.#finish(error);
    }
  }

  onEnd(): void {
    this.#finish(withoutStatus(this.#httpStatus));
  }

  onClosed(): void {
    const { ending } = this.#connection;
    this.#finish(ending ? errorOf(ending) : undefined);
  }

  onWritable(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const resolve of waiters) resolve();
  }

  #beginMessages(encoding: string): void {
    if (!isEncoding(encoding)) {
      const text = `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(encoding)}`;
      return this.#finish(new RpcError(StatusCode.UNIMPLEMENTED, text));
    }
    const { method, onMessage, maxReceiveBytes: maxBytes = Infinity } = this.#options;
    const deliver = (message: Buffer): void => {
      if (!this.#over) onMessage(method.response.decode(message));
    };
    this.#reader = new MessageReader({ encoding, maxBytes, deliver });
  }

  #endWith(trailers: readonly HeaderField[]): void {
    const status = statusOfTrailers(trailers, this.#httpStatus);
    const cut = !status && this.#reader?.within === true;
    this.#finish(cut ? new RpcError(StatusCode.INTERNAL, 'grpc: the answer ends within a message') : status);
  }

  readonly #cancel = (): void => this.#finish(new RpcError(StatusCode.CANCELLED, 'call was cancelled'));

  #finish(error: unknown): void {
    if (this.#over) return;
    this.close();
    this.#options.onEnd(error === undefined || error instanceof Error ? error : new Error(messageOf(error)));
  }
}

function errorOf(ending: Ending): RpcError {
  switch (ending.kind) {
    case 'reset':
      return statusOfReset(ending.code);
    case 'lost':
      return new RpcError(StatusCode.UNAVAILABLE, textOf(ending.error), { cause: ending.error });
    case 'broken':
      return new RpcError(StatusCode.INTERNAL, ending.error.message, { cause: ending.error });
  }
}

/** A name with several addresses fails with the errors of all of them, and says nothing itself. */
function textOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : error.message;
}

function headOf<ReqIn, Res>(options: StreamOptions<ReqIn, Res>, socket: Duplex): Buffer {
  const { host, port, method, metadata = {} } = options;
  return encodeHeaderBlock([
    [':method', 'POST'],
    [':scheme', isTlsSocket(socket) ? 'https' : 'http'],
    [':path', method.path],
    [':authority', `${host.includes(':') ? `[${host}]` : host}:${port}`],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...Object.entries(metadata).map(([key, value]) => [key.toLowerCase(), value] as const),
  ]);
}
