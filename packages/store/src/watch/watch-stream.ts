/**
 * One Watch call: its watchers, and the responses that wait for the client.
 *
 * Responses go straight to the call's sink until it takes no more; then they wait in a queue that is bounded in bytes: a
 * stream without room is sent no more events, its watchers fall behind and catch up from history once the client has
 * read. Answers to the client's own requests are queued regardless; a client that asks without reading is cut off.
 */
import { type Clock, type Randomness, type Timer, assert } from '@flotilla/base';
import { type Encoded, type ResponseSink, clampInteger, etcdserverpb } from '@flotilla/wire';
import { textOf, toRpcError } from '../errors.ts';
import { compareBytes, noBytes } from '../bytes.ts';
import { type Interval, intervalOf } from '../interval.ts';
import { EventBatch, type WatchHeader, headerMessage } from './event-batch.ts';
import { fragmentsOf } from './fragments.ts';
import { Watcher, type WatcherSink } from './watcher.ts';

type WatchResponse = etcdserverpb.WatchResponse.$Properties;
type CreateRequest = etcdserverpb.WatchCreateRequest.$Properties;

export interface WatchStreamOptions {
  /** Asked anew for each response. */
  header(): WatchHeader;
  /** A response at least this large is split for watchers that asked for fragments (max-request-bytes + 512 KiB). */
  readonly maxFragmentBytes: number;
  /** Ended when the stream is closed. */
  readonly sink: ResponseSink<WatchResponse>;
  /** Called once, when the stream is closed by whomever. */
  onClose?(): void;
}

/** One Watch call. */
export interface WatchStream {
  /** @param refusal why a watcher is not created, if it is not */
  receive(request: etcdserverpb.WatchRequest.$Properties, refusal?: string): void;
  /** Ends the call, with the status of the error if there is one; what waited is not sent any more. */
  close(error?: Error): void;
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
  /** A stream has taken events, once for each watcher. */
  eventsTaken(count: number): void;
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
  /** How many it brings; 0 for an answer. */
  readonly events: number;
}

export class QueuedStream implements WatchStream, WatcherSink {
  readonly watchers = new Map<number, Watcher>();
  readonly #hub: StreamHub;
  readonly #options: WatchStreamOptions;
  /** What the sink did not take, from `#next` on. */
  #queue: Queued[] = [];
  #next = 0;
  #isBlocked = false;
  #queuedBytes = 0;
  #queuedEvents = 0;
  #queuedAnswers = 0;
  #nextId = 0;
  #isClosed = false;
  #progressTimer: Timer | undefined;

  constructor(hub: StreamHub, options: WatchStreamOptions) {
    this.#hub = hub;
    this.#options = options;
  }

  get hasRoom(): boolean {
    if (!this.#isBlocked) return true;
    const { maxQueuedBytes = queueBytesMax + this.watchers.size * queueBytesPerWatcher } = this.#hub;
    return this.#queuedBytes < maxQueuedBytes;
  }

  /** Events that wait for the client. */
  get pendingEvents(): number {
    return this.#queuedEvents;
  }

  receive(request: etcdserverpb.WatchRequest.$Properties, refusal?: string): void {
    if (this.#isClosed) return;
    if (request.create_request) this.#create(request.create_request, refusal);
    else if (request.cancel_request) this.#cancel(clampInteger(request.cancel_request.watch_id));
    else if (request.progress_request) this.#progressOfAll();
  }

  close(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#progressTimer?.cancel();
    for (const watcher of this.watchers.values()) this.#hub.remove(watcher);
    this.watchers.clear();
    this.#queue = [];
    this.#queuedEvents = 0;
    this.#hub.closed(this);
    this.#options.sink.end(error);
    this.#options.onClose?.();
  }

  sendEvents(watchers: readonly Watcher[], batch: EventBatch): void {
    for (const watcher of watchers) watcher.isQuiet = false;
    this.#hub.eventsTaken(watchers.length * batch.events.length);
    if (this.#sentAsRun(watchers, batch)) return;
    for (const watcher of watchers) {
      if (watcher.options.wantsFragments) this.#sendFragments(watcher, batch);
      else this.#sendEncoded(batch.response(this.#options.header(), watcher.options.idField), batch.events.length);
    }
  }

  /** Sends the responses of several watchers at once, if nothing speaks against it. */
  #sentAsRun(watchers: readonly Watcher[], batch: EventBatch): boolean {
    const { sink, header } = this.#options;
    if (watchers.length === 1 || !sink.writeRun || this.#isBlocked || this.#isClosed) return false;
    if (watchers.some(({ options }) => options.wantsFragments)) return false;
    const idFields = watchers.map(({ options }) => options.idField);
    if (!sink.writeRun(batch.responses(header(), idFields))) this.#block();
    return true;
  }

  #sendFragments({ options: { id, idField } }: Watcher, batch: EventBatch): void {
    const parts = fragmentsOf(batch.events, this.#options.maxFragmentBytes);
    for (const [i, part] of parts.entries()) {
      const isLast = i === parts.length - 1;
      const fields = isLast ? idField : encodeFields({ watch_id: id, fragment: true });
      this.#sendEncoded(
        new EventBatch(part, batch.headerRevision).response(this.#options.header(), fields),
        part.length,
      );
    }
  }

  #sendEncoded(response: Encoded, events: number): void {
    this.#push({ response, bytes: response.bytes.length + responseOverheadBytes, events });
  }

  sendCompacted(watcher: Watcher, compactRevision: number): void {
    const watch_id = watcher.options.id;
    this.watchers.delete(watch_id);
    this.#answer({ header: this.#header(0), watch_id, canceled: true, compact_revision: compactRevision });
  }

  #create(request: CreateRequest, refusal: string | undefined): void {
    const interval = watchInterval(request);
    const startRevision = clampInteger(request.start_revision);
    const askedId = clampInteger(request.watch_id);
    if (startRevision < 0) return this.#refuse(textOf('compacted'));
    if (refusal !== undefined) return this.#refuse(refusal);
    if (interval.end && compareBytes(interval.start, interval.end) >= 0) {
      return this.#refuse('mvcc: watcher range is empty');
    }
    if (askedId !== 0 && this.watchers.has(askedId)) {
      return this.#refuse('mvcc: duplicate watch ID provided on the WatchStream');
    }
    const { NOPUT, NODELETE } = etcdserverpb.WatchCreateRequest.FilterType;
    const filters = request.filters ?? [];
    const id = askedId === 0 ? this.#freeId() : askedId;
    const watcher = new Watcher({
      id,
      idField: id === 0 ? noBytes : encodeFields({ watch_id: id }),
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
    const { wantsProgress } = watcher.options;
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
    return headerMessage(this.#options.header(), revision);
  }

  #answer(response: WatchResponse): void {
    if (this.#queuedAnswers >= queuedAnswersMax) return this.close(toRpcError('tooManyRequests'));
    this.#push({ response, bytes: 0, events: 0 });
  }

  #push(queued: Queued): void {
    if (this.#isClosed) return;
    if (!this.#isBlocked) return this.#write(queued.response);
    this.#queue.push(queued);
    this.#queuedBytes += queued.bytes;
    this.#queuedEvents += queued.events;
    if (queued.bytes === 0) this.#queuedAnswers++;
  }

  #write(response: WatchResponse | Encoded): void {
    if (!this.#options.sink.write(response)) this.#block();
  }

  #block(): void {
    this.#isBlocked = true;
    void this.#options.sink.drained().then(() => this.#drained());
  }

  /** Writes what waits as far as the sink takes it; watchers that fell behind may go on. */
  #drained(): void {
    this.#isBlocked = false;
    while (!this.#isBlocked && !this.#isClosed && this.#next < this.#queue.length) {
      const queued = this.#queue[this.#next++];
      assert(queued !== undefined, 'a queue without holes');
      this.#queuedBytes -= queued.bytes;
      this.#queuedEvents -= queued.events;
      if (queued.bytes === 0) this.#queuedAnswers--;
      this.#write(queued.response);
    }
    if (this.#next === this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
    }
    if (this.hasRoom) this.#hub.roomMade();
  }
}

function encodeFields(fields: WatchResponse): Uint8Array {
  return etcdserverpb.WatchResponse.encode(fields).finish();
}

/** Everything up to the revision was sent, and the watcher's start is not still to come. */
function isAt(watcher: Watcher, revision: number): boolean {
  return watcher.isSynced && watcher.options.progressRevision <= revision;
}

/** As a range, but an empty key is the smallest one. */
function watchInterval({ key, range_end }: CreateRequest): Interval {
  return intervalOf(key?.length ? key : Buffer.from([0]), range_end);
}
