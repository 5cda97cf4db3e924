/**
 * What the writes of all kinds have in common: which metadata a client may set, and how generations count. `deepEqual` compares
 * JSON; a field that is `undefined` equals an absent one.
 */
import type { KubeObject, NamedMeta } from './object.ts';

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => deepEqual(item, b[index]));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) if (!deepEqual(a[key], b[key])) return false;
  return true;
}

export function withMetadata<T extends KubeObject>(object: T, metadata: Partial<NamedMeta>): T {
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}

/** A new object has not begun to be deleted, whatever the client sent. */
export function freshMetadata<T extends KubeObject>(object: T, generation: number | undefined): T {
  const { deletionTimestamp: _, deletionGracePeriodSeconds: _grace, selfLink: _link, ...kept } = object.metadata;
  return { ...object, metadata: { ...kept, generation } };
}

/** What the server set stays, where the client left it out; generation is the server's alone. */
export function metadataFromOld<T extends KubeObject>(object: T, { metadata: old }: KubeObject): T {
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } = object.metadata;
  return withMetadata(object, {
    uid: uid ?? old.uid,
    creationTimestamp: creationTimestamp ?? old.creationTimestamp,
    deletionTimestamp: deletionTimestamp ?? old.deletionTimestamp,
    deletionGracePeriodSeconds: deletionGracePeriodSeconds ?? old.deletionGracePeriodSeconds,
    generation: old.generation,
  });
}

/** Whether `key` differs between two versions of an object. */
export function changed<T extends KubeObject>(key: keyof T): (object: T, old: T) => boolean {
  return (object, old) => !deepEqual(object[key], old[key]);
}
