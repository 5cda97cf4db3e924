/**
 * The shape of a service table, and of what implements it. A service is data (paths and codecs); its
 * implementation is a table of plain functions that know no transport. `server.ts` mounts one on
 * grpc-js, `client.ts` calls one; another transport would be a third reader of the same tables.
 */

/** Bytes ↔ message of one direction of a method. */
export interface Codec<In, Out> {
  encode(message: In): Uint8Array;
  decode(bytes: Uint8Array): Out;
}

interface MethodBase<ReqIn, Req, ResIn, Res> {
  readonly path: string;
  readonly request: Codec<ReqIn, Req>;
  readonly response: Codec<ResIn, Res>;
}

export interface UnaryMethod<ReqIn, Req, ResIn, Res> extends MethodBase<ReqIn, Req, ResIn, Res> {
  readonly kind: 'unary';
}

/** One request, a stream of responses. */
export interface ServerStreamMethod<ReqIn, Req, ResIn, Res> extends MethodBase<ReqIn, Req, ResIn, Res> {
  readonly kind: 'serverStream';
}

/** A stream each way. */
export interface BidiMethod<ReqIn, Req, ResIn, Res> extends MethodBase<ReqIn, Req, ResIn, Res> {
  readonly kind: 'bidi';
}

// A table holds methods of many message types: only `any` is assignable both ways here.
/* oxlint-disable typescript/no-explicit-any */
export type Method =
  UnaryMethod<any, any, any, any> | ServerStreamMethod<any, any, any, any> | BidiMethod<any, any, any, any>;
/* oxlint-enable typescript/no-explicit-any */

/** Method name → method. */
export type ServiceTable = Readonly<Record<string, Method>>;

/** A response that was encoded already, for messages that go to many calls. */
export class Encoded {
  /** What it is made of, in order. */
  readonly parts: readonly Uint8Array[];

  constructor(...parts: readonly Uint8Array[]) {
    this.parts = parts;
  }

  /** All of it: a copy where it has several parts. */
  get bytes(): Uint8Array {
    const [first] = this.parts;
    return first && this.parts.length === 1 ? first : Buffer.concat(this.parts);
  }
}

/** Responses one after the other that share a beginning and an end, encoded already. */
export interface EncodedRun {
  readonly head: Uint8Array;
  /** What stands between in each response: few bytes. */
  readonly middles: readonly Uint8Array[];
  readonly tail: Uint8Array;
}

/** The identity that a TLS client certificate proved. */
export interface ClientCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** What a handler may know of the call it serves. */
export interface CallContext {
  /** Aborted when the client cancelled, the deadline passed, the connection ended or the server stops. */
  readonly signal: AbortSignal;
  /** The first value of a metadata key (lower case), or undefined. */
  metadata(key: string): string | undefined;
  /** The request's own bytes; empty for a method whose requests stream. Valid for the whole call. */
  readonly requestBytes: Uint8Array;
  /** Remote address, for logs. */
  readonly peer: string;
  /** Set on a TLS connection whose client certificate was verified. */
  readonly clientCertificate: ClientCertificate | undefined;
}

export type UnaryHandler<Req, ResIn> = (
  request: Req,
  context: CallContext,
) => Promise<ResIn | Encoded> | ResIn | Encoded;
export type ServerStreamHandler<Req, ResIn> = (request: Req, context: CallContext) => AsyncIterable<ResIn | Encoded>;
export type BidiHandler<Req, ResIn> = (
  requests: AsyncIterable<Req>,
  context: CallContext,
) => AsyncIterable<ResIn | Encoded>;

/**
 * The requests of a pushed stream: iterate them, or take each as it arrives without a promise a request. One of
 * both, and once.
 */
export interface RequestStream<Req> extends AsyncIterable<Req> {
  /**
   * Calls `take` with each request, in order and possibly before it returns. Resolves at the end of the requests or of
   * the call; rejects with what `take` throws, or when a request can't be read.
   */
  forEach(take: (request: Req) => void): Promise<void>;
}

/** Where the handler of a pushed stream puts its responses. Nothing here throws; after the end of the call nothing happens. */
export interface ResponseSink<ResIn> {
  /**
   * Sends a response. False when more waits than the client takes: the caller is to stop until {@link drained}, for all
   * that it writes meanwhile is kept in memory. The bytes of an {@link Encoded} must not change any more.
   */
  write(response: ResIn | Encoded): boolean;
  /** There where it costs less than as many calls of {@link write}. For some ten KiB at once, not more. */
  writeRun?(run: EncodedRun): boolean;
  /** Resolves when little waits, or when the call is over. */
  drained(): Promise<void>;
  /** Ends the call after what was written: OK, or with the status of `error`. The first end counts. */
  end(error?: Error): void;
}

/**
 * A stream's handler that writes to a sink, at no cost of a promise a message. The call goes on until `sink.end`, which is
 * due soon after `context.signal` is aborted. An error that is thrown, or a promise that is rejected, ends it as well.
 */
export type PushHandler<Input, ResIn> = (
  input: Input,
  sink: ResponseSink<ResIn>,
  context: CallContext,
) => Promise<void> | void;

/** A handler in the push form; made by {@link pushed}. */
export class Pushed<Input, ResIn> {
  readonly handler: PushHandler<Input, ResIn>;

  constructor(handler: PushHandler<Input, ResIn>) {
    this.handler = handler;
  }
}

/**
 * Registers a stream's handler in the push form: `Watch: pushed((requests, sink, context) => …)`. The input is the request
 * of a server stream and the {@link RequestStream} of a bidirectional one.
 */
export function pushed<Input, ResIn>(handler: PushHandler<Input, ResIn>): Pushed<Input, ResIn> {
  return new Pushed(handler);
}

/** The function that implements a method. A stream's handler must end soon after `context.signal` is aborted. */
export type HandlerOf<M> =
  M extends UnaryMethod<infer _ReqIn, infer Req, infer ResIn, infer _Res>
    ? UnaryHandler<Req, ResIn>
    : M extends ServerStreamMethod<infer _ReqIn, infer Req, infer ResIn, infer _Res>
      ? ServerStreamHandler<Req, ResIn> | Pushed<Req, ResIn>
      : M extends BidiMethod<infer _ReqIn, infer Req, infer ResIn, infer _Res>
        ? BidiHandler<Req, ResIn> | Pushed<RequestStream<Req>, ResIn>
        : never;

/** An implementation of a service. A method left out answers UNIMPLEMENTED. */
export type Handlers<T extends ServiceTable> = { readonly [K in keyof T]?: HandlerOf<T[K]> };

/** What protobufjs generates for a message, as far as a codec needs it. */
interface MessageClass<In, Out> {
  encode(message: In): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Out;
}

/** The codec of a generated message class. */
export function messageCodec<In, Out>(type: MessageClass<In, Out>): Codec<In, Out> {
  return {
    encode: (message) => type.encode(message).finish(),
    decode: (bytes) => type.decode(bytes),
  };
}

export function unary<ReqIn, Req, ResIn, Res>(
  path: string,
  request: MessageClass<ReqIn, Req>,
  response: MessageClass<ResIn, Res>,
): UnaryMethod<ReqIn, Req, ResIn, Res> {
  return { kind: 'unary', path, request: messageCodec(request), response: messageCodec(response) };
}

export function serverStream<ReqIn, Req, ResIn, Res>(
  path: string,
  request: MessageClass<ReqIn, Req>,
  response: MessageClass<ResIn, Res>,
): ServerStreamMethod<ReqIn, Req, ResIn, Res> {
  return { kind: 'serverStream', path, request: messageCodec(request), response: messageCodec(response) };
}

export function bidi<ReqIn, Req, ResIn, Res>(
  path: string,
  request: MessageClass<ReqIn, Req>,
  response: MessageClass<ResIn, Res>,
): BidiMethod<ReqIn, Req, ResIn, Res> {
  return { kind: 'bidi', path, request: messageCodec(request), response: messageCodec(response) };
}
