/** The scale subresource: the replicas of a kind that has them, in one shape. */
import {
  type KubeObject,
  type LabelSelector,
  type Scale,
  decodeBody,
  labelSelectorText,
  patchObject,
  requirementsOf,
  scaleModel,
} from '@flotilla/api';
import type { Patch } from './update.ts';
import { type Desired, accepted } from './update.ts';
import type { WriteContext } from './request.ts';

const scaleType = { apiVersion: 'autoscaling/v1', kind: 'Scale', model: scaleModel };

/** What deployments and replica sets have in common. */
type Scalable = KubeObject & {
  readonly spec: { readonly replicas?: number; readonly selector?: LabelSelector };
  readonly status?: { readonly replicas?: number };
};

export function scaleOf(object: KubeObject): Scale {
  const { metadata, spec, status } = object as Scalable;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    apiVersion: scaleType.apiVersion,
    kind: scaleType.kind,
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec.replicas ?? 0 },
    status: { replicas: status?.replicas ?? 0, selector: labelSelectorText(requirementsOf(spec.selector)) },
  };
}

export function desiredByScaleBody(body: string, context: WriteContext): Desired {
  const scale = accepted(decodeBody<Scale>(scaleType, body, context.fieldValidation), context);
  return (current) => scaled(current, scale);
}

export function desiredByScalePatch({ contentType, body }: Patch, context: WriteContext): Desired {
  const { fieldValidation } = context;
  return (current) => {
    const patched = patchObject({ type: scaleType, current: scaleOf(current), contentType, body, fieldValidation });
    return scaled(current, accepted(patched, context));
  };
}

/** The identity and version that the Scale names are checked like those of the object itself. */
function scaled(current: KubeObject, scale: Scale): KubeObject {
  const { uid, resourceVersion, name, namespace } = scale.metadata;
  const { metadata, spec } = current as Scalable;
  return {
    ...current,
    metadata: { ...metadata, uid, resourceVersion, name, namespace },
    spec: { ...spec, replicas: scale.spec.replicas ?? 0 },
  } as KubeObject;
}
