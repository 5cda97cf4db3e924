/** `pods/binding`: puts a pod on a node, once. */
import { type Binding, type KubeObject, type Pod, badRequest, conflict } from '@flotilla/api';
import { isTerminating } from './deletion.ts';
import { checkPreconditions, timestamp } from './meta.ts';
import type { Change } from './modify.ts';
import { type Target, resourceOf } from './request.ts';

/** @throws ApiError Conflict for a pod that ends or has a node; BadRequest for a target that is no node. */
export function bound(target: Target, binding: Binding, current: KubeObject, nowMs: number): Change {
  const node = binding.target.name ?? '';
  const targetKind = binding.target.kind ?? '';
  if (node === '' || (targetKind !== '' && targetKind !== 'Node')) {
    throw badRequest('a binding needs a target of kind Node with a name');
  }
  checkPreconditions(binding.metadata, current, target);
  const refuse = (detail: string): never => {
    throw conflict(resourceOf(target), target.name, detail);
  };
  const pod = current as Pod;
  if (isTerminating(pod)) refuse(`pod ${target.name} is being deleted, cannot be assigned to a host`);
  const present = pod.spec.nodeName ?? '';
  if (present !== '') refuse(`pod ${target.name} is already assigned to node ${JSON.stringify(present)}`);
  if ((pod.spec.schedulingGates ?? []).length > 0) refuse(`pod ${target.name} has non-empty .spec.schedulingGates`);
  return { type: 'put', object: onNode(pod, node, binding, nowMs) };
}

function onNode(pod: Pod, node: string, { metadata }: Binding, nowMs: number): KubeObject {
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: timestamp(nowMs) };
  const annotations = { ...pod.metadata.annotations, ...metadata.annotations };
  const next: Pod = {
    ...pod,
    metadata: { ...pod.metadata, ...(Object.keys(annotations).length > 0 && { annotations }) },
    spec: { ...pod.spec, nodeName: node },
    status: { ...pod.status, conditions: [...others, scheduled] },
  };
  return next;
}
