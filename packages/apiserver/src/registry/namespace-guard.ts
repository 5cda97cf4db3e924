/**
 * Nothing is created in a namespace that is absent or ends. The namespace's version is a compare of the creating
 * transaction, so a creation can't slip in behind the marking of its namespace.
 */
import { type KubeObject, type StatusDetails, forbidden, notFound } from '@flotilla/api';
import type { EtcdClient } from '@flotilla/etcd-client';
import type { KindCache } from '../cache/kind-cache.ts';
import type { Guard } from '../store/guard.ts';
import { isTerminating } from './deletion.ts';
import { type StoredObject, readCached, readStored, storedObject } from './stored-object.ts';
import { type Target, resourceOf } from './request.ts';

export interface NamespaceLife {
  /** The guard of the next attempt. @throws ApiError when the namespace takes no new objects. */
  guard(target: Target, signal: AbortSignal): Promise<Guard>;
}

const namespaceResource = { group: '', resource: 'namespaces' };

/** One for each request: it remembers what a failed attempt has found. */
export function namespaceLife(client: EtcdClient, namespaces: KindCache, namespace: string): NamespaceLife {
  const key = `/registry/namespaces/${namespace}`;
  let known: StoredObject | undefined;

  return {
    async guard(target, signal) {
      await namespaces.ready();
      known ??= readCached(namespaces, key);
      if (!known || isTerminating(known.object)) known = await readStored(client, key, signal);
      const { revision } = checkAlive(known, namespace, target);
      return {
        compares: [{ key, target: 'modRevision', result: 'equal', operand: revision }],
        probes: [{ key }],
        verdict([found]) {
          known = found?.[0] && storedObject(found[0]);
          return checkAlive(known, namespace, target).revision === revision ? 'held' : 'retry';
        },
      };
    },
  };
}

function checkAlive(stored: StoredObject | undefined, namespace: string, target: Target): StoredObject {
  if (!stored) throw notFound(namespaceResource, namespace);
  if (!isTerminating(stored.object)) return stored;
  const detail = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw forbidden(resourceOf(target), target.name, detail, terminatingCauses(stored.object));
}

function terminatingCauses({ metadata }: KubeObject): StatusDetails['causes'] {
  const message = `namespace ${metadata.name} is being terminated`;
  return [{ reason: 'NamespaceTerminating', message, field: 'metadata.namespace' }];
}
