/** The `x-kubernetes-` words beside a schema, from which kubectl computes its patches: the same in every version of OpenAPI. */
import type { GroupVersionKind } from '../kind.ts';
import type { Merging, Model } from '../schema/schema.ts';

export type Extensions = Readonly<Record<`x-${string}`, unknown>>;

export function fieldExtensions({ patchStrategy, patchMergeKey, listType, mapKeys, mapType }: Merging): Extensions {
  return {
    ...(listType && { 'x-kubernetes-list-type': listType }),
    ...(mapKeys && { 'x-kubernetes-list-map-keys': mapKeys }),
    ...(mapType && { 'x-kubernetes-map-type': mapType }),
    ...(patchMergeKey !== undefined && { 'x-kubernetes-patch-merge-key': patchMergeKey }),
    ...(patchStrategy && { 'x-kubernetes-patch-strategy': patchStrategy }),
  };
}

/** @param gvks the kinds that the model is the whole object of. */
export function modelExtensions({ atomic }: Model, gvks: readonly GroupVersionKind[]): Extensions {
  return {
    ...(gvks.length > 0 && { 'x-kubernetes-group-version-kind': gvks }),
    ...(atomic && { 'x-kubernetes-map-type': 'atomic' }),
  };
}
