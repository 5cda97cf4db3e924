/** What may change in a pod that exists: images, deadlines, tolerations that are added; before it is ungated, where it may go. */
import { forbidden, missing, type FieldError } from '../field-error.ts';
import { deepEqual } from '../object-rules.ts';
import type { Pod } from '../kinds/core/pod.ts';
import { immutable } from '../validation/metadata.ts';
import type { PodSpec } from './pod-spec.ts';
import type { Toleration } from './scheduling.ts';

const mayChange =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** The old spec with what may change taken from the new one; equal to the new one if nothing else changed. */
function withAllowedChanges(old: PodSpec, spec: PodSpec): PodSpec {
  const imagesOf = (containers: PodSpec['containers'], source: PodSpec['containers']): PodSpec['containers'] =>
    containers.map((container, index) => ({ ...container, image: source[index]?.image }));
  const gated = (old.schedulingGates ?? []).length > 0;
  const {
    tolerations,
    activeDeadlineSeconds,
    schedulingGates,
    nodeSelector,
    affinity,
    terminationGracePeriodSeconds: grace,
  } = spec;
  return {
    ...old,
    containers: imagesOf(old.containers, spec.containers),
    ...(old.initContainers && { initContainers: imagesOf(old.initContainers, spec.initContainers ?? []) }),
    tolerations,
    activeDeadlineSeconds,
    schedulingGates,
    ...(gated && { nodeSelector, affinity }),
    ...((old.terminationGracePeriodSeconds ?? 0) < 0 && grace === 1 && { terminationGracePeriodSeconds: grace }),
  };
}

/** The same but for how long it holds. */
function sameToleration(a: Toleration, b: Toleration): boolean {
  return deepEqual({ ...a, tolerationSeconds: undefined }, { ...b, tolerationSeconds: undefined });
}

function tolerationErrors(spec: PodSpec, old: PodSpec): readonly FieldError[] {
  const kept = (old.tolerations ?? []).every((toleration) =>
    spec.tolerations?.some((other) => sameToleration(toleration, other)),
  );
  return kept
    ? []
    : [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}

function gateErrors(spec: PodSpec, old: PodSpec): readonly FieldError[] {
  const known = new Set(old.schedulingGates?.map(({ name }) => name));
  return (spec.schedulingGates ?? []).flatMap(({ name }) =>
    known.has(name)
      ? []
      : [forbidden('spec.schedulingGates', "only deletion is allowed, but found new scheduling gate '" + name + "'")],
  );
}

/** A deadline may come closer, never go further away or vanish. */
function deadlineErrors(spec: PodSpec, old: PodSpec): readonly FieldError[] {
  const before = old.activeDeadlineSeconds;
  const after = spec.activeDeadlineSeconds;
  if (before === undefined) return [];
  if (after === undefined)
    return [forbidden('spec.activeDeadlineSeconds', 'must not update from a positive integer to nil value')];
  return after > before
    ? [forbidden('spec.activeDeadlineSeconds', 'must be less than or equal to previous value')]
    : [];
}

export function validatePodUpdate({ spec }: Pod, { spec: old }: Pod): readonly FieldError[] {
  if (spec.containers.length !== old.containers.length) {
    return [forbidden('spec.containers', 'pod updates may not add or remove containers')];
  }
  if ((spec.initContainers ?? []).length !== (old.initContainers ?? []).length) {
    return [forbidden('spec.initContainers', 'pod updates may not add or remove containers')];
  }
  const noImage = spec.containers.flatMap(({ image = '' }, index) =>
    image === '' ? [missing(`spec.containers[${index}].image`)] : [],
  );
  return [
    ...noImage,
    ...deadlineErrors(spec, old),
    ...tolerationErrors(spec, old),
    ...gateErrors(spec, old),
    ...(deepEqual(spec, withAllowedChanges(old, spec)) ? [] : [forbidden('spec', mayChange)]),
  ];
}

/** Status writes don't move a pod, and what its containers ended with stays told. */
export function validatePodStatusUpdate({ spec, status }: Pod, old: Pod): readonly FieldError[] {
  return [
    ...immutable('spec.nodeName', spec.nodeName, old.spec.nodeName),
    ...(old.status?.qosClass === undefined ? [] : immutable('status.qosClass', status?.qosClass, old.status.qosClass)),
  ];
}
