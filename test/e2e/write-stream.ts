/**
 * A stream of writes through an etcd client: one in flight, a new key each, the next as soon as the last is answered. Whoever
 * disturbs the store meanwhile learns from it what was acknowledged and how long nothing was.
 */
import { codeOf } from '@flotilla/base';
import type { EtcdClient } from '@flotilla/etcd-client';

export interface WriteStream {
  /** Keys whose writes were acknowledged, in order. */
  readonly acknowledged: readonly string[];
  /**
   * The longest time between two acknowledgements that follow each other, milliseconds.
   * @param from only from this acknowledgement on, counted from 0
   */
  longestGapMs(from?: number): number;
  /** Resolves when the last write has been answered; throws what ended the stream before. */
  stop(): Promise<void>;
}

export interface WriteStreamOptions {
  readonly prefix: string;
  /** After this time an unanswered write is given up and the next one sent; 500 unless told. */
  readonly timeoutMs?: number;
}

/** Not acknowledged: the write may or may not be there, and counts for nothing. */
const passing: ReadonlySet<unknown> = new Set([
  'ETCD_UNKNOWN_OUTCOME',
  'ETCD_UNAVAILABLE',
  'ETCD_TIMEOUT',
  'ETCD_NO_LEADER',
]);

export function startWriteStream(client: EtcdClient, options: WriteStreamOptions): WriteStream {
  const { prefix, timeoutMs = 500 } = options;
  const acknowledged: string[] = [];
  const timesMs: number[] = [];
  let stopped = false;
  const run = async (): Promise<void> => {
    for (let i = 0; !stopped; i++) {
      const key = `${prefix}${String(i).padStart(6, '0')}`;
      try {
        await client.kv.put({ key, value: String(i) }, { timeoutMs });
        acknowledged.push(key);
        timesMs.push(performance.now());
      } catch (error) {
        if (!passing.has(codeOf(error))) throw error;
        // A refusal may come at once: whoever refuses must not be kept busy by that.
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  };
  const running = run();
  // Told by stop().
  running.catch((error: unknown) => error);
  return {
    acknowledged,
    longestGapMs: (from = 0) =>
      timesMs.slice(from).reduce((longest, time, i, times) => Math.max(longest, time - (times[i - 1] ?? time)), 0),
    async stop() {
      stopped = true;
      await running;
    },
  };
}
