/**
 * A watch over one stream of its own. The position is the next revision to see; it moves only past what was handed
 * to the consumer, so a lost stream is opened again there without a gap or a repetition:
 *
 *   created@7 (asked from "now")  → next 8
 *   events 8, 9                   → next 10
 *   progress@12                   → next 13
 *   fragment of 13, stream lost   → next 13: the whole of 13 comes again, and was not handed out before
 *
 * The stream is read only as fast as the consumer iterates: memory is bounded by HTTP/2's window.
 */
import {
  type AsyncQueue,
  type Clock,
  type Logger,
  OperatingError,
  type Randomness,
  createAsyncQueue,
  createBackoff,
  sleep,
} from '@flotilla/base';
import { RpcError, StatusCode, etcdserverpb, type mvccpb, toSafeInteger } from '@flotilla/wire';
import { isPassing } from './caller.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';
import { CompactedError, operatingErrorOf } from './errors.ts';
import { keyValueOf, optionalKeyValueOf } from './header.ts';
import { integer, rangeToWire } from './kv-requests.ts';
import type { Watch, WatchBatch, WatchEvent, WatchOptions } from './watch-shapes.ts';

interface WatchParts {
  readonly endpoints: Endpoints;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly logger: Logger;
}

type Requests = AsyncQueue<etcdserverpb.WatchRequest.$Properties>;

/** Requests that may wait on a stream: the creation, and progress requests that nobody answers yet. */
const requestCapacity = 16;

const wireFilters = etcdserverpb.WatchCreateRequest.FilterType;

export function openWatch(options: WatchOptions, parts: WatchParts): Watch {
  const { endpoints, clock, randomness, logger } = parts;
  const signal = options.signal ? AbortSignal.any([options.signal, endpoints.closed]) : endpoints.closed;
  const position = { next: integer(options.startRevision ?? 0), created: false };
  let requests: Requests | undefined;

  async function* run(): AsyncGenerator<WatchBatch, void> {
    const backoff = createBackoff({ initialMs: 20, maxMs: 1000 }, randomness);
    while (!signal.aborted) {
      const endpoint = endpoints.current();
      requests = createAsyncQueue(requestCapacity);
      requests.push({ create_request: createRequest(options, position.next) });
      try {
        for await (const batch of readStream(endpoint, requests, position, signal)) {
          backoff.reset();
          yield batch;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!isWorthResuming(error)) throw operatingErrorOf(error);
        endpoints.failed(endpoint, error.message);
        logger.warn('watch stream lost', { endpoint: endpoint.name, reason: error.message, next: position.next });
      } finally {
        requests.end();
      }
      await sleep(clock, backoff.nextMs(), signal);
    }
  }

  return {
    [Symbol.asyncIterator]: run,
    requestProgress() {
      requests?.push({ progress_request: {} });
    },
  };
}

interface Position {
  /** The next revision to see; 0 until the server said where "now" is. */
  next: number;
  /** Whether the consumer was told that the watch stands. */
  created: boolean;
}

/** The batches of one stream. Moves `position` before each batch it hands out. */
async function* readStream(
  endpoint: Endpoint,
  requests: Requests,
  position: Position,
  signal: AbortSignal,
): AsyncGenerator<WatchBatch, void> {
  const stream = endpoint.watch.Watch(requests, { signal, metadata: { hasleader: 'true' } });
  let fragments: WatchEvent[] = [];
  for await (const response of stream) {
    const revision = toSafeInteger(response.header?.revision);
    if (response.canceled === true) throw cancellation(response);
    if (response.created === true) {
      if (position.next === 0) position.next = revision + 1;
      if (position.created) continue;
      position.created = true;
      yield { type: 'created', revision };
      continue;
    }
    const events = (response.events ?? []).map(eventOf);
    if (response.fragment === true || fragments.length > 0) fragments.push(...events);
    if (response.fragment === true) continue;
    const complete = fragments.length > 0 ? fragments : events;
    fragments = [];
    const last = complete.at(-1);
    if (last) {
      position.next = last.kv.modRevision + 1;
      yield { type: 'events', revision, events: complete };
    } else if (revision >= position.next - 1) {
      position.next = revision + 1;
      yield { type: 'progress', revision };
    }
  }
  throw new RpcError(StatusCode.UNAVAILABLE, 'the server ended the watch stream');
}

function createRequest(options: WatchOptions, next: number): etcdserverpb.WatchCreateRequest.$Properties {
  return {
    ...rangeToWire(options),
    start_revision: next,
    progress_notify: options.progressNotify ?? null,
    prev_kv: options.prevKv ?? null,
    filters: [
      ...(options.noPut === true ? [wireFilters.NOPUT] : []),
      ...(options.noDelete === true ? [wireFilters.NODELETE] : []),
    ],
    fragment: true,
  };
}

/** Why the server ended this watch while the stream lives on. */
function cancellation(response: etcdserverpb.WatchResponse): Error {
  const compactRevision = toSafeInteger(response.compact_revision);
  const reason = response.cancel_reason;
  if (compactRevision > 0 || reason === 'etcdserver: mvcc: required revision has been compacted') {
    return new CompactedError(compactRevision);
  }
  if (reason.includes('PermissionDenied')) return new OperatingError('ETCD_PERMISSION_DENIED', reason);
  if (reason.includes('no leader')) return new RpcError(StatusCode.UNAVAILABLE, reason);
  return new OperatingError('ETCD_WATCH_CANCELED', reason === '' ? 'the server canceled the watch' : reason);
}

/** The connection or the member failed, not the watch. */
function isWorthResuming(error: unknown): error is RpcError {
  return isPassing(error) || (error instanceof RpcError && error.status === StatusCode.UNKNOWN);
}

function eventOf(event: mvccpb.Event.$Properties): WatchEvent {
  return {
    type: event.type === 1 ? 'delete' : 'put',
    kv: keyValueOf(event.kv ?? {}),
    prevKv: optionalKeyValueOf(event.prev_kv),
  };
}
