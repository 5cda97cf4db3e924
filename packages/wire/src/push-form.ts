/** The one form in which servers run a stream's handler: whatever it was registered as, it writes to a sink. */
import {
  type BidiHandler,
  type PushHandler,
  Pushed,
  type RequestStream,
  type ResponseSink,
  type ServerStreamHandler,
} from './service.ts';

type StreamHandler =
  | ServerStreamHandler<unknown, unknown>
  | BidiHandler<unknown, unknown>
  | Pushed<unknown, unknown>
  | Pushed<RequestStream<unknown>, unknown>;

type IterableHandler = (
  input: unknown,
  context: Parameters<PushHandler<unknown, unknown>>[2],
) => AsyncIterable<unknown>;

/** The push form of any stream's handler. */
export function pushFormOf(handler: StreamHandler): PushHandler<unknown, unknown> {
  if (handler instanceof Pushed) return handler.handler as PushHandler<unknown, unknown>;
  const iterate = handler as IterableHandler;
  return async (input, sink, context) => {
    for await (const response of iterate(input, context)) {
      if (context.signal.aborted) break;
      if (!sink.write(response)) await sink.drained();
    }
    sink.end();
  };
}

/** Runs a handler; what it throws ends its call. */
export function runPushed(
  handler: PushHandler<unknown, unknown>,
  call: {
    readonly input: unknown;
    readonly sink: ResponseSink<unknown>;
    readonly context: Parameters<PushHandler<unknown, unknown>>[2];
  },
): void {
  const { input, sink, context } = call;
  const fail = (error: unknown): void => sink.end(error instanceof Error ? error : new Error(String(error)));
  try {
    const running = handler(input, sink, context);
    if (running instanceof Promise) running.catch(fail);
  } catch (error) {
    fail(error);
  }
}
