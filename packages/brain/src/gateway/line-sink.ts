/** Responses of a stream as lines of JSON: `{"result": …}`, and `{"error": …}` when it ends with one. */
import type { ResponseSink } from '@flotilla/wire';
import type { Exchange } from './exchange.ts';
import { errorBodyOf, httpStatusOf } from './http-status.ts';

export interface LineSinkOptions {
  readonly toJson: (message: object) => object;
  /** Called once, when the call is over: by its handler, or because its client went. */
  readonly onEnd: (error: Error | undefined) => void;
}

export class LineSink implements ResponseSink<unknown> {
  readonly #exchange: Exchange;
  readonly #options: LineSinkOptions;
  #isOver = false;

  constructor(exchange: Exchange, options: LineSinkOptions) {
    this.#exchange = exchange;
    this.#options = options;
    const gone = (): void => this.#over(undefined);
    if (exchange.signal.aborted) queueMicrotask(gone);
    else exchange.signal.addEventListener('abort', gone, { once: true });
  }

  write(message: unknown): boolean {
    if (this.#isOver) return true;
    this.#begin(200);
    return this.#exchange.reply.line(JSON.stringify({ result: this.#options.toJson(message as object) }));
  }

  drained(): Promise<void> {
    return this.#isOver ? Promise.resolve() : this.#exchange.reply.drained();
  }

  end(error?: Error): void {
    if (this.#isOver) return;
    const { reply } = this.#exchange;
    this.#begin(error === undefined ? 200 : httpStatusOf(error));
    if (error !== undefined) reply.line(JSON.stringify({ error: errorBodyOf(error) }));
    reply.end();
    this.#over(error);
  }

  #begin(status: number): void {
    const { reply } = this.#exchange;
    if (!reply.begun) reply.begin(status);
  }

  #over(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onEnd(error);
  }
}
