/** Opens logs on memory files, and writes entries that tell where they came from. */
import { type Clock, type Logger, type LogFields, silentLogger, systemClock } from '@flotilla/base';
import { type DataDirectory, type Files, openDataDirectory } from '@flotilla/brain';
import type { Entry } from '@flotilla/raft';

export const identity = { clusterId: 0xc1n, memberId: 0xa1n };

export interface LogHarness extends DataDirectory<undefined> {
  readonly warnings: readonly string[];
}

export async function openLog(
  files: Files,
  options: { segmentBytes?: number; clock?: Clock } = {},
): Promise<LogHarness> {
  const warnings: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (message: string, _fields?: LogFields) => void warnings.push(message),
  };
  const opened = await openDataDirectory<undefined>({
    files,
    directory: '/data',
    identity,
    clock: systemClock,
    logger,
    openState: () => Promise.resolve(undefined),
    onFailure: (error) => {
      throw error;
    },
    ...options,
  });
  return { ...opened, warnings };
}

/** Entries [first, end) of `term`; their data says index and term. */
export function entriesOf(term: number, first: number, end: number, padding = 0): Entry[] {
  return Array.from({ length: end - first }, (_, i) => ({
    term,
    index: first + i,
    type: 'normal' as const,
    data: Buffer.from(`${first + i}@${term}${'.'.repeat(padding)}`),
  }));
}

/** What a log holds, in a form that can be compared. */
export function contentOf({ recovered }: Pick<LogHarness, 'recovered'>): unknown {
  return {
    hardState: recovered.hardState,
    base: recovered.base,
    entries: recovered.entries.map(({ index, term, data }) => `${index}:${term}:${Buffer.from(data).toString()}`),
  };
}

/** Numbers from `start` up to `end`, which is left out. */
export function range(start: number, end: number, step = 1): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((end - start) / step)) }, (_, i) => start + i * step);
}

export function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

/** Where the records of a segment end and the zeros ahead of them begin, found by walking from one record to the next. */
export function recordsEnd(segment: Uint8Array = new Uint8Array()): number {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  let at = 12_288;
  // A record's kind is never 0.
  while (at + 48 <= segment.length && view.getUint8(at + 16) !== 0) at += (48 + view.getUint32(at + 8, true) + 7) & ~7;
  return Math.min(at, segment.length);
}
