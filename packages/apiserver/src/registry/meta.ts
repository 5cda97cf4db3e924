/** The rules of metadata that all kinds share and that need no store: what the server sets, and what nobody may change. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '@flotilla/base';
import { type KubeObject, type NamedMeta, type ObjectMeta, badRequest, conflict } from '@flotilla/api';
import { type Target, resourceOf } from './request.ts';

/** RFC 3339 with whole seconds, as all Kubernetes timestamps. */
export function timestamp(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The metadata of a new object: identity from the server, nothing that only servers and controllers set. */
export function newMetadata(metadata: NamedMeta, { kind, namespace }: Target, clock: Clock): NamedMeta {
  const {
    resourceVersion,
    deletionTimestamp: _deletionTimestamp,
    deletionGracePeriodSeconds: _deletionGracePeriodSeconds,
    selfLink: _selfLink,
    managedFields: _managedFields,
    namespace: _namespace,
    ...rest
  } = metadata;
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  return {
    ...rest,
    ...(kind.namespaced && { namespace }),
    uid: randomUUID(),
    creationTimestamp: timestamp(clock.wallMs()),
  };
}

/** The metadata of an object that replaces `old`: what identifies it and how it is being deleted stay. */
export function keptMetadata(metadata: NamedMeta, old: NamedMeta): NamedMeta {
  const { selfLink: _selfLink, managedFields: _managedFields, deletionTimestamp: _, ...rest } = metadata;
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, resourceVersion, generateName } = old;
  return {
    ...rest,
    uid,
    creationTimestamp,
    resourceVersion,
    ...(generateName !== undefined && { generateName }),
    deletionTimestamp,
    deletionGracePeriodSeconds,
  };
}

/** A body's namespace and name must be those of the URL, or be left out. @throws ApiError BadRequest. */
export function addressed<T extends KubeObject>(object: T, { kind, namespace, name }: Target): T {
  // A body may leave out what a stored object always has.
  const given: ObjectMeta = object.metadata;
  const { name: givenName = '' } = given;
  if (kind.namespaced && given.namespace !== undefined && given.namespace !== '' && given.namespace !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  if (name !== '' && givenName !== '' && givenName !== name) {
    throw badRequest(`the name of the object (${givenName}) does not match the name on the URL (${name})`);
  }
  const { namespace: _, ...rest } = given;
  const metadata = { ...rest, name: name === '' ? givenName : name, ...(kind.namespaced && { namespace }) };
  return { ...object, metadata };
}

export interface ObjectPreconditions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

/** @throws ApiError Conflict when the object is not the one that the caller means. */
export function checkPreconditions(preconditions: ObjectPreconditions, { metadata }: KubeObject, target: Target): void {
  const { uid, resourceVersion } = preconditions;
  const refuse = (detail: string): never => {
    throw conflict(resourceOf(target), target.name, detail);
  };
  if (uid !== undefined && uid !== '' && uid !== metadata.uid) {
    refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`);
  }
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== metadata.resourceVersion) {
    refuse(
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`,
    );
  }
}
