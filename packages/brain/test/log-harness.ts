/** Opens logs on memory files, and writes entries that tell where they came from. */
import { type Logger, type LogFields, silentLogger, systemClock } from '@flotilla/base';
import { type DataDirectory, type Files, openDataDirectory } from '@flotilla/brain';
import type { Entry } from '@flotilla/raft';

export const identity = { clusterId: 0xc1n, memberId: 0xa1n };

export interface LogHarness extends DataDirectory<undefined> {
  readonly warnings: readonly string[];
}

export async function openLog(files: Files, options: { segmentBytes?: number } = {}): Promise<LogHarness> {
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
