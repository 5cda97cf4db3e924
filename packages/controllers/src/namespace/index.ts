/**
 * Namespace: one that is being deleted is emptied, kind by kind, pods first; when nothing is left, the `kubernetes` finalizer
 * goes, and with it the namespace. Content is listed from the server, not from a cache: nothing may be overlooked.
 */
import { type Kind, type KubeObject, type Namespace, builtinKinds, namespaces, pods } from '@flotilla/api';
import { type ApiClient, isConflict, isNotFound, isUnimplemented, keyOf } from '@flotilla/api-client';
import type { ControllerDefinition } from '../controller.ts';
import { timeOf } from '../times.ts';
import { contentConditions } from './conditions.ts';

const namespaceFinalizer = 'kubernetes';
/** Content ends in its own time (grace periods, finalizers of others): look again this often. */
const recheckMs = 500;
/** How many objects are deleted at a time. */
const batchSize = 50;

export const namespaceController: ControllerDefinition = {
  name: 'namespace-controller',
  workers: 5,
  register({ caches, client, clock }, queue) {
    const enqueue = (namespace: Namespace): void => {
      if (namespace.metadata.deletionTimestamp !== undefined) queue.add(keyOf(namespace));
    };
    return {
      unregister: caches.namespaces.onChange({ added: enqueue, updated: (_, namespace) => enqueue(namespace) }),
      async reconcile(key, signal) {
        const namespace = caches.namespaces.get(key);
        if (!namespace || namespace.metadata.deletionTimestamp === undefined) return undefined;
        if (!namespace.spec.finalizers?.includes(namespaceFinalizer)) return undefined;
        const remaining = await deleteContent(client, key, signal);
        if (remaining.size === 0) return await finalize(client, namespace, signal);
        await tellRemaining(client, { namespace, remaining, now: timeOf(clock.wallMs()) }, signal);
        return { requeueAfterMs: recheckMs };
      },
    };
  },
};

/** Kinds whose objects a namespace may hold; pods first, so that what runs ends before what it needs is gone. */
function contentKinds(): readonly Kind[] {
  const rows = builtinKinds.kinds.filter(({ namespaced, verbs }) => namespaced && verbs.includes('delete'));
  return [...rows.filter((kind) => kind === pods), ...rows.filter((kind) => kind !== pods)];
}

/** @returns the objects that are still there, by `plural.group`, and what holds them. */
async function deleteContent(
  client: ApiClient,
  namespace: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly KubeObject[]>> {
  const remaining = new Map<string, readonly KubeObject[]>();
  for (const kind of contentKinds()) {
    const left = await deleteKind(client, { kind, namespace }, signal);
    if (left.length === 0) continue;
    remaining.set(kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`, left);
    if (kind === pods) break;
  }
  return remaining;
}

async function deleteKind(
  client: ApiClient,
  { kind, namespace }: { readonly kind: Kind; readonly namespace: string },
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const resource = client.resource(kind);
  try {
    const { items } = await resource.list({ namespace, signal });
    const remove = async ({ metadata }: KubeObject): Promise<KubeObject | undefined> => {
      const { name, uid = '', deletionTimestamp } = metadata;
      const at = { namespace, name };
      if (deletionTimestamp !== undefined) return await resource.get(at, { signal }).catch(undefinedIfGone);
      const options = { preconditions: { uid }, propagationPolicy: 'Background' };
      return await resource.delete(at, options, { signal }).catch(undefinedIfGone);
    };
    const left: KubeObject[] = [];
    for (let start = 0; start < items.length; start += batchSize) {
      const answers = await Promise.all(items.slice(start, start + batchSize).map(remove));
      left.push(...answers.filter((object) => object !== undefined));
    }
    return left;
  } catch (error) {
    // A server that does not serve the kind has none of it.
    if (isNotFound(error) || isUnimplemented(error)) return [];
    throw error;
  }
}

function undefinedIfGone(error: unknown): undefined {
  if (!isNotFound(error) && !isConflict(error)) throw error;
}

async function finalize(client: ApiClient, namespace: Namespace, signal: AbortSignal): Promise<undefined> {
  const finalizers = (namespace.spec.finalizers ?? []).filter((name) => name !== namespaceFinalizer);
  const finalized = { ...namespace, spec: { ...namespace.spec, finalizers } };
  const { name } = namespace.metadata;
  try {
    await client.resource(namespaces).subresource('finalize').update({ name }, finalized, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

interface Remaining {
  readonly namespace: Namespace;
  readonly remaining: ReadonlyMap<string, readonly KubeObject[]>;
  readonly now: string;
}

async function tellRemaining(
  client: ApiClient,
  { namespace, remaining, now }: Remaining,
  signal: AbortSignal,
): Promise<void> {
  const conditions = contentConditions(namespace.status?.conditions ?? [], remaining, now);
  if (conditions === namespace.status?.conditions) return;
  await client
    .resource(namespaces)
    .updateStatus({ ...namespace, status: { ...namespace.status, conditions } }, { signal });
}
