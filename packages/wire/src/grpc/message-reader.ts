/**
 * Puts messages together from the fragments of a body, however it was cut. Memory grows with what has arrived, not with what a
 * prefix announces: in steps, each a factor of what is there, so that little is copied twice.
 */
import { RpcError, StatusCode } from '../status.ts';
import { type Encoding, decompress } from './compression.ts';

const prefixBytes = 5;
const firstBufferBytes = 16 * 1024;
/** Larger steps leave less memory behind for V8's collector; what was announced is the most in any case. */
const growthFactor = 8;

export interface MessageReaderOptions {
  readonly encoding: Encoding;
  readonly maxBytes: number;
  /** Takes a message, and the bytes of the body that it came in. */
  readonly deliver: (message: Buffer, bodyBytes: number) => void;
}

export class MessageReader {
  readonly #options: MessageReaderOptions;
  readonly #prefix = Buffer.alloc(prefixBytes);
  #prefixFilled = 0;
  /** Undefined until the prefix is complete. */
  #length: number | undefined;
  #message: Buffer = Buffer.alloc(0);
  #filled = 0;

  constructor(options: MessageReaderOptions) {
    this.#options = options;
  }

  /** Whether a message has begun and is not complete. */
  get within(): boolean {
    return this.#prefixFilled > 0;
  }

  /** @throws RpcError for a message that is too large or can't be decompressed; nothing more can be read then. */
  read(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#length === undefined) {
        at = this.#readPrefix(bytes, at, end);
      } else {
        at = this.#fill(bytes, at, end, this.#length);
      }
      if (this.#length !== undefined && this.#filled === this.#length) this.#deliver(this.#length);
    }
  }

  #readPrefix(bytes: Buffer, start: number, end: number): number {
    const copied = bytes.copy(this.#prefix, this.#prefixFilled, start, end);
    this.#prefixFilled += copied;
    if (this.#prefixFilled < prefixBytes) return end;
    this.#length = messageLength(this.#prefix, 0, this.#options.maxBytes);
    this.#filled = 0;
    return start + copied;
  }

  #fill(bytes: Buffer, start: number, end: number, length: number): number {
    // Whole messages are not copied.
    if (this.#filled === 0 && end - start >= length) {
      this.#message = bytes.subarray(start, start + length);
      this.#filled = length;
      return start + length;
    }
    const wanted = Math.min(end - start, length - this.#filled);
    this.#makeRoom(this.#filled + wanted, length);
    bytes.copy(this.#message, this.#filled, start, start + wanted);
    this.#filled += wanted;
    return start + wanted;
  }

  #makeRoom(size: number, most: number): void {
    if (this.#filled > 0 && this.#message.length >= size) return;
    const larger = Buffer.allocUnsafeSlow(
      Math.min(most, Math.max(size, firstBufferBytes, growthFactor * this.#filled)),
    );
    this.#message.copy(larger, 0, 0, this.#filled);
    this.#message = larger;
  }

  #deliver(length: number): void {
    const { encoding, maxBytes, deliver } = this.#options;
    const raw = length === 0 ? Buffer.alloc(0) : this.#message.subarray(0, length);
    const message = isCompressed(this.#prefix, 0) ? decompress(raw, encoding, maxBytes) : raw;
    this.#length = undefined;
    this.#prefixFilled = 0;
    this.#filled = 0;
    this.#message = Buffer.alloc(0);
    deliver(message, prefixBytes + length);
  }
}

/** The message that is exactly `bytes[start, end)`, or undefined when it takes more to read it. */
export function wholeMessage(bytes: Buffer, start: number, end: number, maxBytes: number): Buffer | undefined {
  if (end - start < prefixBytes || bytes[start] !== 0) return undefined;
  const length = end - start - prefixBytes;
  if (length > maxBytes || bytes.readUInt32BE(start + 1) !== length) return undefined;
  return bytes.subarray(start + prefixBytes, end);
}

function messageLength(prefix: Buffer, at: number, maxBytes: number): number {
  const flag = prefix[at] ?? 0;
  if (flag > 1) throw new RpcError(StatusCode.INTERNAL, `grpc: received unexpected payload format ${flag}`);
  const length = prefix.readUInt32BE(at + 1);
  if (length > maxBytes) {
    const text = `grpc: received message larger than max (${length} vs. ${maxBytes})`;
    throw new RpcError(StatusCode.RESOURCE_EXHAUSTED, text);
  }
  return length;
}

function isCompressed(prefix: Buffer, at: number): boolean {
  return prefix[at] === 1;
}
