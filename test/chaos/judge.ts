/**
 * Holds what clients remember against what the store says in the end. The order of revisions is the store's own; the checker of
 * linearizability looks for an order that explains every answer, whatever revisions say.
 */
import {
  type EtcdInput,
  type EtcdOutput,
  type KeyRow,
  type KeyState,
  type Operation,
  checkEtcdHistory,
  emptyKeyspace,
  execute,
} from '@flotilla/simulator';
import type { LocalRead, Memory, PastRead, SeenEvent, WatchMemory } from './memory.ts';

export type Question = 'linearizable' | 'watches' | 'leases' | 'local reads' | 'past reads';
export type Verdicts = Readonly<Record<Question, readonly string[]>>;

export interface Judgement {
  /** Lines that say what is wrong, for each question. */
  readonly verdicts: Verdicts;
  /** False: the search for an order was given up, because too much was of unknown outcome. */
  readonly isDecided: boolean;
  /** Changes that some watcher was shown. */
  readonly events: number;
}

/** The search for an order is given up after so many steps; some seconds. */
const maxSteps = 5_000_000;

export function judge(memory: Memory): Judgement {
  const past = pastOf(memory);
  const linearizable = linearizability(memory, past);
  const verdicts = {
    linearizable: linearizable ?? [],
    watches: [...past.contradictions, ...memory.watches.flatMap((watch) => wrongWatch(watch, past))],
    leases: memory.tenancies.flatMap(wrongTenancy),
    'local reads': wrongLocalReads(memory.localReads, past),
    'past reads': memory.pastReads.flatMap((read) => wrongPastRead(read, past)),
  };
  return { verdicts, isDecided: linearizable !== undefined, events: past.events.length };
}

/** The store's own account of what happened. */
interface Past {
  readonly events: readonly SeenEvent[];
  /** Keys as they were at a revision. */
  readonly states: readonly ReadonlyMap<string, KeyState>[];
  readonly contradictions: readonly string[];
}

/** What a watcher was shown, and whether the version before may have been compacted by then. */
interface Shown {
  readonly event: SeenEvent;
  readonly isPreviousGone: boolean;
}

/**
 * No watcher has seen everything when some of it was compacted before it got there, but each revision was shown to one before
 * anybody asked for that. Whoever saw most of a revision is believed; the others are compared with it.
 */
function shownByRevision({ watches }: Memory): readonly Shown[] {
  const revisions = new Map<number, readonly Shown[]>();
  for (const { answers } of watches) {
    for (const answer of answers) {
      if (answer.kind === 'gap') continue;
      for (const [revision, shown] of groupByRevision(answer.events, answer.compacted)) {
        const known = revisions.get(revision);
        if (!known || weightOf(shown) > weightOf(known)) revisions.set(revision, shown);
      }
    }
  }
  return [...revisions].sort(([a], [b]) => a - b).flatMap(([, shown]) => shown);
}

function groupByRevision(events: readonly SeenEvent[], compacted: number): Map<number, Shown[]> {
  const groups = new Map<number, Shown[]>();
  for (const event of events) {
    const revision = event.row.modRevision;
    const group = groups.get(revision) ?? [];
    group.push({ event, isPreviousGone: revision <= compacted });
    groups.set(revision, group);
  }
  return groups;
}

/** More events are more, and then those that say what was before. */
function weightOf(shown: readonly Shown[]): number {
  return shown.length * 1000 + shown.filter(({ event }) => event.previous).length;
}

function pastOf(memory: Memory): Past {
  const shown = shownByRevision(memory);
  const events = shown.map(({ event }) => event);
  const contradictions: string[] = [];
  const states: ReadonlyMap<string, KeyState>[] = [new Map(), new Map()];
  const keys = new Map<string, KeyState>();
  for (const { event, isPreviousGone } of shown) {
    const { key, row, deleted, previous } = event;
    const before = keys.get(key);
    const isPreviousRight =
      textOf(previous) === textOf(before && { key, ...before }) || (isPreviousGone && previous === undefined);
    const expected = deleted
      ? isPreviousRight && before !== undefined
      : isPreviousRight &&
        row.version === (before?.version ?? 0) + 1 &&
        row.createRevision === (before?.createRevision ?? row.modRevision);
    if (!expected) contradictions.push(`${eventText(event)} does not follow ${textOf(before && { key, ...before })}`);
    if (deleted) keys.delete(key);
    else keys.set(key, row);
    // Revisions that change nothing do not exist; a later event of the same one replaces what stands there.
    while (states.length < row.modRevision) states.push(states.at(-1) ?? new Map());
    states[row.modRevision] = new Map(keys);
  }
  return { events, states, contradictions };
}

/** Undefined when it was given up. */
function linearizability({ operations, leases }: Memory, { events }: Past): readonly string[] | undefined {
  const written = new Map(events.filter(({ deleted }) => !deleted).map(({ row }) => [row.value, row.modRevision]));
  const history = [...operations, ...leaseEnds(leases, events)];
  const verdict = checkEtcdHistory(history, { written, leases: leases.keys() }, { maxSteps });
  if (verdict.kind === 'linearizable') return [];
  if (verdict.kind === 'undecided') return undefined;
  return [
    'no order explains all answers; none of these can come next:',
    ...verdict.stuck.map((one) => JSON.stringify(one)),
  ];
}

/** Leases end without a call, and take their keys along. */
function leaseEnds(
  leases: ReadonlyMap<string, number>,
  events: readonly SeenEvent[],
): readonly Operation<EtcdInput, EtcdOutput>[] {
  return events.flatMap(({ key, row, deleted }) => {
    const lease = key.startsWith('lease/') ? key.slice('lease/'.length) : undefined;
    if (lease === undefined || !deleted) return [];
    const output = { revision: row.modRevision, succeeded: true, answers: [] };
    const result = { at: Number.MAX_SAFE_INTEGER, output };
    return [{ client: 0, input: { kind: 'revoke', lease } as const, calledAt: leases.get(lease) ?? 0, result }];
  });
}

/**
 * Ordered, unique, complete but for what was compacted, a revision whole, the value before it, no bookmark ahead of what is
 * still to come.
 */
function wrongWatch(watch: WatchMemory, { events }: Past): readonly string[] {
  const { name, first, answers, cancellations, isVisitor } = watch;
  if (cancellations.length > 0) return cancellations.map((text) => `${name} was cancelled ${text}`);
  const indexFrom = (revision: number): number => {
    const index = events.findIndex(({ row }) => row.modRevision >= revision);
    return index < 0 ? events.length : index;
  };
  let at = indexFrom(first);
  for (const answer of answers) {
    if (answer.kind === 'gap') {
      const { from, to, compacted } = answer;
      if (to <= from || to > compacted)
        return [`${name} at ${from} was told that ${to} is compacted, asked ${compacted}`];
      at = Math.max(at, indexFrom(to));
      continue;
    }
    for (const seen of answer.events) {
      const expected = events[at++];
      const isPreviousGone = seen.previous === undefined && seen.row.modRevision <= answer.compacted;
      const wanted = expected && isPreviousGone ? { ...expected, previous: undefined } : expected;
      if (eventText(seen) !== eventText(wanted))
        return [`${name} was sent ${eventText(seen)}, not ${eventText(wanted)}`];
      if (seen.row.modRevision > answer.revision)
        return [`${name}: ${eventText(seen)} in an answer of ${answer.revision}`];
    }
    const next = events[at]?.row.modRevision ?? Infinity;
    const last = answer.events.at(-1)?.row.modRevision;
    if (last === next) return [`${name} was sent a part of revision ${next}`];
    if (last === undefined && next <= answer.revision) return [`${name} was sent a bookmark ahead of revision ${next}`];
  }
  return at === events.length || isVisitor ? [] : [`${name} was never sent ${eventText(events[at])}`];
}

function wrongTenancy({ key, promisedUntilMs, goneMs }: Memory['tenancies'][number]): readonly string[] {
  if (goneMs === undefined) return [`the lease of ${key} never ended`];
  return goneMs >= promisedUntilMs ? [] : [`${key} went ${(promisedUntilMs - goneMs).toFixed(0)} ms early`];
}

/** They show a state that there was, and never go back within one run of a member for one client. */
function wrongLocalReads(reads: readonly LocalRead[], { states }: Past): readonly string[] {
  const reached = new Map<string, number>();
  return reads.flatMap(({ client, member, run, revision, key, end, rows }) => {
    const place = `client ${client} at m${member + 1} in run ${run}`;
    const before = reached.get(place) ?? 0;
    reached.set(place, revision);
    if (revision < before) return [`${place}: a local read goes back from ${before} to ${revision}`];
    const [is, was] = [rows.map(textOf).join(), rowsAt({ states }, revision, { key, end })];
    return is === was ? [] : [`${place}: a local read at revision ${revision} showed ${is}, not ${was}`];
  });
}

/** What was there then, or that it is compacted, if somebody asked for that. */
function wrongPastRead(read: PastRead, past: Past): readonly string[] {
  const { client, revision, key, end, rows, compacted } = read;
  if (rows === 'compacted') {
    return revision < compacted
      ? []
      : [`client ${client}: revision ${revision} is said to be compacted, asked was ${compacted}`];
  }
  const [is, was] = [rows.map(textOf).join(), rowsAt(past, revision, { key, end })];
  return is === was ? [] : [`client ${client}: a read of revision ${revision} showed ${is}, not ${was}`];
}

function rowsAt(
  { states }: Pick<Past, 'states'>,
  revision: number,
  interval: { readonly key: string; readonly end: string | undefined },
): string {
  const keys = states[Math.min(revision, states.length - 1)] ?? new Map<string, KeyState>();
  const { answers } = execute({ ...emptyKeyspace, keys }, { kind: 'range', ...interval }).output;
  return answers[0]?.kind === 'range' ? answers[0].rows.map(textOf).join() : '';
}

function eventText(event: SeenEvent | undefined): string {
  if (!event) return 'nothing';
  const { key, row, deleted, previous } = event;
  return `${deleted ? `the end of ${key}@${row.modRevision}` : textOf(row)} (before: ${textOf(previous)})`;
}

function textOf(row: KeyRow | undefined): string {
  if (!row) return 'nothing';
  const { key, value, createRevision, modRevision, version, lease } = row;
  return `${key}=${value}@${createRevision}.${modRevision}.${version}/${lease}`;
}
