/**
 * The whole keyspace as etcd has it: ranges, transactions, leases, revisions. Histories of an etcd carry the revision at
 * which each call was served; where the model looks at it, nearly every order is forced, and the search is linear.
 */
import type { History, Model } from './history.ts';

export interface KeyState {
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly lease: string;
}

export interface KeyspaceState {
  readonly revision: number;
  readonly keys: ReadonlyMap<string, KeyState>;
  readonly leases: ReadonlySet<string>;
}

/** Keys [key, end); without `end` the one key. */
export interface KeyInterval {
  readonly key: string;
  readonly end: string | undefined;
}

export type KeyOperation =
  | { readonly kind: 'put'; readonly key: string; readonly value: string; readonly lease: string }
  | ({ readonly kind: 'delete' } & KeyInterval)
  | ({ readonly kind: 'range' } & KeyInterval);

/** What a transaction asks first; revisions and versions are 0 for a key that is not there. */
export interface Compare {
  readonly key: string;
  readonly target: 'value' | 'modRevision' | 'createRevision' | 'version';
  readonly equals: string | number;
}

export type EtcdInput =
  | KeyOperation
  | {
      readonly kind: 'txn';
      readonly compares: readonly Compare[];
      readonly success: readonly KeyOperation[];
      readonly failure: readonly KeyOperation[];
    }
  | { readonly kind: 'grant'; readonly lease: string }
  | { readonly kind: 'revoke'; readonly lease: string };

export interface KeyRow extends KeyState {
  readonly key: string;
}

/** What one operation answers: the rows read, or the number of keys deleted. */
export type KeyAnswer =
  | { readonly kind: 'put' }
  | { readonly kind: 'delete'; readonly deleted: number }
  | { readonly kind: 'range'; readonly rows: readonly KeyRow[] };

export interface EtcdOutput {
  /** The store's revision when it was served. */
  readonly revision: number;
  /** False when a compare failed, or the lease was there already (grant) or not there (put, revoke). */
  readonly succeeded: boolean;
  readonly answers: readonly KeyAnswer[];
}

export const emptyKeyspace: KeyspaceState = { revision: 1, keys: new Map(), leases: new Set() };

/** What the store does with an input: the oracle of the model, and of the simulator's own copy of the state. */
export function execute(state: KeyspaceState, input: EtcdInput): { state: KeyspaceState; output: EtcdOutput } {
  switch (input.kind) {
    case 'put':
    case 'delete':
    case 'range':
      return executeAll(state, [input], true);
    case 'txn': {
      const holds = input.compares.every((compare) => compareHolds(state, compare));
      return executeAll(state, holds ? input.success : input.failure, holds);
    }
    case 'grant': {
      if (state.leases.has(input.lease)) return refused(state);
      return answered({ ...state, leases: new Set([...state.leases, input.lease]) });
    }
    case 'revoke': {
      if (!state.leases.has(input.lease)) return refused(state);
      const attached = [...state.keys].filter(([, { lease }]) => lease === input.lease).map(([key]) => key);
      const keys = new Map(state.keys);
      for (const key of attached) keys.delete(key);
      const leases = new Set(state.leases);
      leases.delete(input.lease);
      return answered({ revision: state.revision + (attached.length > 0 ? 1 : 0), keys, leases });
    }
  }
}

/** What the log of a store says about a history. */
export interface LogFacts {
  /** Value → the revision that wrote it, for all values that were written. */
  readonly written: ReadonlyMap<string, number>;
  /** Leases that were granted at some time: the history holds no grants, and no ends but of leases with keys. */
  readonly leases: Iterable<string>;
}

/** Compares values and counts only, not revisions and versions. */
export function plainEtcdModel(): Model<EtcdInput, EtcdOutput, KeyspaceState> {
  return modelOf(emptyKeyspace, (state, input, output) => {
    const { state: after, output: expected } = execute(state, input);
    return output && !agree(output, expected, { revisions: false }) ? undefined : after;
  });
}

/**
 * Compares everything, for histories of a store that numbers its revisions. What the given history says about revisions
 * (who made one, and what it put where) rules out wrong guesses about the operations of unknown outcome before they are made.
 * @param log what the store's own log says, where it is at hand: then operations of unknown outcome are no riddle.
 */
export function revisionAwareEtcdModel(
  history: History<EtcdInput, EtcdOutput>,
  log?: LogFacts,
): Model<EtcdInput, EtcdOutput, KeyspaceState> {
  const facts = factsOf(history);
  const written = log?.written;
  const writtenRevisions = new Set(written?.values());
  const initial = { ...emptyKeyspace, leases: new Set(log?.leases) };
  return modelOf(initial, (state, input, output) => {
    if (output && !mayBeServed(state, input, output)) return undefined;
    const { state: after, output: expected } = execute(state, input);
    if (output) return agree(output, expected, { revisions: true }) ? after : undefined;
    if (after.revision === state.revision) return after;
    if (written) {
      const values = valuesOf(input);
      const isItsOwn = values.some((value) => written.get(value) === after.revision);
      if (!isItsOwn && (values.length > 0 || writtenRevisions.has(after.revision))) return undefined;
    }
    const rows = facts.rows.get(after.revision) ?? [];
    const contradicted = rows.some(({ key, value }) => after.keys.get(key)?.value !== value);
    return contradicted || facts.madeByOthers.has(after.revision) ? undefined : after;
  });
}

function modelOf(
  initial: KeyspaceState,
  step: Model<EtcdInput, EtcdOutput, KeyspaceState>['step'],
): Model<EtcdInput, EtcdOutput, KeyspaceState> {
  const fingerprints = new WeakMap<KeyspaceState, string>();
  return {
    initial,
    step,
    fingerprint(state) {
      const known = fingerprints.get(state) ?? fingerprintOf(state);
      fingerprints.set(state, known);
      return known;
    },
  };
}

/** The values that an operation may write. */
export function valuesOf(input: EtcdInput): string[] {
  if (input.kind === 'put') return [input.value];
  return input.kind === 'txn' ? [...input.success, ...input.failure].flatMap(valuesOf) : [];
}

/** What callers were told about revisions. */
interface Facts {
  /** Revisions that an operation of known outcome made. */
  readonly madeByOthers: ReadonlySet<number>;
  /** Revision → what it left in keys, as read later. */
  readonly rows: ReadonlyMap<number, readonly KeyRow[]>;
}

function factsOf(history: History<EtcdInput, EtcdOutput>): Facts {
  const madeByOthers = new Set<number>();
  const rows = new Map<number, KeyRow[]>();
  for (const { result } of history) {
    const { revision = 0, answers = [] } = result?.output ?? {};
    for (const answer of answers) {
      const changes = answer.kind === 'put' || (answer.kind === 'delete' && answer.deleted > 0);
      if (changes) madeByOthers.add(revision);
      for (const row of answer.kind === 'range' ? answer.rows : []) {
        const known = rows.get(row.modRevision);
        if (known) known.push(row);
        else rows.set(row.modRevision, [row]);
      }
    }
  }
  return { madeByOthers, rows };
}

/** Cheap and first: an operation is served at its own revision, or at the one before if it changed something. */
function mayBeServed(state: KeyspaceState, input: EtcdInput, { revision }: EtcdOutput): boolean {
  return input.kind === 'range' || input.kind === 'grant'
    ? revision === state.revision
    : revision === state.revision || revision === state.revision + 1;
}

function executeAll(
  state: KeyspaceState,
  operations: readonly KeyOperation[],
  succeeded: boolean,
): { state: KeyspaceState; output: EtcdOutput } {
  const revision = state.revision + 1;
  let keys: Map<string, KeyState> | undefined;
  const answers: KeyAnswer[] = [];
  for (const operation of operations) {
    if (operation.kind === 'range') {
      answers.push({ kind: 'range', rows: rowsOf(keys ?? state.keys, operation) });
    } else if (operation.kind === 'put') {
      if (operation.lease !== '' && !state.leases.has(operation.lease)) return refused(state);
      keys ??= new Map(state.keys);
      const before = keys.get(operation.key);
      keys.set(operation.key, {
        value: operation.value,
        createRevision: before?.createRevision ?? revision,
        modRevision: revision,
        version: (before?.version ?? 0) + 1,
        lease: operation.lease,
      });
      answers.push({ kind: 'put' });
    } else {
      const doomed = rowsOf(keys ?? state.keys, operation).map(({ key }) => key);
      if (doomed.length > 0) keys ??= new Map(state.keys);
      for (const key of doomed) keys?.delete(key);
      answers.push({ kind: 'delete', deleted: doomed.length });
    }
  }
  const after = keys ? { ...state, revision, keys } : state;
  return { state: after, output: { revision: after.revision, succeeded, answers } };
}

function answered(state: KeyspaceState): { state: KeyspaceState; output: EtcdOutput } {
  return { state, output: { revision: state.revision, succeeded: true, answers: [] } };
}

function refused(state: KeyspaceState): { state: KeyspaceState; output: EtcdOutput } {
  return { state, output: { revision: state.revision, succeeded: false, answers: [] } };
}

function rowsOf(keys: ReadonlyMap<string, KeyState>, { key, end }: KeyInterval): readonly KeyRow[] {
  if (end === undefined) {
    const found = keys.get(key);
    return found ? [{ key, ...found }] : [];
  }
  const rows: KeyRow[] = [];
  for (const [name, row] of keys) if (name >= key && name < end) rows.push({ key: name, ...row });
  return rows.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function compareHolds(state: KeyspaceState, { key, target, equals }: Compare): boolean {
  const found = state.keys.get(key);
  if (target === 'value') return found?.value === equals;
  return (found?.[target] ?? 0) === equals;
}

function agree(seen: EtcdOutput, expected: EtcdOutput, { revisions }: { readonly revisions: boolean }): boolean {
  if (seen.succeeded !== expected.succeeded || seen.answers.length !== expected.answers.length) return false;
  if (revisions && seen.revision !== expected.revision) return false;
  return seen.answers.every((answer, i) => sameAnswer(answer, expected.answers[i] as KeyAnswer, revisions));
}

function sameAnswer(a: KeyAnswer, b: KeyAnswer, revisions: boolean): boolean {
  if (a.kind === 'delete') return b.kind === 'delete' && a.deleted === b.deleted;
  if (a.kind === 'put' || b.kind !== 'range') return a.kind === b.kind;
  return a.rows.length === b.rows.length && a.rows.every((row, i) => sameRow(row, b.rows[i] as KeyRow, revisions));
}

function sameRow(a: KeyRow, b: KeyRow, revisions: boolean): boolean {
  if (a.key !== b.key || a.value !== b.value || a.lease !== b.lease) return false;
  if (!revisions) return true;
  return a.createRevision === b.createRevision && a.modRevision === b.modRevision && a.version === b.version;
}

function fingerprintOf({ revision, keys, leases }: KeyspaceState): string {
  const rows = [...keys].map(([key, row]) => {
    const { value, createRevision, modRevision, version, lease } = row;
    return `${key}=${value}/${lease}/${createRevision}.${modRevision}.${version}`;
  });
  // Maps keep the order of insertion; equal states must have equal texts.
  return `${revision}:${rows.sort().join(' ')}:${[...leases].sort().join(' ')}`;
}
