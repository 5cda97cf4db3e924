/**
 * Takes watchers through a run of history: finds each change's watchers, gathers what each class of them is to get, and
 * sends it in responses of whole revisions. Live changes and catching up are the same walk; they differ in who walks.
 */
import { RecordCursor } from '../mvcc/page.ts';
import { type EventSource, WatchEvent } from './event.ts';
import { EventBatch, type FramedEvent } from './event-batch.ts';
import type { Watcher } from './watcher.ts';
import type { WatcherClass, WatcherIndex } from './watcher-index.ts';

/** A response is sent once it holds this much; a revision is never split for it. */
const responseBytes = 512 * 1024;
const responseRevisions = 1000;

/** What a class of watchers is about to be sent. */
interface Gathered {
  readonly events: FramedEvent[];
  bytes: number;
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
  const feed = new Feed(range.headerRevision);
  for (let page = history.pageIndexFrom(range.from); page < history.pageCount; page++) {
    if ((history.page(page)?.name.main ?? Infinity) > range.to) break;
    const cursor = new RecordCursor(history.records(page));
    while (cursor.next()) {
      if (cursor.main < range.from || cursor.main > range.to) continue;
      const event = new WatchEvent(cursor, source);
      index.match(event.key, (watchers) => feed.gather(watchers, event));
    }
  }
  return feed.end();
}

class Feed {
  readonly #headerRevision: number | undefined;
  readonly #gathered = new Map<WatcherClass, Gathered>();
  readonly #behind = new Map<Watcher, number>();

  constructor(headerRevision: number | undefined) {
    this.#headerRevision = headerRevision;
  }

  gather(watchers: WatcherClass, event: WatchEvent): void {
    if (!(event.isTombstone ? watchers.wantsDeletes : watchers.wantsPuts)) return;
    const { revision } = event;
    let batch = this.#gathered.get(watchers);
    if (batch && batch.lastRevision !== revision && isFull(batch)) {
      this.#send(watchers, batch);
      batch = undefined;
    }
    if (!batch) {
      batch = { events: [], bytes: 0, lastRevision: 0, revisionCount: 0 };
      this.#gathered.set(watchers, batch);
    }
    const bytes = watchers.wantsPrevious ? event.withPrevious() : event.plain();
    batch.events.push({ revision, bytes });
    batch.bytes += bytes.length;
    if (batch.lastRevision !== revision) batch.revisionCount++;
    batch.lastRevision = revision;
  }

  /** Sends what is left; returns who was left behind. */
  end(): Map<Watcher, number> {
    for (const [watchers, batch] of this.#gathered) this.#send(watchers, batch);
    return this.#behind;
  }

  #send({ members }: WatcherClass, { events, lastRevision }: Gathered): void {
    const whole = new EventBatch(events, this.#headerRevision ?? lastRevision);
    for (const watcher of members) {
      if (this.#behind.has(watcher)) continue;
      const batch = whole.from(watcher.nextRevision);
      if (!batch) continue;
      const { sink } = watcher.options;
      if (sink.hasRoom) sink.sendEvents(watcher, batch);
      else this.#behind.set(watcher, batch.firstRevision);
    }
  }
}

function isFull({ bytes, revisionCount }: Gathered): boolean {
  return bytes >= responseBytes || revisionCount >= responseRevisions;
}
