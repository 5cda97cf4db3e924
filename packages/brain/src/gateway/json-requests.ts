/**
 * The body of a gateway request: JSON values one after the other, with or without white space between them. A call with one
 * request takes the first; a stream takes them as they arrive.
 */
import { messageOf } from '@flotilla/base';
import { RpcError, StatusCode } from '@flotilla/wire';

/** @throws RpcError for what is no JSON, and for a value that is longer than `maxBytes`. */
export async function* readJsonValues(body: AsyncIterable<string>, maxBytes: number): AsyncGenerator<unknown, void> {
  const splitter = new JsonSplitter(maxBytes);
  for await (const chunk of body) for (const text of splitter.add(chunk)) yield parse(text);
  const rest = splitter.end();
  if (rest !== '') yield parse(rest);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RpcError(StatusCode.INVALID_ARGUMENT, `proto: syntax error: ${messageOf(error)}`);
  }
}

/** Finds where values end: an object at its last brace, anything else at white space or the end of the body. */
class JsonSplitter {
  readonly #maxBytes: number;
  #text = '';
  /** How far `#text` was looked at. */
  #at = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  *add(chunk: string): Generator<string, void> {
    this.#text += chunk;
    for (; this.#at < this.#text.length; this.#at++) {
      if (this.#endsAt(this.#text.charCodeAt(this.#at))) yield this.#take(this.#at + 1);
    }
    if (this.#text.length > this.#maxBytes) {
      const text = `grpc: received message larger than max (${this.#text.length} vs. ${this.#maxBytes})`;
      throw new RpcError(StatusCode.RESOURCE_EXHAUSTED, text);
    }
  }

  end(): string {
    return this.#text.trim();
  }

  #take(length: number): string {
    const value = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    this.#at = -1;
    return value;
  }

  /** Whether an object ends with this character. */
  #endsAt(code: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (code === backslash) this.#escaped = true;
      else if (code === quote) this.#inString = false;
      return false;
    }
    if (code === quote) this.#inString = true;
    else if (code === openBrace) this.#depth++;
    else if (code === closeBrace) return --this.#depth === 0;
    return false;
  }
}

const [quote, backslash, openBrace, closeBrace] = [0x22, 0x5c, 0x7b, 0x7d];
