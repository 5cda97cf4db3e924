/**
 * What the in-memory server does with a write: names and versions, the kind's own defaults, strategy and validation, and how an
 * object ends. The rules are the registry's (packages/apiserver), as far as components can tell.
 */
import {
  type DeleteOptions,
  type Kind,
  type KubeObject,
  alreadyExists,
  conflict,
  generatedName,
  invalidObject,
  notFound,
  patchObject,
} from '@flotilla/api';
import type { Randomness } from '@flotilla/base';
import type { Patch } from '../transport.ts';
import type { History } from './history.ts';

export interface Place {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface WriteRules {
  create(place: Place, object: KubeObject): KubeObject;
  update(place: Place, object: KubeObject, subresource: string | undefined): KubeObject;
  patch(place: Place, patch: Patch, subresource: string | undefined): KubeObject;
  /** The object while it lives on, or undefined when nothing is left. */
  delete(place: Place, options: DeleteOptions): KubeObject | undefined;
  read(place: Place): KubeObject;
}

export function writeRules(history: History, randomness: Randomness, now: () => string): WriteRules {
  const read = ({ kind, namespace, name }: Place): KubeObject => {
    const found = history.get(collectionOf(kind), storageKey(namespace, name));
    if (!found) throw notFound(resourceOf(kind), name);
    return found;
  };
  /** A dying object that nothing holds any more is gone. */
  const put = (place: Place, object: KubeObject): KubeObject => {
    const { kind, namespace, name } = place;
    const key = storageKey(namespace, name);
    if (isOver(kind, object)) {
      history.put(collectionOf(kind), key, undefined);
      return object;
    }
    return history.put(collectionOf(kind), key, object) ?? object;
  };

  return {
    read,
    create({ kind, namespace, name }, object) {
      const drawn = name === '' ? generatedName(object.metadata.generateName ?? '', () => randomness.next()) : name;
      const metadata = {
        ...object.metadata,
        name: drawn,
        ...(kind.namespaced && { namespace: namespace ?? '' }),
        uid: Buffer.from(randomness.bytes(16)).toString('hex'),
        creationTimestamp: now(),
      };
      const made = kind.strategy.prepareForCreate(kind.defaults({ ...object, metadata }));
      check(kind, drawn, kind.validate(made));
      const key = storageKey(namespace, drawn);
      if (history.get(collectionOf(kind), key)) throw alreadyExists(resourceOf(kind), drawn);
      return history.put(collectionOf(kind), key, made) ?? made;
    },
    update(place, object, subresource) {
      const old = read(place);
      const { resourceVersion } = object.metadata;
      if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) {
        throw conflict(resourceOf(place.kind), place.name);
      }
      return put(place, prepared(place, kept(object, old), old, subresource));
    },
    patch(place, { type, body }, subresource) {
      const old = read(place);
      const request = { type: place.kind, current: old, contentType: type, body: JSON.stringify(body) };
      const { object } = patchObject({ ...request, fieldValidation: 'Strict' });
      if (object.metadata.resourceVersion !== old.metadata.resourceVersion) {
        throw conflict(resourceOf(place.kind), place.name);
      }
      return put(place, prepared(place, kept(object, old), old, subresource));
    },
    delete(place, options) {
      const { kind, namespace, name } = place;
      const old = read(place);
      checkPreconditions(place, old, options);
      const grace = kind.strategy.gracePeriodSeconds(old, options.gracePeriodSeconds) ?? 0;
      const dying = dyingObject(old, { grace, options, now: now() });
      if (!isOver(kind, dying)) return history.put(collectionOf(kind), storageKey(namespace, name), dying);
      history.put(collectionOf(kind), storageKey(namespace, name), undefined);
      return undefined;
    },
  };
}

export function collectionOf({ group, plural }: Kind): string {
  return `${group}/${plural}`;
}

export function resourceOf({ group, plural }: Kind): { readonly group: string; readonly resource: string } {
  return { group, resource: plural };
}

function storageKey(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** What no write can change; a write without a resourceVersion is one over whatever is there. */
function kept(object: KubeObject, old: KubeObject): KubeObject {
  const { uid, resourceVersion, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation } =
    old.metadata;
  const fixed = { uid, resourceVersion, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation };
  return { ...object, metadata: { ...object.metadata, ...fixed } };
}

function prepared({ kind, name }: Place, object: KubeObject, old: KubeObject, subresource?: string): KubeObject {
  if (subresource === 'status') {
    const made = kind.strategy.prepareForStatusUpdate(object, old);
    check(kind, name, kind.validateStatusUpdate(made, old));
    return made;
  }
  // Binding and finalize set parts of the spec that other writes may not touch.
  if (subresource !== undefined) return { ...old, spec: (object as { spec?: unknown }).spec } as KubeObject;
  const made = kind.strategy.prepareForUpdate(kind.defaults(object), old);
  check(kind, name, kind.validateUpdate(made, old));
  return made;
}

function check(kind: Kind, name: string, problems: ReturnType<Kind['validate']>): void {
  if (problems.length > 0) throw invalidObject(kind, name, problems);
}

function checkPreconditions({ kind, name }: Place, { metadata }: KubeObject, { preconditions }: DeleteOptions): void {
  const { uid = metadata.uid, resourceVersion = metadata.resourceVersion } = preconditions ?? {};
  if (uid === metadata.uid && resourceVersion === metadata.resourceVersion) return;
  throw conflict(resourceOf(kind), name, 'Precondition failed');
}

interface Dying {
  readonly grace: number;
  readonly options: DeleteOptions;
  readonly now: string;
}

function dyingObject(old: KubeObject, { grace, options, now }: Dying): KubeObject {
  const { finalizers = [], deletionTimestamp = now, deletionGracePeriodSeconds = grace } = old.metadata;
  const added = finalizerOf(options);
  const all = added === undefined || finalizers.includes(added) ? finalizers : [...finalizers, added];
  const seconds = Math.min(deletionGracePeriodSeconds, grace);
  return {
    ...old,
    metadata: { ...old.metadata, deletionTimestamp, deletionGracePeriodSeconds: seconds, finalizers: all },
    ...(old.kind === 'Namespace' && { status: { phase: 'Terminating' } }),
  };
}

function finalizerOf({ propagationPolicy, orphanDependents }: DeleteOptions): string | undefined {
  if (propagationPolicy === 'Foreground') return 'foregroundDeletion';
  return propagationPolicy === 'Orphan' || orphanDependents === true ? 'orphan' : undefined;
}

function isOver(kind: Kind, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0 || deletionGracePeriodSeconds > 0) return false;
  const spec = (object as { spec?: { finalizers?: readonly string[] } }).spec;
  return kind.kind !== 'Namespace' || (spec?.finalizers ?? []).length === 0;
}
