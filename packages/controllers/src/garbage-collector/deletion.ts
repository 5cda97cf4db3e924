/** How the collector writes: each write names the object by its uid or over the version seen, and one that is gone is fine. */
import { type KubeObject } from '@flotilla/api';
import { type ApiClient, isConflict, isNotFound } from '@flotilla/api-client';
import { withoutOwners } from '../owner-references.ts';
import type { Placed } from './graph.ts';

export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export interface Collector {
  delete(placed: Placed, propagationPolicy: Propagation, signal: AbortSignal): Promise<void>;
  removeOwners(placed: Placed, uids: ReadonlySet<string>, signal: AbortSignal): Promise<void>;
  removeFinalizer(placed: Placed, finalizer: string, signal: AbortSignal): Promise<void>;
}

export function createCollector(client: ApiClient): Collector {
  const update = async ({ kind }: Placed, object: KubeObject, signal: AbortSignal): Promise<void> => {
    await unlessGone(client.resource(kind).update(object, { signal }));
  };
  return {
    async delete({ kind, object }, propagationPolicy, signal) {
      const { name, namespace, uid = '' } = object.metadata;
      const options = { preconditions: { uid }, propagationPolicy };
      const deleting = client.resource(kind).delete({ name, namespace }, options, { signal });
      // Another object of that name is none of our business.
      await unlessGone(deleting, isConflict);
    },
    removeOwners: (placed, uids, signal) => update(placed, withoutOwners(placed.object, uids), signal),
    async removeFinalizer(placed, finalizer, signal) {
      const { object } = placed;
      const finalizers = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer);
      await update(placed, { ...object, metadata: { ...object.metadata, finalizers } }, signal);
    },
  };
}

async function unlessGone(write: Promise<unknown>, also: (error: unknown) => boolean = () => false): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!isNotFound(error) && !also(error)) throw error;
  }
}
