/** Counts the calls of a service, under the names that every gRPC server uses. */
import { messageOf } from '@flotilla/base';
import { type Handlers, type Method, Pushed, RpcError, type ServiceTable, StatusCode, pushed } from '@flotilla/wire';
import type { BrainMetrics } from '../metrics.ts';

const grpcTypes = { unary: 'unary', serverStream: 'server_stream', bidi: 'bidi_stream' } as const;
const codeNames = Object.keys(StatusCode);

type Handler = (request: unknown, context: unknown) => unknown;
type Count = (error?: unknown) => void;

/** The same handlers, counted. */
export function countCalls<T extends ServiceTable>(
  table: T,
  handlers: Handlers<T>,
  metrics: BrainMetrics,
): Handlers<T> {
  const counted: Record<string, unknown> = {};
  for (const [name, method] of Object.entries<Method>(table)) {
    const handler: unknown = handlers[name];
    if (typeof handler !== 'function' && !(handler instanceof Pushed)) continue;
    const [, grpc_service = '', grpc_method = ''] = method.path.split('/');
    const labels = { grpc_type: grpcTypes[method.kind], grpc_service, grpc_method };
    const started = metrics.grpcStarted.labels(labels);
    const ok = metrics.grpcHandled.labels({ ...labels, grpc_code: 'OK' });
    const handled: Count = (error) => {
      if (error === undefined) ok.inc();
      else metrics.grpcHandled.inc({ ...labels, grpc_code: codeOf(error) });
    };
    const start = (): void => started.inc();
    if (handler instanceof Pushed) counted[name] = countPushed(handler, start, handled);
    else
      counted[name] =
        method.kind === 'unary'
          ? countUnary(handler as Handler, start, handled)
          : countStream(handler as (request: unknown, context: unknown) => AsyncIterable<unknown>, start, handled);
  }
  return counted as Handlers<T>;
}

function countUnary(handler: Handler, start: () => void, handled: Count): Handler {
  return (request, context) => {
    start();
    try {
      const response = handler(request, context);
      if (response instanceof Promise) response.then(() => handled(), handled);
      else handled();
      return response;
    } catch (error) {
      handled(error);
      throw error;
    }
  };
}

function countStream(
  handler: (request: unknown, context: unknown) => AsyncIterable<unknown>,
  start: () => void,
  handled: Count,
): Handler {
  return async function* counted(request, context): AsyncGenerator<unknown, void> {
    start();
    let failure: unknown;
    try {
      yield* handler(request, context);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      handled(failure);
    }
  };
}

function countPushed(
  { handler }: Pushed<unknown, unknown>,
  start: () => void,
  handled: Count,
): Pushed<unknown, unknown> {
  return pushed((input, sink, context) => {
    start();
    let ended = false;
    const end = (error?: Error): void => {
      if (!ended) handled(error);
      ended = true;
      sink.end(error);
    };
    const counted = { write: (response: unknown) => sink.write(response), drained: () => sink.drained(), end };
    const fail = (error: unknown): void => end(error instanceof Error ? error : new Error(messageOf(error)));
    try {
      const running = handler(input, counted, context);
      return running instanceof Promise ? running.catch(fail) : undefined;
    } catch (error) {
      fail(error);
    }
  });
}

/** The name of a status as Go prints it: `NotFound`. */
function codeOf(error: unknown): string {
  const status = error instanceof RpcError ? error.status : StatusCode.INTERNAL;
  const name = codeNames.find((key) => StatusCode[key as keyof typeof StatusCode] === status) ?? 'UNKNOWN';
  return name
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('');
}
