/** Watchers of everything that go on where they were when a stream breaks, at another member if theirs is gone. */
import { rowOf } from '@flotilla/simulator';
import { clampInteger, type etcdserverpb } from '@flotilla/wire';
import { attempt } from './attempts.ts';
import type { Callers } from './callers.ts';
import type { Memory, SeenEvent, WatchMemory } from './memory.ts';

export interface WatcherOptions {
  readonly name: string;
  /** The member that it asks as long as that is one. */
  readonly member: number;
  /** The revision that it begins with. */
  readonly first: number;
  readonly memory: Memory;
  readonly end: AbortSignal;
  /** It may end while there is more to come. */
  readonly isVisitor?: boolean;
}

/** Resolves when `end` is aborted. */
export async function followEverything(
  callers: Callers,
  { name, member, first, memory, end, isVisitor = false }: WatcherOptions,
): Promise<void> {
  const watch: WatchMemory = { name, first, answers: [], next: first, cancellations: [], isVisitor };
  memory.watches.push(watch);
  while (!end.aborted) {
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    end.addEventListener('abort', stop, { once: true });
    await attempt(async () => {
      const { client } = callers.preferably(member);
      for await (const answer of client.watch.Watch(everythingFrom(watch.next, abort.signal), {
        signal: abort.signal,
      })) {
        if (answer.canceled) {
          cancelled(answer, { watch, memory });
          break;
        }
        if (!answer.created) take(answer, { watch, memory });
      }
    });
    end.removeEventListener('abort', stop);
    abort.abort();
  }
}

interface Notebook {
  readonly watch: WatchMemory;
  readonly memory: Memory;
}

function cancelled(answer: etcdserverpb.WatchResponse, { watch, memory: { compacted } }: Notebook): void {
  const to = clampInteger(answer.compact_revision);
  if (to === 0) {
    watch.cancellations.push(`at ${watch.next}: ${answer.cancel_reason}`);
    return;
  }
  watch.answers.push({ kind: 'gap', from: watch.next, to, compacted });
  watch.next = to;
}

function take(answer: etcdserverpb.WatchResponse, { watch, memory }: Notebook): void {
  const events = answer.events.map(eventOf);
  const revision = clampInteger(answer.header?.revision);
  watch.answers.push({ kind: 'shown', revision, events, compacted: memory.compacted });
  // A watcher that catches up is told the store's revision, and events of earlier ones.
  watch.next = Math.max(watch.next, 1 + (events.at(-1)?.row.modRevision ?? revision));
  const nowMs = performance.now();
  for (const { key, deleted } of events) {
    const tenancy = deleted ? memory.tenancies.findLast((other) => other.key === key) : undefined;
    if (tenancy) tenancy.goneMs = Math.min(tenancy.goneMs ?? Infinity, nowMs);
  }
}

function eventOf({ type, kv, prev_kv }: etcdserverpb.WatchResponse['events'][number]): SeenEvent {
  const row = rowOf(kv ?? {});
  return { key: row.key, row, deleted: Number(type) === 1, previous: prev_kv ? rowOf(prev_kv) : undefined };
}

async function* everythingFrom(
  start_revision: number,
  end: AbortSignal,
): AsyncGenerator<etcdserverpb.WatchRequest.$Properties, void> {
  const all = { key: Buffer.of(0), range_end: Buffer.of(0) };
  yield { create_request: { ...all, start_revision, prev_kv: true, progress_notify: true } };
  await new Promise<void>((resolve) => end.addEventListener('abort', () => resolve(), { once: true }));
}
