/** One request as handlers see it, and what they answer. */
import type { IncomingMessage } from 'node:http';
import type { User } from '../auth/user.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly method: string;
  readonly url: URL;
  readonly user: User;
  /** Aborted when the client goes away, its time is over, or the server stops. */
  readonly signal: AbortSignal;
  /** @throws ApiError RequestEntityTooLarge. */
  readBody(): Promise<Buffer>;
}

export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** A whole answer. */
export interface Answer {
  readonly code: number;
  readonly headers: Headers;
  readonly body: Buffer | string;
}

/** An answer that goes on: each chunk is sent at once. */
export interface StreamAnswer {
  readonly code: number;
  readonly headers: Headers;
  readonly chunks: AsyncIterable<readonly (Buffer | string)[]>;
}

export const jsonType = 'application/json';

export function jsonAnswer(code: number, value: unknown, headers: Headers = {}): Answer {
  return { code, headers: { 'content-type': jsonType, ...headers }, body: JSON.stringify(value) };
}

export function textAnswer(code: number, body: string): Answer {
  return { code, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}
