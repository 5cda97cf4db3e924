/** Owner references: which object an object belongs to, and which one manages it. */
import { assert } from '@flotilla/base';
import type { OwnerReference } from './meta/object-meta.ts';
import type { KubeObject } from './object.ts';

/** The reference that makes `owner` the one controller of an object. `owner` has been read from the API, so it has a uid. */
export function controllerReference({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  const { name, uid } = metadata;
  assert(uid !== undefined && uid !== '', `${kind} ${name} has no uid, so it can't own anything`);
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** The controller of an object, if it has one. */
export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** Told apart by uid: an owner that was deleted and made anew is another one. */
export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return owner.metadata.uid !== undefined && controllerOf(object)?.uid === owner.metadata.uid;
}
