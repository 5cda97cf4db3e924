/**
 * A kubelet writes only what is its own: its node, its lease, and the pods that are bound to its node. The policy has
 * checked what the URL says; this checks what only the objects say.
 */
import { type KubeObject, type Pod, forbidden } from '@flotilla/api';
import { nodeNameOf } from '../auth/policy.ts';
import type { User } from '../auth/user.ts';
import { type Target, resourceOf } from './request.ts';

/** @throws ApiError Forbidden. */
export function restrictNodeCreate(user: User, target: Target, object: KubeObject): void {
  const node = nodeNameOf(user);
  if (node === undefined || !['nodes', 'leases'].includes(target.kind.plural) || object.metadata.name === node) return;
  const detail = `node ${JSON.stringify(node)} is not allowed to create ${target.kind.plural} of another name`;
  throw forbidden(resourceOf(target), object.metadata.name, detail);
}

/** @throws ApiError Forbidden. */
export function restrictNodeWrite(user: User, target: Target, current: KubeObject): void {
  const node = nodeNameOf(user);
  if (node === undefined || target.kind.plural !== 'pods') return;
  if ((current as Pod).spec.nodeName === node) return;
  const detail = `node ${JSON.stringify(node)} can only write pods with spec.nodeName set to itself`;
  throw forbidden(resourceOf(target), target.name, detail);
}
