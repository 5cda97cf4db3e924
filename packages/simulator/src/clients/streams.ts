/** A call of a bidirectional stream, without a wire: requests as they were queued, answers as the client reads them. */
import { type AsyncQueue, createAsyncQueue } from '@flotilla/base';
import { type CallContext, Encoded, type HandlerOf, type RequestStream, pushFormOf, runPushed } from '@flotilla/wire';
import type { BidiMethod } from '@flotilla/wire';

/** Answers that may wait for the client until the handler is asked to stop. */
const windowAnswers = 8;

export function callStream<ReqIn, Req, ResIn, Res>(
  handler: HandlerOf<BidiMethod<ReqIn, Req, ResIn, Res>>,
  requests: AsyncQueue<Req>,
  context: CallContext,
): AsyncIterable<ResIn | Encoded> {
  const answers = createAsyncQueue<ResIn | Encoded>(Infinity);
  let drained: (() => void)[] = [];
  const settle = (): void => {
    const waiting = drained;
    drained = [];
    for (const resolve of waiting) resolve();
  };
  const input: RequestStream<Req> = {
    [Symbol.asyncIterator]: () => requests[Symbol.asyncIterator](),
    async forEach(take) {
      for await (const request of requests) take(request);
    },
  };
  const sink = {
    write(answer: ResIn | Encoded) {
      answers.push(answer);
      return answers.size < windowAnswers;
    },
    drained: () => new Promise<void>((resolve) => (answers.size === 0 ? resolve() : void drained.push(resolve))),
    end(error?: Error) {
      if (error) answers.fail(error);
      else answers.end();
      settle();
    },
  };
  runPushed(pushFormOf(handler as Parameters<typeof pushFormOf>[0]), { input, sink: sink as never, context });
  async function* read(): AsyncGenerator<ResIn | Encoded, void> {
    for await (const answer of answers) {
      yield answer;
      if (answers.size === 0) settle();
    }
  }
  return read();
}

/** A response as its receiver has it, whether the handler encoded it or not. */
export function decoded<T>(response: Encoded | object, type: { decode(bytes: Uint8Array): T }): T {
  return response instanceof Encoded ? type.decode(response.bytes) : (response as T);
}
