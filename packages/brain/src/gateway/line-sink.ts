/** Responses of a stream as lines of JSON: `{"result": …}`, and `{"error": …}` when it ends with one. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { ResponseSink } from '@flotilla/wire';
import { errorBodyOf, httpStatusOf } from './http-status.ts';

export interface LineSinkOptions {
  readonly headers: OutgoingHttpHeaders;
  readonly toJson: (message: object) => object;
  /** Called once, when the call is over: by its handler, or because its client went. */
  readonly onEnd: (error: Error | undefined) => void;
}

export class LineSink implements ResponseSink<unknown> {
  readonly #response: ServerResponse;
  readonly #options: LineSinkOptions;
  #isOver = false;

  constructor(response: ServerResponse, options: LineSinkOptions) {
    this.#response = response;
    this.#options = options;
    response.once('close', () => this.#over(undefined));
  }

  write(message: unknown): boolean {
    if (this.#isOver) return true;
    this.#begin(200);
    return this.#response.write(`${JSON.stringify({ result: this.#options.toJson(message as object) })}\n`);
  }

  drained(): Promise<void> {
    if (this.#isOver || !this.#response.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#response.off('drain', done);
        this.#response.off('close', done);
        resolve();
      };
      this.#response.on('drain', done);
      this.#response.on('close', done);
    });
  }

  end(error?: Error): void {
    if (this.#isOver) return;
    this.#begin(error === undefined ? 200 : httpStatusOf(error));
    if (error !== undefined) this.#response.write(`${JSON.stringify({ error: errorBodyOf(error) })}\n`);
    this.#response.end();
    this.#over(error);
  }

  #begin(status: number): void {
    if (!this.#response.headersSent) this.#response.writeHead(status, this.#options.headers);
  }

  #over(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onEnd(error);
  }
}
