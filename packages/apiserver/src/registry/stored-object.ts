/** Objects as writers see them: parsed, with their position in the store. */
import type { KubeObject } from '@flotilla/api';
import type { EtcdClient, KeyValue } from '@flotilla/etcd-client';
import type { KindCache } from '../cache/kind-cache.ts';
import { decodeStored, parseVersion, withRevision } from '../cache/version.ts';

export interface StoredObject {
  readonly object: KubeObject;
  readonly revision: number;
}

export function storedObject(kv: KeyValue): StoredObject {
  return { object: withRevision(decodeStored(kv.value), kv.modRevision), revision: kv.modRevision };
}

/** Reads the newest version. */
export async function readStored(
  client: EtcdClient,
  key: string,
  signal: AbortSignal,
): Promise<StoredObject | undefined> {
  const { kvs } = await client.kv.range({ key }, { signal });
  return kvs[0] && storedObject(kvs[0]);
}

/** What the cache has, if it is loaded: perhaps not the newest, which the write's compare finds out. */
export function readCached(cache: KindCache, key: string): StoredObject | undefined {
  const version = cache.isReady ? cache.get(key) : undefined;
  return version && { object: parseVersion(version), revision: version.revision };
}
