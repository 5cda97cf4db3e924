/**
 * What a term has written for a key and a cache may not show yet. A controller that counts (pods, replicas) decides nothing for
 * a key until the cache has caught up with the newest version that its own writes returned.
 */
import { revisionOf } from '@flotilla/api-client';
import type { KubeObject } from '@flotilla/api';

export interface OwnWrites {
  wrote(key: string, object: KubeObject): void;
  /** Whether a cache at that revision shows all that was written for the key. */
  areSeen(key: string, cacheRevision: number): boolean;
}

export function createOwnWrites(): OwnWrites {
  const revisions = new Map<string, number>();
  return {
    wrote(key, { metadata }) {
      revisions.set(key, Math.max(revisions.get(key) ?? 0, revisionOf(metadata.resourceVersion)));
    },
    areSeen(key, cacheRevision) {
      const written = revisions.get(key);
      if (written === undefined || written <= cacheRevision) {
        revisions.delete(key);
        return true;
      }
      return false;
    },
  };
}
