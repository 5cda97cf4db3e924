/**
 * What clients saw of a cluster, and whether it can be true. Every write leaves a value of its own, and every answer names a
 * revision, so the store's own order is the one order to hold everything against: no search is needed.
 */

/** A change as a watch shows it; no value: the key was deleted. */
export interface Change {
  readonly revision: number;
  readonly key: string;
  readonly value: string | undefined;
}

interface Timed {
  readonly startMs: number;
  readonly endMs: number;
  /** The answer's header. */
  readonly revision: number;
  readonly key: string;
}

/** An acknowledged write. */
export interface Write extends Timed {
  readonly value: string;
}

/** An answered linearizable read of one key. */
export interface Read extends Timed {
  readonly value: string | undefined;
}

/** A client's lease on one key: until when it was promised, and when the key was seen to go. */
export interface Tenancy {
  readonly key: string;
  promisedUntilMs: number;
  goneMs: number | undefined;
}

export interface History {
  readonly writes: Write[];
  readonly reads: Read[];
  readonly tenancies: Tenancy[];
  /** Name of a watcher → all that it was sent, over every stream that it had to open anew. */
  readonly watchers: Map<string, Change[]>;
}

/** What is wrong, a line each. `changes` is the whole history, as of the end. */
export function violations(history: History, changes: readonly Change[]): readonly string[] {
  return [
    ...lostWrites(history, changes),
    ...brokenCounters(changes),
    ...disorder(history),
    ...wrongReads(history, changes),
    ...wrongWatches(history, changes),
    ...earlyExpiries(history),
  ];
}

const nameOf = ({ revision, key, value }: Change): string => `${key}=${value ?? '-'}@${revision}`;

function lostWrites({ writes }: History, changes: readonly Change[]): readonly string[] {
  const known = new Set(changes.map(nameOf));
  const counts = new Map<string, number>();
  for (const { value } of changes) if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [
    ...writes.filter((write) => !known.has(nameOf(write))).map((write) => `lost: ${nameOf(write)}`),
    ...[...counts].filter(([, count]) => count > 1).map(([value, count]) => `written ${count} times: ${value}`),
  ];
}

/** A counter's value begins with its number, which rises by one with each change. */
function brokenCounters(changes: readonly Change[]): readonly string[] {
  const last = new Map<string, number>();
  return changes.flatMap((change) => {
    if (!change.key.startsWith('counter/')) return [];
    const number = Number.parseInt(change.value ?? '', 10);
    const before = last.get(change.key) ?? 0;
    last.set(change.key, number);
    return number === before + 1 ? [] : [`a counter went from ${before} to ${nameOf(change)}`];
  });
}

/** What began after something else had ended comes later in the order of revisions. */
function disorder({ writes, reads }: History): readonly string[] {
  const asked = [
    ...writes.map((write) => ({ ...write, isWrite: true })),
    ...reads.map((read) => ({ ...read, isWrite: false })),
  ];
  const ended = asked.toSorted((a, b) => a.endMs - b.endMs);
  const found: string[] = [];
  let reached = 0;
  let next = 0;
  for (const { startMs, revision, isWrite, key } of asked.toSorted((a, b) => a.startMs - b.startMs)) {
    for (; (ended[next]?.endMs ?? Infinity) < startMs; next++) reached = Math.max(reached, ended[next]?.revision ?? 0);
    if (isWrite ? revision > reached : revision >= reached) continue;
    found.push(
      `${isWrite ? 'a write' : 'a read'} of ${key} answered revision ${revision} after ${reached} was answered`,
    );
  }
  return found;
}

function wrongReads({ reads }: History, changes: readonly Change[]): readonly string[] {
  const byKey = new Map<string, Change[]>();
  for (const change of changes) {
    const ofKey = byKey.get(change.key);
    if (ofKey) ofKey.push(change);
    else byKey.set(change.key, [change]);
  }
  return reads.flatMap(({ key, revision, value }) => {
    const expected = byKey.get(key)?.findLast((change) => change.revision <= revision)?.value;
    return value === expected ? [] : [`a read of ${key} at ${revision} answered ${value}, not ${expected}`];
  });
}

function wrongWatches({ watchers }: History, changes: readonly Change[]): readonly string[] {
  return [...watchers].flatMap(([name, seen]) => {
    const at = changes.findIndex((change, i) => nameOf(change) !== (seen[i] ? nameOf(seen[i]) : undefined));
    if (at < 0 && seen.length === changes.length) return [];
    const wrong = at < 0 ? changes.length : at;
    const text = (change: Change | undefined): string => (change ? nameOf(change) : 'nothing');
    return [`watcher ${name} was sent ${text(seen[wrong])} as change ${wrong}, not ${text(changes[wrong])}`];
  });
}

function earlyExpiries({ tenancies }: History): readonly string[] {
  return tenancies.flatMap(({ key, promisedUntilMs, goneMs }) => {
    if (goneMs === undefined) return [`the lease of ${key} never expired`];
    return goneMs >= promisedUntilMs ? [] : [`${key} went ${(promisedUntilMs - goneMs).toFixed(0)} ms early`];
  });
}
