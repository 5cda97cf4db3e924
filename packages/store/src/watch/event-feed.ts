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
/** What one stream is sent at once, about, of events that many of its watchers get. */
const runBytes = 64 * 1024;

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

  #send({ members }: WatcherClass, { events, bytes, lastRevision }: Gathered): void {
    const whole = new EventBatch(events, this.#headerRevision ?? lastRevision);
    const runWatchers = Math.floor(runBytes / bytes);
    let run: Watcher[] = [];
    for (const watcher of members) {
      if (this.#behind.has(watcher)) continue;
      const batch = whole.from(watcher.nextRevision);
      if (!batch) continue;
      if (batch !== whole) {
        this.#offer([watcher], batch);
        continue;
      }
      if (run.length >= runWatchers || run[0]?.options.sink !== watcher.options.sink) {
        this.#offer(run, whole);
        run = [];
      }
      run.push(watcher);
    }
    this.#offer(run, whole);
  }

  /** @param watchers of one stream */
  #offer(watchers: readonly Watcher[], batch: EventBatch): void {
    const [first] = watchers;
    if (!first) return;
    const { sink } = first.options;
    if (sink.hasRoom) sink.sendEvents(watchers, batch);
    else for (const watcher of watchers) this.#behind.set(watcher, batch.firstRevision);
  }
}

function isFull({ bytes, revisionCount }: Gathered): boolean {
  return bytes >= responseBytes || revisionCount >= responseRevisions;
}
