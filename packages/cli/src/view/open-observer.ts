/** Opens what an observer looks through. */
import { createApiClient, loadKubeconfig } from '@flotilla/api-client';
import { createEtcdClient } from '@flotilla/etcd-client';
import type { Observer } from './observe.ts';

export interface OpenObserver extends Observer {
  close(): void;
}

/** @param from `endpoints`: `host:port` of each member; `kubeconfig`: the admin's */
export async function openObserver(from: {
  readonly endpoints: readonly string[];
  readonly kubeconfig: string;
}): Promise<OpenObserver> {
  const { endpoints, kubeconfig } = from;
  const server = await loadKubeconfig(kubeconfig);
  const etcd = createEtcdClient({ endpoints });
  const api = createApiClient({ ...server, transport: 'rest', fieldManager: 'flotilla' });
  return {
    endpoints,
    etcd,
    api,
    close() {
      api.close();
      etcd.close();
    },
  };
}
