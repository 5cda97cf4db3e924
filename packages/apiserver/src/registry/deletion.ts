/**
 * How an object ends. A delete either removes it at once, or marks it (`deletionTimestamp`) and leaves it to those who hold
 * it: finalizers, and for pods the kubelet, which deletes it once more with grace 0. The write that lets the last one go
 * removes the object.
 */
import { type DeleteOptions, type Kind, type KubeObject, type NamedMeta, badRequest } from '@flotilla/api';
import { timestamp } from './meta.ts';

const orphanFinalizer = 'orphan';
const foregroundFinalizer = 'foregroundDeletion';

type WithSpecFinalizers = KubeObject & { readonly spec?: { readonly finalizers?: readonly string[] } };

/** Namespaces alone have finalizers in their spec too. */
function isHeld(kind: Kind, object: KubeObject): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return true;
  return isNamespace(kind) && ((object as WithSpecFinalizers).spec?.finalizers ?? []).length > 0;
}

function isNamespace({ group, plural }: Kind): boolean {
  return group === '' && plural === 'namespaces';
}

export function isTerminating({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Whether a write leaves an object that nothing holds any more. */
export function isOver(kind: Kind, object: KubeObject): boolean {
  return isTerminating(object) && !isHeld(kind, object) && (object.metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

export type Deletion = { readonly type: 'delete' | 'keep' | 'put'; readonly object: KubeObject };

/** What a delete makes of an object. @throws ApiError BadRequest for options that contradict each other. */
export function deletion(kind: Kind, object: KubeObject, options: DeleteOptions, nowMs: number): Deletion {
  const requested = options.gracePeriodSeconds;
  if (requested !== undefined && requested < 0) throw badRequest('gracePeriodSeconds must not be negative');
  const graceSeconds = kind.strategy.gracePeriodSeconds(object, requested) ?? 0;
  const finalizers = finalizersAfter(object.metadata.finalizers ?? [], options);
  const held: KubeObject = { ...object, metadata: withFinalizers(object.metadata, finalizers) };
  const marked = isTerminating(object)
    ? shortened(held, graceSeconds, requested, nowMs)
    : mark(held, graceSeconds, nowMs);
  const next = isNamespace(kind) ? terminatingNamespace(marked) : marked;
  if (isOver(kind, next)) return { type: 'delete', object };
  return { type: 'put', object: next };
}

function withFinalizers(metadata: NamedMeta, finalizers: readonly string[]): NamedMeta {
  const { finalizers: _, ...rest } = metadata;
  return finalizers.length === 0 ? rest : { ...rest, finalizers };
}

function mark(object: KubeObject, graceSeconds: number, nowMs: number): KubeObject {
  const { generation } = object.metadata;
  const metadata: NamedMeta = {
    ...object.metadata,
    deletionTimestamp: timestamp(nowMs + graceSeconds * 1000),
    deletionGracePeriodSeconds: graceSeconds,
    ...(generation !== undefined && { generation: generation + 1 }),
  };
  return { ...object, metadata };
}

/** A second delete may only hasten the end. */
function shortened(object: KubeObject, graceSeconds: number, requested: number | undefined, nowMs: number): KubeObject {
  const left = object.metadata.deletionGracePeriodSeconds ?? 0;
  if (requested === undefined && graceSeconds !== 0) return object;
  if (graceSeconds >= left) return object;
  const metadata: NamedMeta = {
    ...object.metadata,
    deletionTimestamp: timestamp(nowMs + graceSeconds * 1000),
    deletionGracePeriodSeconds: graceSeconds,
  };
  return { ...object, metadata };
}

function terminatingNamespace(object: KubeObject): KubeObject {
  const { status } = object as KubeObject & { readonly status?: object };
  return { ...object, status: { ...status, phase: 'Terminating' } } as KubeObject;
}

/** The garbage collector's finalizers follow from the propagation policy; all others stay. */
function finalizersAfter(finalizers: readonly string[], options: DeleteOptions): readonly string[] {
  const { propagationPolicy, orphanDependents } = options;
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    throw badRequest('orphanDependents and deletionPropagation cannot be both set');
  }
  const policy =
    propagationPolicy ?? (orphanDependents === true ? 'Orphan' : orphanDependents === false ? 'Background' : undefined);
  if (policy === undefined) return finalizers;
  const others = finalizers.filter((name) => name !== orphanFinalizer && name !== foregroundFinalizer);
  switch (policy) {
    case 'Background':
      return others;
    case 'Foreground':
      return [...others, foregroundFinalizer];
    case 'Orphan':
      return [...others, orphanFinalizer];
    default:
      throw badRequest(`propagationPolicy must be Background, Foreground or Orphan, not ${JSON.stringify(policy)}`);
  }
}
