/**
 * Learns a revision of the store that was read after the question was asked. Questions share reads: one joins only a read
 * that starts after it, so its answer covers every write that was acknowledged before.
 */
import type { EtcdClient } from '@flotilla/etcd-client';

/** Any key does: only the answer's revision matters. */
const healthKey = '/registry/health';

/** @returns a function that asks; many callers cost at most two reads in a row. */
export function createFreshRevision(client: EtcdClient): () => Promise<number> {
  let running: Promise<number> | undefined;
  let next: Promise<number> | undefined;

  const read = async (): Promise<number> => {
    try {
      const { header } = await client.kv.range({ key: healthKey, countOnly: true });
      return header.revision;
    } finally {
      running = undefined;
    }
  };
  const start = (): Promise<number> => {
    next = undefined;
    running = read();
    return running;
  };

  return () => {
    if (next) return next;
    if (!running) {
      // The rest of this turn's questions join: the read leaves at its end.
      next = Promise.resolve().then(start);
      return next;
    }
    next = running.then(start, start);
    return next;
  };
}
