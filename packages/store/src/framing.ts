/** Protobuf fields whose content is bytes that are encoded already: tag, length, content. */
import { varintLength, writeVarint } from './mvcc/varint.ts';

/** A tag of one byte and what follows its length. */
export interface Framed {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** Bytes of a field whose content has a length. */
export function framedLength(contentLength: number): number {
  return 1 + varintLength(contentLength) + contentLength;
}

/** Writes a field and returns the offset after it. */
export function writeFramed(target: Uint8Array, offset: number, { tag, content }: Framed): number {
  target[offset] = tag;
  const at = writeVarint(target, offset + 1, content.length);
  target.set(content, at);
  return at + content.length;
}
