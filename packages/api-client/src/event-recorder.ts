/**
 * Records core/v1 Events about objects: what a person reads under `kubectl describe`.
 *
 * - `record` never waits and never throws; events are for people, no work may depend on them.
 * - The same event again raises the count of the first instead of making another.
 * - An object that many events are about gets 25 at once and one every five minutes then; the rest is dropped. So is what
 *   arrives while 1,000 wait to be written.
 */
import { type Event, type KubeObject, events } from '@flotilla/api';
import {
  type Clock,
  type Logger,
  type Randomness,
  messageOf,
  silentLogger,
  systemClock,
  systemRandomness,
} from '@flotilla/base';
import { createBoundedMap } from './bounded-map.ts';
import type { ApiClient } from './client.ts';
import { isNamespaceTerminating, isNotFound } from './errors.ts';

export interface EventDraft {
  readonly type: 'Normal' | 'Warning';
  /** One CamelCase word, e.g. `FailedScheduling`. */
  readonly reason: string;
  readonly message: string;
}

/** What an event is about: an object, or as much of one as is known. */
export type EventSubject = Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>;

export interface EventRecorder {
  record(about: EventSubject, event: EventDraft): void;
  /** Resolves when everything recorded so far was written or dropped. */
  flush(): Promise<void>;
  /** Drops what waits. */
  close(): void;
}

export interface EventRecorderOptions {
  /** A leader's recorder takes the term's client: events are writes like any other. */
  readonly client: ApiClient;
  /** The component, e.g. `deployment-controller`. */
  readonly component: string;
  /** The machine, for components that run on each. */
  readonly host?: string | undefined;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly logger?: Logger;
}

const maxWaiting = 1000;
const maxRemembered = 4096;
const burst = 25;
const refillMs = 300_000;

interface Occurrence {
  readonly about: EventSubject;
  readonly event: EventDraft;
  readonly atMs: number;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const {
    client,
    component,
    host,
    clock = systemClock,
    randomness = systemRandomness,
    logger = silentLogger,
  } = options;
  const resource = client.resource(events);
  const written = createBoundedMap<string, Event>(maxRemembered);
  const buckets = createBoundedMap<string, { tokens: number; atMs: number }>(maxRemembered);
  const waiting: Occurrence[] = [];
  const closing = new AbortController();
  let writing: Promise<void> | undefined;

  const allowed = (about: EventSubject, nowMs: number): boolean => {
    const key = subjectKey(about);
    const bucket = buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + (nowMs - bucket.atMs) / refillMs);
    bucket.atMs = nowMs;
    buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  };

  const write = async ({ about, event, atMs }: Occurrence): Promise<void> => {
    const key = [subjectKey(about), event.type, event.reason, event.message].join('\n');
    const lastTimestamp = timeOf(atMs);
    const previous = written.get(key);
    if (previous) {
      const count = (previous.count ?? 1) + 1;
      const body = { count, lastTimestamp };
      try {
        const patch = { type: 'application/merge-patch+json', body } as const;
        written.set(key, await resource.patch(previous.metadata, patch, { signal: closing.signal }));
        return;
      } catch (error) {
        // Events live for an hour: a forgotten one begins anew.
        if (!isNotFound(error)) throw error;
      }
    }
    const suffix = Buffer.from(randomness.bytes(8)).toString('hex');
    const made = eventOf({ about, event, component, host, name: `${about.metadata.name}.${suffix}`, lastTimestamp });
    written.set(key, await resource.create(made, { signal: closing.signal }));
  };

  const drain = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !closing.signal.aborted; next = waiting.shift()) {
      try {
        await write(next);
      } catch (error) {
        const fields = { reason: next.event.reason, about: next.about.metadata.name, error: messageOf(error) };
        if (!closing.signal.aborted && !isNamespaceTerminating(error)) logger.debug('an event was not written', fields);
      }
    }
    writing = undefined;
  };

  return {
    record(about, event) {
      const atMs = clock.wallMs();
      if (closing.signal.aborted || waiting.length >= maxWaiting || !allowed(about, clock.monotonicMs())) return;
      waiting.push({ about, event, atMs });
      writing ??= drain();
    },
    flush: async () => await writing,
    close() {
      closing.abort();
      waiting.length = 0;
    },
  };
}

function subjectKey({ kind, metadata }: EventSubject): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name} ${metadata.uid ?? ''}`;
}

/** RFC 3339 with whole seconds. */
function timeOf(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

interface EventParts {
  readonly about: EventSubject;
  readonly event: EventDraft;
  readonly component: string;
  readonly host: string | undefined;
  readonly name: string;
  readonly lastTimestamp: string;
}

/** Events about cluster-scoped objects live in `default`. */
function eventOf({ about, event, component, host, name, lastTimestamp }: EventParts): Event {
  const { apiVersion, kind, metadata } = about;
  const { namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: namespace ?? 'default' },
    involvedObject: { apiVersion, kind, name: metadata.name, namespace, uid, resourceVersion },
    ...event,
    count: 1,
    firstTimestamp: lastTimestamp,
    lastTimestamp,
    source: { component, host },
    reportingComponent: component,
    reportingInstance: host ?? '',
  };
}
