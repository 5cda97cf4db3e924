/**
 * Messages of one stream that differ only in a few bytes, laid out in as few frames as they fit in: each is a copy of the one
 * before it with those bytes written over.
 */
import type { EncodedRun } from '../service.ts';
import { messagePrefixBytes, writePrefix } from './message-prefix.ts';

/** A part of a run that fills one frame. */
export interface RunPart {
  /** Place of its first message, and of the one after its last. */
  readonly from: number;
  readonly to: number;
  /** Of its messages with their prefixes. */
  readonly bytes: number;
}

/** Bytes of a run's messages with their prefixes, and of the largest of them. */
export function runSize({ head, middles, tail }: EncodedRun): { readonly bytes: number; readonly largest: number } {
  const shared = messagePrefixBytes + head.length + tail.length;
  let bytes = shared * middles.length;
  let longest = 0;
  for (const { length } of middles) {
    bytes += length;
    if (length > longest) longest = length;
  }
  return { bytes, largest: shared + longest };
}

/** Whole messages from `from` on, as many as fit, at least one; empty behind the last. */
export function nextPart({ head, middles, tail }: EncodedRun, from: number, maxBytes: number): RunPart {
  const shared = messagePrefixBytes + head.length + tail.length;
  let bytes = 0;
  let to = from;
  while (to < middles.length) {
    const next = shared + (middles[to] as Uint8Array).length;
    if (to > from && bytes + next > maxBytes) break;
    bytes += next;
    to++;
  }
  return { from, to, bytes };
}

/** Writes the messages of a part at `at`, where there is room for them. */
export function writePart(
  target: Buffer,
  at: number,
  { head, middles, tail }: EncodedRun,
  { from, to }: RunPart,
): void {
  let before = at;
  let middleLength = -1;
  for (let i = from; i < to; i++) {
    const middle = middles[i] as Uint8Array;
    const length = head.length + middle.length + tail.length;
    if (middle.length === middleLength) {
      target.copyWithin(at, before, at);
    } else {
      writePrefix(target, at, length);
      target.set(head, at + messagePrefixBytes);
      target.set(tail, at + messagePrefixBytes + head.length + middle.length);
      middleLength = middle.length;
    }
    const middleAt = at + messagePrefixBytes + head.length;
    for (let k = 0; k < middle.length; k++) target[middleAt + k] = middle[k] as number;
    before = at;
    at += messagePrefixBytes + length;
  }
}
