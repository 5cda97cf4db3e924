/**
 * Owners and dependents, as the caches show them. There is no graph beside the caches: each informer indexes its objects by the
 * uids of their owners, and that is the graph.
 */
import { type Kind, type KubeObject, type OwnerReference, builtinKinds } from '@flotilla/api';
import { type ApiClient, isNotFound, keyOf, nameKey, nameOfKey } from '@flotilla/api-client';
import { type Caches, ownerIndex } from '../caches.ts';

/** An object together with its kind, which a cached object alone does not name in a usable way. */
export interface Placed {
  readonly kind: Kind;
  readonly object: KubeObject;
}

/** Key on the queue: `apps/v1 deployments default/web`. */
export function graphKey({ kind, object }: Placed): string {
  return `${kind.apiVersion} ${kind.plural} ${keyOf(object)}`;
}

export interface Graph {
  find(graphKey: string): Placed | undefined;
  dependentsOf(object: KubeObject): readonly Placed[];
  /** Whether the owner that a reference names exists, asking the server when the cache does not show it. */
  ownerOf(dependent: Placed, reference: OwnerReference, signal: AbortSignal): Promise<Owner>;
}

/** `unknown`: of a kind that we do not know, so nothing may be concluded. */
export type Owner =
  | { readonly state: 'exists'; readonly object: KubeObject }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown' };

export function createGraph(caches: Caches, client: ApiClient): Graph {
  const informers = new Map(caches.all.map((one) => [`${one.kind.apiVersion} ${one.kind.plural}`, one]));

  return {
    find(key) {
      const [apiVersion = '', plural = '', name = ''] = key.split(' ');
      const found = informers.get(`${apiVersion} ${plural}`);
      const object = found?.informer.get(name);
      return found && object && { kind: found.kind, object };
    },
    dependentsOf: ({ metadata }) =>
      caches.all.flatMap(({ kind, informer }) =>
        informer.byIndex(ownerIndex, metadata.uid ?? '').map((object) => ({ kind, object })),
      ),
    async ownerOf({ kind: dependentKind, object }, { apiVersion, kind: kindName, name, uid }, signal) {
      const kind = builtinKinds.byType({ apiVersion, kind: kindName });
      if (!kind) return { state: 'unknown' };
      // A cluster-scoped object cannot be owned from within a namespace: such an owner counts as absent.
      if (kind.namespaced && !dependentKind.namespaced) return { state: 'absent' };
      const at = kind.namespaced ? { namespace: object.metadata.namespace, name } : { name };
      const cached = informers.get(`${kind.apiVersion} ${kind.plural}`)?.informer.get(nameKey(at));
      if (cached?.metadata.uid === uid) return { state: 'exists', object: cached };
      // Caches of different kinds are not equally new: a dependent may be seen before its owner.
      try {
        const live = await client.resource(kind).get(nameOfKey(nameKey(at)), { signal });
        return live.metadata.uid === uid ? { state: 'exists', object: live } : { state: 'absent' };
      } catch (error) {
        if (!isNotFound(error)) throw error;
        return { state: 'absent' };
      }
    },
  };
}
