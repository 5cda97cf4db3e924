/** Every pod that was ever created, as the store's own watch tells it: what caches or lists may hide, this shows. */
import { createEtcdClient, prefixRange } from '@flotilla/etcd-client';
import type { Cluster, Teardown } from './cluster.ts';

export interface PodHistory {
  /** Keys of the pods created so far, in order. A name that was used twice stands there twice. */
  readonly created: readonly string[];
  /** The revision up to which the history is complete. */
  readonly revision: () => number;
  /** Resolves once the history shows everything up to now. */
  catchUp(): Promise<void>;
}

const prefix = '/registry/pods/';

export async function watchPods(t: Teardown, cluster: Cluster): Promise<PodHistory> {
  const client = createEtcdClient({ endpoints: cluster.endpoints });
  t.teardown(() => client.close());
  const { header } = await client.kv.range({ key: prefix });
  const created: string[] = [];
  let revision = header.revision;
  let waiters: (() => void)[] = [];

  const follow = async (): Promise<void> => {
    const watch = client.watch({ ...prefixRange('/'), startRevision: header.revision + 1 });
    for await (const batch of watch) {
      if (batch.type === 'events') {
        for (const { type, kv } of batch.events) {
          const key = Buffer.from(kv.key).toString();
          if (type === 'put' && kv.version === 1 && key.startsWith(prefix)) created.push(key.slice(prefix.length));
        }
      }
      revision = Math.max(revision, batch.revision);
      for (const wake of waiters.splice(0)) wake();
    }
  };
  follow().catch((error: unknown) => {
    throw error;
  });

  return {
    created,
    revision: () => revision,
    async catchUp() {
      // A write of our own is an event like any other: once it is seen, so is everything before it.
      const { header: written } = await client.kv.put({ key: '/flotilla-e2e/mark', value: '' });
      while (revision < written.revision) await new Promise<void>((resolve) => waiters.push(resolve));
    },
  };
}
