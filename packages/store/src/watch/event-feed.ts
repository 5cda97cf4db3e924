/**
 * Takes watchers through a run of history: finds each change's watchers, gathers what each is to get, and sends it in
 * responses of whole revisions. Live changes and catching up are the same walk; they differ in who walks.
 */
import { RecordCursor } from '../mvcc/page.ts';
import { type EventSource, WatchEvent } from './event.ts';
import type { Watcher } from './watcher.ts';
import type { WatcherIndex } from './watcher-index.ts';

/** A response is sent once it holds this much; a revision is never split for it. */
const responseBytes = 512 * 1024;
const responseRevisions = 1000;

/** What a watcher is about to be sent. */
interface Gathered {
  events: Uint8Array[];
  bytes: number;
  firstRevision: number;
  lastRevision: number;
  revisionCount: number;
}

export interface FeedRange {
  /** Main revisions, both included. */
  readonly from: number;
  readonly to: number;
  /** What a response's header says; absent: the revision of its last event. */
  readonly headerRevision?: number;
}

/**
 * Returns the watchers that could not be sent everything because their stream is full, with the first revision that
 * they still lack. The walk leaves them out from then on.
 */
export function feedWatchers(index: WatcherIndex, source: EventSource, range: FeedRange): Map<Watcher, number> {
  const { history } = source.keyspace;
  const gathered = new Map<Watcher, Gathered>();
  const behind = new Map<Watcher, number>();

  const send = (watcher: Watcher, batch: Gathered): void => {
    if (!watcher.options.sink.hasRoom) {
      behind.set(watcher, batch.firstRevision);
      return;
    }
    const { events, lastRevision } = batch;
    watcher.options.sink.sendEvents(watcher, { events, revision: range.headerRevision ?? lastRevision });
  };
  const gather = (watcher: Watcher, event: WatchEvent): void => {
    if (event.revision < watcher.nextRevision || behind.has(watcher) || !watcher.wants(event)) return;
    let batch = gathered.get(watcher);
    if (batch && batch.lastRevision !== event.revision && isFull(batch)) {
      send(watcher, batch);
      batch = undefined;
      if (behind.has(watcher)) return;
    }
    const { revision } = event;
    batch ??= { events: [], bytes: 0, firstRevision: revision, lastRevision: 0, revisionCount: 0 };
    gathered.set(watcher, batch);
    const bytes = watcher.options.wantsPrevious ? event.withPrevious() : event.plain();
    batch.events.push(bytes);
    batch.bytes += bytes.length;
    if (batch.lastRevision !== revision) batch.revisionCount++;
    batch.lastRevision = revision;
  };

  for (let page = history.pageIndexFrom(range.from); page < history.pageCount; page++) {
    if ((history.page(page)?.name.main ?? Infinity) > range.to) break;
    const cursor = new RecordCursor(history.records(page));
    while (cursor.next()) {
      if (cursor.main < range.from || cursor.main > range.to) continue;
      const event = new WatchEvent(cursor, source);
      index.match(event.key, (watcher) => gather(watcher, event));
    }
  }
  for (const [watcher, batch] of gathered) if (!behind.has(watcher)) send(watcher, batch);
  return behind;
}

function isFull({ bytes, revisionCount }: Gathered): boolean {
  return bytes >= responseBytes || revisionCount >= responseRevisions;
}
