/**
 * One Watch call: its watchers, and the responses that wait for the client.
 *
 * The queue is bounded in bytes: a stream without room is sent no more events, its watchers fall behind and catch up
 * from history once the client has read. Answers to the client's own requests are queued regardless; a client that
 * asks without reading is cut off.
 */
import { type Clock, type Randomness, type Timer, assert } from '@flotilla/base';
import { Encoded, clampInteger, etcdserverpb, fromUnsignedId } from '@flotilla/wire';
import { textOf, toRpcError } from '../errors.ts';
import { compareBytes } from '../bytes.ts';
import { type Interval, intervalOf } from '../interval.ts';
import { fragmentsOf } from './fragments.ts';
import { Watcher, type WatcherSink } from './watcher.ts';

type WatchResponse = etcdserverpb.WatchResponse.$Properties;
type CreateRequest = etcdserverpb.WatchCreateRequest.$Properties;

/** The live part of a response header; the revision is the hub's. */
export interface WatchHeader {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly raftTerm: number;
}

export interface WatchStreamOptions {
  /** Asked anew for each response. */
  header(): WatchHeader;
  /** A response at least this large is split for watchers that asked for fragments (max-request-bytes + 512 KiB). */
  readonly maxFragmentBytes: number;
}

/** One Watch call. `responses` is iterated once. */
export interface WatchStream {
  receive(request: etcdserverpb.WatchRequest.$Properties): void;
  readonly responses: AsyncIterable<WatchResponse | Encoded>;
  close(): void;
}

/** What a stream needs of its hub. */
export interface StreamHub {
  readonly revision: number;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly progressIntervalMs: number;
  readonly maxQueuedBytes: number | undefined;
  add(watcher: Watcher): void;
  remove(watcher: Watcher): void;
  /** The client has read, and watchers of the stream may go on. */
  roomMade(): void;
  closed(stream: QueuedStream): void;
}

/** Events wait up to this much, and a little for each watcher, so that one change for very many still fits. */
const queueBytesMax = 8 * 1024 * 1024;
const queueBytesPerWatcher = 4096;
/** What a queued response costs beside its bytes. */
const responseOverheadBytes = 128;
const queuedAnswersMax = 10_000;
const noWatchId = -1;
const progressJitter = 0.1;

interface Queued {
  readonly response: WatchResponse | Encoded;
  readonly bytes: number;
}

export class QueuedStream implements WatchStream, WatcherSink {
  readonly watchers = new Map<number, Watcher>();
  readonly #hub: StreamHub;
  readonly #options: WatchStreamOptions;
  readonly #queue: Queued[] = [];
  #queuedBytes = 0;
  #queuedAnswers = 0;
  #nextId = 0;
  #waiting: { resolve(result: IteratorResult<WatchResponse | Encoded>): void; reject(error: Error): void } | undefined;
  #isClosed = false;
  #failure: Error | undefined;
  #progressTimer: Timer | undefined;

  constructor(hub: StreamHub, options: WatchStreamOptions) {
    this.#hub = hub;
    this.#options = options;
  }

  get hasRoom(): boolean {
    const { maxQueuedBytes = queueBytesMax + this.watchers.size * queueBytesPerWatcher } = this.#hub;
    return this.#queuedBytes < maxQueuedBytes;
  }

  get responses(): AsyncIterable<WatchResponse | Encoded> {
    return { [Symbol.asyncIterator]: () => this.#iterator() };
  }

  receive(request: etcdserverpb.WatchRequest.$Properties): void {
    if (this.#isClosed) return;
    if (request.create_request) this.#create(request.create_request);
    else if (request.cancel_request) this.#cancel(clampInteger(request.cancel_request.watch_id));
    else if (request.progress_request) this.#progressOfAll();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#progressTimer?.cancel();
    for (const watcher of this.watchers.values()) this.#hub.remove(watcher);
    this.watchers.clear();
    this.#hub.closed(this);
    this.#settle();
  }

  sendEvents(watcher: Watcher, { events, revision }: { events: readonly Uint8Array[]; revision: number }): void {
    const { id, wantsFragments } = watcher.options;
    watcher.isQuiet = false;
    const parts = wantsFragments ? fragmentsOf(events, this.#options.maxFragmentBytes) : [events];
    parts.forEach((part, i) => {
      const more = i < parts.length - 1 ? { fragment: true } : {};
      const head = etcdserverpb.WatchResponse.encode({
        header: this.#header(revision),
        watch_id: id,
        ...more,
      }).finish();
      // `events` is the last field, so a whole response is its head and its events.
      const bytes = Buffer.concat([head, ...part]);
      this.#queuedBytes += bytes.length + responseOverheadBytes;
      this.#push({ response: new Encoded(bytes), bytes: bytes.length + responseOverheadBytes });
    });
  }

  sendCompacted(watcher: Watcher, compactRevision: number): void {
    const watch_id = watcher.options.id;
    this.watchers.delete(watch_id);
    this.#answer({ header: this.#header(0), watch_id, canceled: true, compact_revision: compactRevision });
  }

  #create(request: CreateRequest): void {
    const interval = watchInterval(request);
    const startRevision = clampInteger(request.start_revision);
    const askedId = clampInteger(request.watch_id);
    if (startRevision < 0) return this.#refuse(textOf('compacted'));
    if (interval.end && compareBytes(interval.start, interval.end) >= 0) {
      return this.#refuse('mvcc: watcher range is empty');
    }
    if (askedId !== 0 && this.watchers.has(askedId)) {
      return this.#refuse('mvcc: duplicate watch ID provided on the WatchStream');
    }
    const { NOPUT, NODELETE } = etcdserverpb.WatchCreateRequest.FilterType;
    const filters = request.filters ?? [];
    const watcher = new Watcher({
      id: askedId === 0 ? this.#freeId() : askedId,
      sink: this,
      interval,
      startRevision: startRevision === 0 ? this.#hub.revision + 1 : startRevision,
      progressRevision: startRevision,
      wantsPuts: !filters.includes(NOPUT),
      wantsDeletes: !filters.includes(NODELETE),
      wantsPrevious: request.prev_kv === true,
      wantsFragments: request.fragment === true,
      wantsProgress: request.progress_notify === true,
    });
    const { id, wantsProgress } = watcher.options;
    this.watchers.set(id, watcher);
    // Before the hub can send an event of this id.
    this.#answer({ header: this.#header(this.#hub.revision), watch_id: id, created: true });
    this.#hub.add(watcher);
    if (wantsProgress) this.#startProgress();
  }

  #refuse(reason: string): void {
    const header = this.#header(this.#hub.revision);
    this.#answer({ header, watch_id: noWatchId, created: true, canceled: true, cancel_reason: reason });
  }

  #freeId(): number {
    while (this.watchers.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  #cancel(id: number): void {
    const watcher = this.watchers.get(id);
    if (!watcher) return;
    this.watchers.delete(id);
    this.#hub.remove(watcher);
    this.#answer({ header: this.#header(this.#hub.revision), watch_id: id, canceled: true });
  }

  /** Answered only if nothing up to the revision can follow on this stream; otherwise dropped. */
  #progressOfAll(): void {
    const { revision } = this.#hub;
    const watchers = [...this.watchers.values()];
    if (watchers.length === 0 || !watchers.every((watcher) => isAt(watcher, revision))) return;
    this.#answer({ header: this.#header(revision), watch_id: noWatchId });
  }

  #startProgress(): void {
    const { clock, randomness, progressIntervalMs } = this.#hub;
    const periodMs = progressIntervalMs * (1 + progressJitter * randomness.next());
    this.#progressTimer ??= clock.every(periodMs, () => this.#progressOfQuiet(), { unref: true });
  }

  #progressOfQuiet(): void {
    const { revision } = this.#hub;
    for (const watcher of this.watchers.values()) {
      const { id, wantsProgress } = watcher.options;
      if (!wantsProgress) continue;
      if (watcher.isQuiet && isAt(watcher, revision) && this.hasRoom) {
        this.#answer({ header: this.#header(revision), watch_id: id });
      }
      watcher.isQuiet = true;
    }
  }

  #header(revision: number): etcdserverpb.ResponseHeader.$Properties {
    const { clusterId, memberId, raftTerm } = this.#options.header();
    return {
      cluster_id: fromUnsignedId(clusterId),
      member_id: fromUnsignedId(memberId),
      revision,
      raft_term: raftTerm,
    };
  }

  #answer(response: WatchResponse): void {
    if (this.#queuedAnswers >= queuedAnswersMax) {
      this.#failure = toRpcError('tooManyRequests');
      return this.close();
    }
    this.#queuedAnswers++;
    this.#push({ response, bytes: 0 });
  }

  #push(queued: Queued): void {
    if (this.#isClosed) return;
    this.#queue.push(queued);
    this.#settle();
  }

  /** Hands the next response, or the end, to whoever waits. */
  #settle(): void {
    if (!this.#waiting) return;
    const { resolve, reject } = this.#waiting;
    const next = this.#take();
    if (next) resolve({ value: next, done: false });
    else if (!this.#isClosed) return;
    else if (this.#failure) reject(this.#failure);
    else resolve({ value: undefined, done: true });
    this.#waiting = undefined;
  }

  #take(): WatchResponse | Encoded | undefined {
    const queued = this.#isClosed ? undefined : this.#queue.shift();
    if (!queued) return undefined;
    const hadRoom = this.hasRoom;
    this.#queuedBytes -= queued.bytes;
    if (queued.bytes === 0) this.#queuedAnswers--;
    if (!hadRoom || this.#queue.length === 0) this.#hub.roomMade();
    return queued.response;
  }

  #iterator(): AsyncIterator<WatchResponse | Encoded> {
    return {
      next: () =>
        new Promise((resolve, reject) => {
          assert(!this.#waiting, 'a watch stream is read twice at once');
          this.#waiting = { resolve, reject };
          this.#settle();
        }),
      return: () => {
        this.close();
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }
}

/** Everything up to the revision was sent, and the watcher's start is not still to come. */
function isAt(watcher: Watcher, revision: number): boolean {
  return watcher.isSynced && watcher.options.progressRevision <= revision;
}

/** As a range, but an empty key is the smallest one. */
function watchInterval({ key, range_end }: CreateRequest): Interval {
  return intervalOf(key?.length ? key : Buffer.from([0]), range_end);
}
