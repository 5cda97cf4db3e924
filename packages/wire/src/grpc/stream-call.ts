/** A call with a stream of responses. Its handler runs in the push form; the call is the sink that it writes to. */
import { messagePrefixBytes } from '../http2/message-prefix.ts';
import { runSize } from '../http2/message-run.ts';
import type { Http2Stream, StreamReceiver } from '../http2/stream.ts';
import { runPushed } from '../push-form.ts';
import { Encoded, type EncodedRun, type ResponseSink } from '../service.ts';
import { RpcError, StatusCode, cancelled } from '../status.ts';
import { failureBlock, okAlone, okTrailers, responseHead } from './answers.ts';
import { ServerCallContext } from './call-context.ts';
import type { Expiring } from './deadlines.ts';
import { type CallHost, deadlineExceeded, decodeRequest } from './host.ts';
import { MessageReader } from './message-reader.ts';
import type { MountedMethod } from './methods.ts';
import { RequestQueue } from './request-queue.ts';
import type { Route } from './route.ts';

export type MountedStream = MountedMethod & { readonly kind: 'serverStream' | 'bidi' };

/** More may not wait for a handler before the client is held up. */
const maxWaitingBytes = 256 * 1024;

export class StreamCall implements StreamReceiver, ResponseSink<unknown>, Expiring {
  readonly deadlineAt: number;
  readonly #host: CallHost;
  readonly #stream: Http2Stream;
  readonly #mounted: MountedStream;
  readonly #context: ServerCallContext;
  readonly #reader: MessageReader;
  /** Absent for a call with one request. */
  readonly #requests: RequestQueue | undefined;
  #uncreditedBytes = 0;
  #running = false;
  /** What the observer wants back. */
  #started: number | undefined;
  /** The request of a server stream, until it runs. */
  #request: Buffer | undefined;
  #ended = false;
  #roomWaiters: (() => void)[] = [];

  constructor(
    host: CallHost,
    call: { readonly stream: Http2Stream; readonly route: Route; readonly mounted: MountedStream },
  ) {
    const { stream, route, mounted } = call;
    this.#host = host;
    this.#stream = stream;
    this.#mounted = mounted;
    this.#context = new ServerCallContext(stream, route);
    this.deadlineAt = route.timeoutMs === Infinity ? Infinity : performance.now() + route.timeoutMs;
    if (this.deadlineAt !== Infinity) host.deadlines.add(this);
    this.#reader = new MessageReader({
      encoding: route.encoding,
      maxBytes: host.maxReceiveBytes,
      deliver: (message, bodyBytes) => this.#deliver(message, bodyBytes),
    });
    this.#requests = mounted.kind === 'bidi' ? new RequestQueue((bytes) => this.#consumed(bytes)) : undefined;
  }

  /** Runs the handler of a call whose requests stream; that of another runs when its request is there. */
  begin(): void {
    if (this.#requests) this.#run(this.#requests);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (this.#ended) return;
    this.#uncreditedBytes += end - start;
    try {
      this.#reader.read(bytes, start, end);
    } catch (error) {
      return this.#breakOff(error);
    }
    this.#credit();
  }

  onEnd(): void {
    if (this.#reader.within) return this.#breakOff(incomplete());
    if (this.#requests) return this.#requests.end();
    if (!this.#request) return this.#breakOff(incomplete());
    try {
      this.#context.requestBytes = this.#request;
      this.#run(decodeRequest(this.#mounted, this.#request));
    } catch (error) {
      this.#breakOff(error);
    }
  }

  onClosed(): void {
    this.#cut();
  }

  onWritable(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const resolve of waiters) resolve();
  }

  expire(): void {
    this.#answer(deadlineExceeded());
    this.#cut();
  }

  write(response: unknown): boolean {
    const stream = this.#stream;
    if (this.#ended || !stream.open) return true;
    let bytes: Uint8Array;
    try {
      bytes = response instanceof Encoded ? response.bytes : this.#mounted.method.response.encode(response);
    } catch (error) {
      this.end(error instanceof Error ? error : undefined);
      return true;
    }
    if (!stream.headersSent) stream.sendHeaders(responseHead);
    this.#host.onSent?.(bytes.length);
    this.#mounted.observer?.sent(1);
    stream.sendMessage(bytes);
    return stream.writable;
  }

  writeRun(run: EncodedRun): boolean {
    const stream = this.#stream;
    if (this.#ended || !stream.open) return true;
    if (!stream.headersSent) stream.sendHeaders(responseHead);
    this.#host.onSent?.(runSize(run).bytes - run.middles.length * messagePrefixBytes);
    this.#mounted.observer?.sent(run.middles.length);
    stream.sendRun(run);
    return stream.writable;
  }

  drained(): Promise<void> {
    if (this.#ended || !this.#stream.open || this.#stream.writable) return Promise.resolve();
    return new Promise((resolve) => {
      this.#roomWaiters.push(resolve);
    });
  }

  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    // What goes wrong because the client has left is nobody's bug.
    const status = error && (this.#context.aborted ? cancelled(error) : this.#host.statusOf(this.#mounted, error));
    if (this.#running) this.#mounted.observer?.ended(status?.status ?? StatusCode.OK, this.#started);
    this.#answer(status);
    this.#requests?.abandon();
    this.onWritable();
  }

  #run(input: unknown): void {
    this.#running = true;
    this.#started = this.#mounted.observer?.started(this.#context);
    runPushed(this.#mounted.handler, { input, sink: this, context: this.#context });
  }

  #deliver(message: Buffer, bodyBytes: number): void {
    this.#host.onReceived?.(message.length);
    if (this.#requests) {
      this.#mounted.observer?.received();
      this.#requests.push(decodeRequest(this.#mounted, message), bodyBytes);
      return;
    }
    if (this.#request) throw new RpcError(StatusCode.INTERNAL, 'grpc: more than one request of a server stream');
    this.#request = message;
    this.#stream.released(bodyBytes);
  }

  #consumed(bytes: number): void {
    this.#stream.released(bytes);
    this.#credit();
  }

  /** Lets the client send more, unless too much waits. */
  #credit(): void {
    if (this.#uncreditedBytes === 0 || (this.#requests && this.#requests.waitingBytes > maxWaitingBytes)) return;
    this.#stream.credit(this.#uncreditedBytes);
    this.#uncreditedBytes = 0;
  }

  /** The client's part can't be read: the call ends with that, whatever its handler does. */
  #breakOff(error: unknown): void {
    this.#answer(this.#host.statusOf(this.#mounted, error));
    this.#cut();
  }

  /** The call is over for its client; the handler is told. */
  #cut(): void {
    this.#forgetDeadline();
    this.#context.abort();
    this.#requests?.end();
    this.onWritable();
  }

  #answer(error: RpcError | undefined): void {
    this.#forgetDeadline();
    const stream = this.#stream;
    if (!stream.open) return;
    const alone = !stream.headersSent;
    if (error) stream.sendTrailers(failureBlock(error, { alone }));
    else stream.sendTrailers(alone ? okAlone : okTrailers);
  }

  #forgetDeadline(): void {
    if (this.deadlineAt !== Infinity) this.#host.deadlines.delete(this);
  }
}

function incomplete(): RpcError {
  return new RpcError(StatusCode.INTERNAL, 'grpc: the requests end within a message');
}
