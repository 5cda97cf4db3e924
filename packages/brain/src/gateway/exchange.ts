/** One call of the gateway, whatever carries it: what the client sends, what it is answered, and when it is gone. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

export interface Exchange {
  /** Path and query. */
  readonly url: string;
  readonly method: string;
  /** `address:port` of the client. */
  readonly peer: string;
  /** Aborted when the client is gone, or has all of its answer. */
  readonly signal: AbortSignal;
  /** What the client sends, in pieces of any size. */
  readonly body: AsyncIterable<string>;
  readonly reply: Reply;
  header(name: string): string | undefined;
}

export interface Reply {
  /** Whether something was written, so that the status can't change any more. */
  readonly begun: boolean;
  /** Begins the answer with a status of HTTP, where it has one. */
  begin(status: number): void;
  /** Writes one JSON value of a stream. False when the client is to be waited for: {@link drained}. */
  line(text: string): boolean;
  /** Resolves when there is room again, or nobody to write to. */
  drained(): Promise<void>;
  /** The end, after one last piece if there is any. */
  end(text?: string): void;
  /** What is left of the request is not read, and nothing follows. */
  refuse(status: number, text: string): void;
  /** Breaks off an answer that has begun. */
  destroy(): void;
}

const headers: OutgoingHttpHeaders = {
  'content-type': 'application/json',
  'grpc-metadata-content-type': 'application/grpc',
};

export class HttpExchange implements Exchange {
  readonly signal: AbortSignal;
  readonly reply: Reply;
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.reply = new HttpReply(response);
    const ended = new AbortController();
    if (response.destroyed) ended.abort();
    else response.once('close', () => ended.abort());
    this.signal = ended.signal;
  }

  get url(): string {
    return this.#request.url ?? '';
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  get peer(): string {
    const { remoteAddress = '', remotePort = 0 } = this.#request.socket;
    return `${remoteAddress}:${remotePort}`;
  }

  get body(): AsyncIterable<string> {
    return this.#request.setEncoding('utf8');
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }
}

class HttpReply implements Reply {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get begun(): boolean {
    return this.#response.headersSent || this.#response.destroyed;
  }

  begin(status: number): void {
    this.#response.writeHead(status, headers);
  }

  line(text: string): boolean {
    return this.#response.write(`${text}\n`);
  }

  drained(): Promise<void> {
    const response = this.#response;
    if (!response.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        response.off('drain', done);
        response.off('close', done);
        resolve();
      };
      response.on('drain', done);
      response.on('close', done);
    });
  }

  end(text?: string): void {
    this.#response.end(text);
  }

  refuse(status: number, text: string): void {
    // The connection can't be used again.
    this.#response.writeHead(status, { ...headers, connection: 'close' }).end(text);
  }

  destroy(): void {
    this.#response.destroy();
  }
}
