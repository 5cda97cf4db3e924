/**
 * The JSON gateway: HTTP/1.1 and websockets in front of the same handlers that gRPC calls, driven by the service tables and one table of
 * routes. Requests and responses take their JSON form and their protobuf form both, so that a handler can't tell where a call
 * came from.
 *
 * A response stream is one object a line, `{"result": …}`, written no faster than it is read; a call ends when its
 * connection does.
 */
import type { Logger } from '@flotilla/base';
import {
  type CallContext,
  type CallObserver,
  Encoded,
  type Method,
  RpcError,
  StatusCode,
  type UnaryHandler,
  pushFormOf,
  runPushed,
} from '@flotilla/wire';
import { type JsonCodec, JsonMismatch, jsonCodec } from '@flotilla/wire/json';
import { GatewayContext } from './context.ts';
import type { Exchange, Reply } from './exchange.ts';
import type { HandlerMap } from './handler-map.ts';
import { errorBodyOf, httpStatusOf, statusOf } from './http-status.ts';
import { readJsonValues } from './json-requests.ts';
import { LineSink } from './line-sink.ts';
import { GatewayRequests, type ReceivedRequest } from './requests.ts';
import { gatewayRoutes } from './routes.ts';

export interface GatewayOptions {
  readonly handlers: HandlerMap;
  /** The largest message, in its protobuf form. */
  readonly maxMessageBytes: number;
  readonly logger: Logger;
  /** Counts calls, as those of gRPC are counted. */
  readonly observe: (method: Method) => CallObserver;
}

/** Answers a call below {@link isGatewayPath}. */
export type Gateway = (exchange: Exchange) => void;

/** A method as the gateway calls it. */
interface Target {
  readonly method: Method;
  readonly handler: unknown;
  readonly json: JsonCodec;
}

export function createGateway(options: GatewayOptions): Gateway {
  const { handlers, logger } = options;
  const targets = new Map<string, Target>();
  const targetOf = (route: string): Target | undefined => {
    const method = Object.hasOwn(gatewayRoutes, route) ? gatewayRoutes[route] : undefined;
    if (!method || targets.has(route)) return targets.get(route);
    const target = { method, handler: handlers.get(method), json: jsonCodec(method.path) };
    targets.set(route, target);
    return target;
  };
  return (exchange) => {
    const route = gatewayPath.exec(exchange.url)?.[1] ?? '';
    answer(options, targetOf(route), exchange).catch((error: unknown) => {
      // What fails because its client is gone is no bug.
      const isBug = !(error instanceof RpcError) && !exchange.signal.aborted;
      if (isBug) logger.error('a gateway call failed', { path: exchange.url, err: error });
      fail(exchange.reply, error);
    });
  };
}

const gatewayPath = /^\/v3(?:beta)?\/([^?]*)/;

/** Whether a URL is the gateway's: everything below `/v3/`, and below `/v3beta/`, which means the same. */
export function isGatewayPath(url: string | undefined): boolean {
  return gatewayPath.test(url ?? '');
}

/** How long a message's JSON form may be: base64 takes a third more than bytes, and names and quotes a little. */
export function textBytesOf(messageBytes: number): number {
  return 2 * messageBytes;
}

async function answer(options: GatewayOptions, target: Target | undefined, exchange: Exchange): Promise<void> {
  if (!target) throw new RpcError(StatusCode.NOT_FOUND, 'Not Found');
  if (exchange.method !== 'POST') throw new RpcError(StatusCode.UNIMPLEMENTED, 'Method Not Allowed');
  const { method, handler } = target;
  if (handler === undefined) throw new RpcError(StatusCode.UNIMPLEMENTED, `unknown method ${method.path.slice(1)}`);
  const requests = readRequests(options, target, exchange.body);
  if (method.kind === 'bidi') {
    return stream(options, target, { exchange, input: requests, context: new GatewayContext(exchange) });
  }
  const first = await requests.next();
  const { message, bytes } = first.done === true ? decodeRequest(options, target, {}) : first.value;
  const context = new GatewayContext(exchange, bytes);
  if (method.kind === 'serverStream') return stream(options, target, { exchange, input: message, context });
  const observer = options.observe(method);
  const started = observer.started(context);
  try {
    const result = await (handler as UnaryHandler<unknown, object>)(message, context);
    observer.ended(StatusCode.OK, started);
    exchange.reply.begin(200);
    exchange.reply.end(JSON.stringify(toJson(target, result)));
  } catch (error) {
    observer.ended(statusOf(error), started);
    throw error;
  }
}

async function* readRequests(
  options: GatewayOptions,
  target: Target,
  body: AsyncIterable<string>,
): AsyncGenerator<ReceivedRequest, void> {
  for await (const value of readJsonValues(body, textBytesOf(options.maxMessageBytes)))
    yield decodeRequest(options, target, value);
}

function decodeRequest({ maxMessageBytes }: GatewayOptions, { method, json }: Target, value: unknown): ReceivedRequest {
  const bytes: Uint8Array = method.request.encode(requestOf(json, value));
  if (bytes.length > maxMessageBytes) {
    const text = `grpc: received message larger than max (${bytes.length} vs. ${maxMessageBytes})`;
    throw new RpcError(StatusCode.RESOURCE_EXHAUSTED, text);
  }
  return { message: method.request.decode(bytes), bytes };
}

function requestOf(json: JsonCodec, value: unknown): object {
  try {
    return json.requestOf(value);
  } catch (error) {
    if (error instanceof JsonMismatch) throw new RpcError(StatusCode.INVALID_ARGUMENT, error.message);
    throw error;
  }
}

/** The response as it looks after the wire, where what is not set is zero. */
function toJson({ method, json }: Target, response: object): object {
  const bytes: Uint8Array = response instanceof Encoded ? response.bytes : method.response.encode(response);
  return json.responseToJson(method.response.decode(bytes) as object);
}

/** Runs a stream's handler until it ends its call. @param call.input its request, or its requests where they stream */
function stream(
  { observe, logger }: GatewayOptions,
  target: Target,
  call: { readonly exchange: Exchange; readonly input: unknown; readonly context: CallContext },
): Promise<void> {
  const { exchange, input, context } = call;
  const observer = observe(target.method);
  const started = observer.started(context);
  return new Promise((resolve) => {
    const sink = new LineSink(exchange, {
      toJson(message) {
        observer.sent(1);
        return toJson(target, message);
      },
      onEnd: (error) => {
        if (error && !(error instanceof RpcError))
          logger.error('a handler failed', { path: target.method.path, err: error });
        observer.ended(error === undefined ? StatusCode.OK : statusOf(error), started);
        resolve();
      },
    });
    const streamed = target.method.kind === 'bidi';
    const received = streamed ? new GatewayRequests(input as AsyncIterable<ReceivedRequest>, observer) : input;
    runPushed(pushFormOf(target.handler as Parameters<typeof pushFormOf>[0]), { input: received, sink, context });
  });
}

function fail(reply: Reply, error: unknown): void {
  if (reply.begun) return reply.destroy();
  reply.refuse(httpStatusOf(error), JSON.stringify(errorBodyOf(error)));
}
