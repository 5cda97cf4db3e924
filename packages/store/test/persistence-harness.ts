/** States on disk or in memory for tests, and entries to fill them with. */
import fc from 'fast-check';
import { systemClock } from '@flotilla/base';
import {
  type IncomingSnapshot,
  type OpenStateOptions,
  type OpenedState,
  type Store,
  createMemoryDatabases,
  createMemoryStateDirectory,
  createStore,
  hashState,
  openState,
} from '@flotilla/store';
import { operation, write } from './operations.ts';
import { applyData, checkOperation, entryData, entryOf } from './server.ts';
import { createTestClock } from './test-clock.ts';

export const identity = { clusterId: 77n, memberId: 5n };

export function optionsFor(directory: string, more: Partial<OpenStateOptions> = {}): OpenStateOptions {
  const onFailure = (error: unknown): void => {
    throw error;
  };
  return { directory, ...identity, clock: systemClock, onFailure, ...more };
}

/** A machine in memory whose state can be opened again and again, and damaged in between. */
export function createMachine() {
  const databases = createMemoryDatabases();
  const directory = createMemoryStateDirectory('/state', databases);
  const open = () =>
    openState(
      optionsFor('/state', { openDatabase: databases.open, openDirectory: () => directory, clock: createTestClock() }),
    );
  const batches = () => databases.batches.get('/state/generation-000001') ?? [];
  return { databases, directory, open, batches };
}

/** The state that a received snapshot becomes. */
export async function finished(incoming: IncomingSnapshot): Promise<OpenedState> {
  let replaced: OpenedState | undefined;
  await incoming.finish((opened) => {
    replaced = opened;
  });
  if (!replaced) throw new Error('no state took over');
  return replaced;
}

/** The entries that random operations become. */
export function sampleEntries(count: number, seed: number): Uint8Array[] {
  const reference = createStore();
  const entries: Uint8Array[] = [];
  for (const operationAt of fc.sample(fc.oneof(operation, write), { seed, numRuns: count })) {
    const asked = operationAt(reference.revision);
    const data = checkOperation(asked) ? undefined : entryOf(asked);
    if (!data) continue;
    applyData(reference, data);
    entries.push(data);
  }
  return entries;
}

export function applyAll(store: Store, entries: readonly Uint8Array[]): void {
  for (const data of entries) applyData(store, data);
}

/** The hash of a store in memory that applied the first entries. */
export function hashAfter(entries: readonly Uint8Array[], count: number): number {
  const store = createStore();
  applyAll(store, entries.slice(0, count));
  return hashState(store);
}

export const put = (key: string, value = 'v', lease = 0) =>
  entryData('put', { key: Buffer.from(key), value: Buffer.from(value), lease });

export async function applyAndFlush({ store, state }: OpenedState, entries: readonly Uint8Array[]): Promise<void> {
  applyAll(store, entries);
  state.logSyncedTo(store.appliedIndex);
  await state.flush();
}
