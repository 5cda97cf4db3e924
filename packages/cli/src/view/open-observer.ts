/** Opens what an observer looks through. */
import { readFileSync } from 'node:fs';
import { createApiClient, loadKubeconfig } from '@flotilla/api-client';
import { type EtcdClientOptions, createEtcdClient } from '@flotilla/etcd-client';
import type { StoreCredential } from '../supervisor/plan-store-tls.ts';
import type { Observer } from './observe.ts';

export interface OpenObserver extends Observer {
  close(): void;
}

/** @param from `endpoints`: of each member; `storeCredential`: where they speak TLS; `kubeconfig`: the admin's */
export async function openObserver(from: {
  readonly endpoints: readonly string[];
  readonly storeCredential?: StoreCredential | undefined;
  readonly kubeconfig: string;
}): Promise<OpenObserver> {
  const { endpoints, storeCredential, kubeconfig } = from;
  const server = await loadKubeconfig(kubeconfig);
  const etcd = createEtcdClient({ endpoints, ...(storeCredential && { tls: materialOf(storeCredential) }) });
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

function materialOf({ authority, certificate, key }: StoreCredential): NonNullable<EtcdClientOptions['tls']> {
  return { ca: readFileSync(authority), cert: readFileSync(certificate), key: readFileSync(key) };
}
