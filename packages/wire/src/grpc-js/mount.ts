/**
 * Mounts service tables on a grpc-js server. The only place where a handler meets a transport: it turns
 * calls into `(request, context)`, answers and iterables into messages, and errors into a status.
 *
 * A thrown RpcError becomes its status; anything else is a bug and becomes INTERNAL, and is reported to
 * `onBug`.
 */
import type { EventEmitter } from 'node:events';
import type * as grpcjs from '@grpc/grpc-js';
import { messageOf } from '@flotilla/base';
import { toBuffer } from '../buffer.ts';
import { type ClientCertificate, clientCertificateOf } from '../client-certificate.ts';
import { pushFormOf, runPushed } from '../push-form.ts';
import {
  type BidiHandler,
  type CallContext,
  Encoded,
  type Handlers,
  type Method,
  type PushHandler,
  Pushed,
  type RequestStream,
  type ResponseSink,
  type ServerStreamHandler,
  type ServiceTable,
  type UnaryHandler,
} from '../service.ts';
import type { CallObserver, RpcServerOptions } from '../rpc-server.ts';
import { RpcError, StatusCode, type Trailers, cancelled } from '../status.ts';
import { library } from './library.cts';

/** A request together with the bytes it came as. */
interface Received {
  readonly message: unknown;
  readonly bytes: Uint8Array;
}

export type MountOptions = Pick<RpcServerOptions, 'onBug' | 'onReceived' | 'onSent' | 'observe'>;

type WritableCall = grpcjs.ServerWritableStream<unknown, unknown> | grpcjs.ServerDuplexStream<unknown, unknown>;
type ServerCall = grpcjs.ServerUnaryCall<unknown, unknown> | WritableCall;

const noBytes = new Uint8Array(0);

/** Adds the implementation of a service to a server. Methods without a handler answer UNIMPLEMENTED. */
export function mountService<T extends ServiceTable>(
  server: grpcjs.Server,
  table: T,
  handlers: Handlers<T>,
  options: MountOptions = {},
): void {
  const definition: Record<string, grpcjs.MethodDefinition<unknown, unknown>> = {};
  const implementation: grpcjs.UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries<Method>(table)) {
    definition[name] = definitionOf(method, options);
    const handler: unknown = handlers[name];
    if (isHandler(handler)) implementation[name] = implementationOf(method, handler, options);
  }
  server.addService(definition, implementation);
}

function definitionOf(method: Method, { onReceived, onSent }: MountOptions): grpcjs.MethodDefinition<unknown, unknown> {
  const keepsBytes = method.kind !== 'bidi';
  return {
    path: method.path,
    requestStream: method.kind === 'bidi',
    responseStream: method.kind !== 'unary',
    requestSerialize: (message) => toBuffer(method.request.encode(message)),
    requestDeserialize: (bytes): unknown => {
      onReceived?.(bytes.length);
      const message: unknown = method.request.decode(bytes);
      return keepsBytes ? ({ message, bytes } satisfies Received) : message;
    },
    responseSerialize: (message) => {
      const bytes = message instanceof Encoded ? message.bytes : method.response.encode(message);
      onSent?.(bytes.length);
      return toBuffer(bytes);
    },
    responseDeserialize: (bytes): unknown => method.response.decode(bytes),
  };
}

type AnyHandler = Function | Pushed<unknown, unknown>;

function isHandler(handler: unknown): handler is AnyHandler {
  return typeof handler === 'function' || handler instanceof Pushed;
}

function implementationOf(method: Method, handler: AnyHandler, options: MountOptions): grpcjs.UntypedHandleCall {
  const mounted: Mounted = {
    observer: options.observe?.(method),
    toStatus(error) {
      if (!(error instanceof RpcError)) options.onBug?.(method.path, error);
      return statusOf(error);
    },
  };
  switch (method.kind) {
    case 'unary':
      return unaryImplementation(handler as UnaryHandler<unknown, unknown>, mounted);
    case 'serverStream':
      return streamImplementation(pushFormOf(handler as ServerStreamHandler<unknown, unknown>), mounted);
    case 'bidi':
      return bidiImplementation(pushFormOf(handler as BidiHandler<unknown, unknown>), mounted);
  }
}

interface Mounted {
  readonly observer: CallObserver | undefined;
  toStatus(error: unknown): grpcjs.ServiceError;
}

function unaryImplementation(
  handler: UnaryHandler<unknown, unknown>,
  { observer, toStatus }: Mounted,
): grpcjs.handleUnaryCall<unknown, unknown> {
  return (call, callback) => {
    const { message, bytes } = call.request as Received;
    const respond = (response: unknown): void => {
      observer?.ended(StatusCode.OK, started);
      callback(null, response);
    };
    const context = contextOf(call, bytes);
    const refuse = (error: unknown): void => {
      const status = context.signal.aborted ? statusOf(cancelled(error)) : toStatus(error);
      observer?.ended(status.code as StatusCode, started);
      callback(status);
    };
    const started = observer?.started(context);
    try {
      const response = handler(message, context);
      if (response instanceof Promise) response.then(respond, refuse);
      else respond(response);
    } catch (error) {
      refuse(error);
    }
  };
}

function streamImplementation(
  handler: PushHandler<unknown, unknown>,
  mounted: Mounted,
): grpcjs.handleServerStreamingCall<unknown, unknown> {
  return (call) => {
    const { message, bytes } = call.request as Received;
    const context = contextOf(call, bytes);
    runPushed(handler, { input: message, sink: sinkOf(call, context, mounted), context });
  };
}

function bidiImplementation(
  handler: PushHandler<unknown, unknown>,
  mounted: Mounted,
): grpcjs.handleBidiStreamingCall<unknown, unknown> {
  return (call) => {
    const context = contextOf(call, noBytes);
    const sink = sinkOf(call, context, mounted);
    const { observer } = mounted;
    runPushed(handler, { input: requestStreamOf(call, context, observer), sink, context });
  };
}

function requestStreamOf(
  call: grpcjs.ServerDuplexStream<unknown, unknown>,
  context: CallContext,
  observer: CallObserver | undefined,
): RequestStream<unknown> {
  return {
    [Symbol.asyncIterator]: () => requestsOf(call, context, observer),
    forEach: (take) =>
      forEachRequest(call, context, (request) => {
        observer?.received();
        take(request);
      }),
  };
}

/** The requests of a stream; a call that ends early just ends them (the context's signal tells why). */
async function* requestsOf(
  call: grpcjs.ServerDuplexStream<unknown, unknown>,
  context: CallContext,
  observer: CallObserver | undefined,
): AsyncGenerator<unknown, void> {
  try {
    // The default iterator would destroy the call at the end of the requests, before it is answered.
    for await (const request of call.iterator({ destroyOnReturn: false })) {
      observer?.received();
      yield request;
    }
  } catch (error) {
    if (!context.signal.aborted && !call.cancelled) throw error;
  }
}

function forEachRequest(
  call: grpcjs.ServerDuplexStream<unknown, unknown>,
  { signal }: CallContext,
  take: (request: unknown) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      call.off('data', takeOne);
      resolve();
    };
    const takeOne = (request: unknown): void => {
      try {
        take(request);
      } catch (error) {
        reject(error as Error);
        finish();
      }
    };
    signal.addEventListener('abort', finish, { once: true });
    call.once('end', finish);
    call.once('close', finish);
    call.once('error', (error) => {
      if (!signal.aborted) reject(error);
      finish();
    });
    if (signal.aborted) finish();
    else call.on('data', takeOne);
  });
}

function sinkOf(call: WritableCall, context: CallContext, { observer, toStatus }: Mounted): ResponseSink<unknown> {
  const { signal } = context;
  let ended = false;
  const started = observer?.started(context);
  return {
    write(response) {
      if (ended || signal.aborted) return true;
      observer?.sent(1);
      return call.write(response);
    },
    drained: () => (ended ? Promise.resolve() : drained(call, signal)),
    end(error) {
      if (ended) return;
      ended = true;
      // What goes wrong because the client has left is nobody's bug.
      const status = error && (signal.aborted ? statusOf(cancelled(error)) : toStatus(error));
      observer?.ended((status?.code ?? StatusCode.OK) as StatusCode, started);
      if (signal.aborted) return;
      if (status) call.emit('error', status);
      else call.end();
    },
  };
}

function drained(call: WritableCall, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      call.off('drain', finish);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    call.once('drain', finish);
    signal.addEventListener('abort', finish, { once: true });
    if (signal.aborted) finish();
  });
}

/** The signal is made on first use: most unary calls never ask for it. */
class ServerCallContext implements CallContext {
  readonly requestBytes: Uint8Array;
  readonly #call: ServerCall;
  #controller: AbortController | undefined;

  constructor(call: ServerCall, requestBytes: Uint8Array) {
    this.#call = call;
    this.requestBytes = requestBytes;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController();
      this.#controller = controller;
      if (this.#call.cancelled) controller.abort();
      else (this.#call as EventEmitter).on('cancelled', () => controller.abort());
    }
    return this.#controller.signal;
  }

  get peer(): string {
    return this.#call.getPeer();
  }

  get clientCertificate(): ClientCertificate | undefined {
    const certificate = this.#call.getAuthContext().sslPeerCertificate;
    return certificate ? clientCertificateOf(certificate) : undefined;
  }

  metadata(key: string): string | undefined {
    return this.#call.metadata.get(key)[0]?.toString();
  }
}

function contextOf(call: ServerCall, requestBytes: Uint8Array): CallContext {
  return new ServerCallContext(call, requestBytes);
}

function statusOf(error: unknown): grpcjs.ServiceError {
  const code: StatusCode = error instanceof RpcError ? error.status : StatusCode.INTERNAL;
  const details = messageOf(error);
  const metadata = metadataOf(error instanceof RpcError ? error.trailers : {});
  return Object.assign(new Error(details), { code: code as grpcjs.status, details, metadata });
}

function metadataOf(trailers: Trailers): grpcjs.Metadata {
  const metadata = new (library().Metadata)();
  for (const [key, value] of Object.entries(trailers)) {
    metadata.set(key, typeof value === 'string' ? value : toBuffer(value));
  }
  return metadata;
}
