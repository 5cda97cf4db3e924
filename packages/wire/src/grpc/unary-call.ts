/** A call with one request and one response: no promise and no closure unless its handler makes one. */
import type { Http2Stream, StreamReceiver } from '../http2/stream.ts';
import { Encoded } from '../service.ts';
import { RpcError, StatusCode, cancelled } from '../status.ts';
import { failureBlock, okTrailers, responseHead } from './answers.ts';
import { ServerCallContext } from './call-context.ts';
import type { Expiring } from './deadlines.ts';
import { type CallHost, deadlineExceeded, decodeRequest } from './host.ts';
import { MessageReader, wholeMessage } from './message-reader.ts';
import type { MountedMethod } from './methods.ts';
import type { Route } from './route.ts';

export type MountedUnary = MountedMethod & { readonly kind: 'unary' };

/** An answer up to this size is sent in one piece. */
const gatheredBytes = 64 * 1024;

export class UnaryCall implements StreamReceiver, Expiring {
  readonly deadlineAt: number;
  readonly #host: CallHost;
  readonly #stream: Http2Stream;
  readonly #route: Route;
  readonly #mounted: MountedUnary;
  readonly #context: ServerCallContext;
  #message: Buffer | undefined;
  /** What the observer wants back. */
  #started: number | undefined;
  /** Only for a request that does not come in one piece. */
  #reader: MessageReader | undefined;

  constructor(
    host: CallHost,
    call: { readonly stream: Http2Stream; readonly route: Route; readonly mounted: MountedUnary },
  ) {
    const { stream, route, mounted } = call;
    this.#host = host;
    this.#stream = stream;
    this.#route = route;
    this.#mounted = mounted;
    this.#context = new ServerCallContext(stream, route);
    this.deadlineAt = route.timeoutMs === Infinity ? Infinity : performance.now() + route.timeoutMs;
    if (this.deadlineAt !== Infinity) host.deadlines.add(this);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (!this.#message && !this.#reader) {
      this.#message = wholeMessage(bytes, start, end, this.#host.maxReceiveBytes);
      if (this.#message) return;
    }
    this.#readPiece(bytes, start, end);
  }

  onEnd(): void {
    if (!this.#message || this.#reader?.within === true) {
      return this.#fail(new RpcError(StatusCode.INTERNAL, 'grpc: the request is not one whole message'));
    }
    this.#run(this.#message);
  }

  onClosed(): void {
    this.#forgetDeadline();
    this.#context.abort();
  }

  onWritable(): void {
    // One answer is all there is to write.
  }

  expire(): void {
    this.#fail(deadlineExceeded());
    this.#context.abort();
  }

  #readPiece(bytes: Buffer, start: number, end: number): void {
    const { maxReceiveBytes } = this.#host;
    this.#reader ??= new MessageReader({
      encoding: this.#route.encoding,
      maxBytes: maxReceiveBytes,
      deliver: (message) => {
        if (this.#message) throw new RpcError(StatusCode.INTERNAL, 'grpc: more than one request of a unary call');
        this.#message = message;
      },
    });
    try {
      this.#reader.read(bytes, start, end);
      this.#stream.credit(end - start);
    } catch (error) {
      this.#fail(this.#host.statusOf(this.#mounted, error));
    }
  }

  #run(message: Buffer): void {
    const { handler, observer } = this.#mounted;
    const context = this.#context;
    context.requestBytes = message;
    this.#stream.released(this.#stream.heldBytes);
    this.#host.onReceived?.(message.length);
    let request: unknown;
    try {
      request = decodeRequest(this.#mounted, message);
    } catch (error) {
      return this.#fail(this.#host.statusOf(this.#mounted, error));
    }
    this.#started = observer?.started(context);
    try {
      const response = handler(request, context);
      if (!(response instanceof Promise)) return this.#respond(response);
      response.then(
        (later) => this.#respond(later),
        (error: unknown) => this.#refuse(error),
      );
    } catch (error) {
      this.#refuse(error);
    }
  }

  #respond(response: unknown): void {
    let encoded: Encoded;
    try {
      encoded = response instanceof Encoded ? response : new Encoded(this.#mounted.method.response.encode(response));
    } catch (error) {
      return this.#refuse(error);
    }
    this.#mounted.observer?.ended(StatusCode.OK, this.#started);
    this.#forgetDeadline();
    if (!this.#stream.open) return;
    this.#send(encoded);
  }

  /** One that has several parts is large as a rule: it is not put together to one piece. */
  #send(encoded: Encoded): void {
    const stream = this.#stream;
    const { parts } = encoded;
    let size = 0;
    for (const part of parts) size += part.length;
    this.#host.onSent?.(size);
    if (parts.length === 1 || size <= gatheredBytes) {
      return stream.sendAnswer(responseHead, encoded.bytes, okTrailers);
    }
    stream.sendHeaders(responseHead);
    stream.sendParts(parts, size);
    stream.sendTrailers(okTrailers);
  }

  /** Ends the call with what its handler threw. */
  #refuse(thrown: unknown): void {
    const error = this.#context.aborted ? cancelled(thrown) : this.#host.statusOf(this.#mounted, thrown);
    this.#mounted.observer?.ended(error.status, this.#started);
    this.#fail(error);
  }

  #fail(error: RpcError): void {
    this.#forgetDeadline();
    if (this.#stream.open) this.#stream.sendTrailers(failureBlock(error, { alone: true }));
  }

  #forgetDeadline(): void {
    if (this.deadlineAt !== Infinity) this.#host.deadlines.delete(this);
  }
}
