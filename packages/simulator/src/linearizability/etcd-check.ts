/**
 * Judges a history of an etcd, with all it says: first that revisions never go back in real time, which finds most violations
 * at once, then that there is an order that explains every answer.
 */
import {
  type EtcdInput,
  type EtcdOutput,
  type KeyspaceState,
  type LogFacts,
  revisionAwareEtcdModel,
  valuesOf,
} from './etcd-model.ts';
import type { History, Operation } from './history.ts';
import { type SearchOptions, type Verdict, checkLinearizable } from './search.ts';

type EtcdOperation = Operation<EtcdInput, EtcdOutput>;

/** @param log what the store's own log says, where it is at hand. */
export function checkEtcdHistory(
  history: History<EtcdInput, EtcdOutput>,
  log?: LogFacts,
  options: SearchOptions = {},
): Verdict<EtcdInput, EtcdOutput> {
  const backwards = revisionThatGoesBack(history);
  if (backwards) return { kind: 'violated', order: [], stuck: backwards };
  const happened = log ? history.filter((operation) => mayHaveHappened(operation, log.written)) : history;
  return checkLinearizable<EtcdInput, EtcdOutput, KeyspaceState>(
    revisionAwareEtcdModel(history, log),
    happened,
    options,
  );
}

function mayHaveHappened({ input, result }: EtcdOperation, written: ReadonlyMap<string, number>): boolean {
  const values = valuesOf(input);
  return result !== undefined || values.length === 0 || values.some((value) => written.has(value));
}

/** Two operations, the later of which was called after the other had returned, and was served at a lower revision. */
function revisionThatGoesBack(
  history: History<EtcdInput, EtcdOutput>,
): readonly [EtcdOperation, EtcdOperation] | undefined {
  const byCall = history.filter(({ result }) => result).sort((a, b) => a.calledAt - b.calledAt);
  const byReturn = [...byCall].sort((a, b) => returnedAt(a) - returnedAt(b));
  let highest: EtcdOperation | undefined;
  let i = 0;
  for (const operation of byCall) {
    for (; returnedAt(byReturn[i]) < operation.calledAt; i++) {
      if (!highest || revisionOf(byReturn[i]) > revisionOf(highest)) highest = byReturn[i];
    }
    if (highest && revisionOf(operation) < revisionOf(highest)) return [highest, operation];
  }
  return undefined;
}

function returnedAt(operation: EtcdOperation | undefined): number {
  return operation?.result?.at ?? Infinity;
}

function revisionOf(operation: EtcdOperation | undefined): number {
  return operation?.result?.output.revision ?? 0;
}
