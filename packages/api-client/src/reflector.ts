/**
 * Keeps a sink equal to a collection: list, then watch from the list's version, resuming where a watch ended.
 *
 * - A list is always linearizable (no resourceVersion): a new leader, or a client that changed its server, never steps back.
 * - A watch that ended or broke is resumed after the last version seen, so no change is missed; bookmarks keep that version
 *   fresh while the collection is idle. When the server no longer has it (410) or does not have it yet, the collection is
 *   listed again.
 * - Failures back off from 0.8 to 30 s; a watch that ends in under a second without an event counts as a failure.
 * - `relist` lists again at once: the way to learn a fresh version of an idle collection without waiting for a bookmark.
 */
import type { KubeObject } from '@flotilla/api';
import {
  type Clock,
  type Logger,
  type Randomness,
  AssertionFailure,
  createBackoff,
  messageOf,
  sleep,
} from '@flotilla/base';
import type { InNamespace, ResourceClient } from './client.ts';
import { isExpired, isResourceVersionTooLarge } from './errors.ts';
import type { ObjectList, Selectors, WatchEvent } from './transport.ts';

export interface ReflectorSink<T extends KubeObject> {
  /** The whole collection as of the list's version. */
  replace(list: ObjectList<T>): void;
  /** One change, or a bookmark. */
  apply(event: WatchEvent<T>): void;
}

export interface ReflectorOptions<T extends KubeObject> extends Selectors, InNamespace {
  readonly resource: ResourceClient<T>;
  readonly sink: ReflectorSink<T>;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly logger: Logger;
}

export interface Reflector {
  /** Runs until the signal is aborted. Rejects only for a bug, such as a handler that threw. */
  run(signal: AbortSignal): Promise<void>;
  /** Abandons the watch and lists again, without delay. */
  relist(): void;
}

/** A watch that lives this long has worked, even if nothing happened. */
const shortWatchMs = 1000;

export function createReflector<T extends KubeObject>(options: ReflectorOptions<T>): Reflector {
  const { resource, sink, clock, randomness, logger, namespace, labelSelector, fieldSelector } = options;
  const scope = { namespace, labelSelector, fieldSelector };
  const backoff = createBackoff({ initialMs: 800, maxMs: 30_000 }, randomness);
  const sinkFailures = new WeakSet<Error>();
  let interruption = new AbortController();
  let version: string | undefined;

  /** Marks what the sink throws: that is a bug of ours and must not look like a lost connection. */
  const guarded = (deliver: () => void): void => {
    try {
      deliver();
    } catch (error) {
      const failure = error instanceof Error ? error : new AssertionFailure(messageOf(error));
      sinkFailures.add(failure);
      throw failure;
    }
  };

  const listOnce = async (signal: AbortSignal): Promise<void> => {
    const list = await resource.list({ ...scope, signal });
    if (signal.aborted) return;
    guarded(() => sink.replace(list));
    version = list.resourceVersion;
  };

  const watchOnce = async (signal: AbortSignal): Promise<void> => {
    const startedMs = clock.monotonicMs();
    const limits = { allowWatchBookmarks: true, timeoutSeconds: 300 + Math.floor(300 * randomness.next()) };
    let worked = false;
    let failure: unknown = new Error('the watch ended at once');
    try {
      for await (const event of resource.watch({ ...scope, ...limits, resourceVersion: version, signal })) {
        if (signal.aborted) return;
        worked = true;
        guarded(() => sink.apply(event));
        version = event.object.metadata.resourceVersion;
      }
    } catch (error) {
      if (isSinkFailure(error) || isVersionLost(error)) throw error;
      failure = error;
    }
    if (!worked && clock.monotonicMs() - startedMs < shortWatchMs) throw failure;
    backoff.reset();
    if (!signal.aborted)
      logger.debug('the watch is resumed', { resource: resource.type.plural, reason: messageOf(failure) });
  };

  const isSinkFailure = (error: unknown): boolean => error instanceof Error && sinkFailures.has(error);

  return {
    async run(signal) {
      while (!signal.aborted) {
        interruption = new AbortController();
        const either = AbortSignal.any([signal, interruption.signal]);
        try {
          if (version === undefined) await listOnce(either);
          else await watchOnce(either);
        } catch (error) {
          if (isSinkFailure(error)) throw error;
          if (either.aborted) continue;
          const delayMs = backoff.nextMs();
          const fields = { resource: resource.type.plural, reason: messageOf(error), delayMs: Math.round(delayMs) };
          logger.warn(version === undefined ? 'list failed' : 'watch failed', fields);
          if (isVersionLost(error)) version = undefined;
          await sleep(clock, delayMs, either);
        }
      }
    },
    relist() {
      version = undefined;
      backoff.reset();
      interruption.abort();
    },
  };
}

/** The server no longer has the version, or does not have it yet. */
function isVersionLost(error: unknown): boolean {
  return isExpired(error) || isResourceVersionTooLarge(error);
}
