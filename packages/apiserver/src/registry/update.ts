/** Replacing an object, or its status, by what a PUT or a PATCH makes of it. */
import {
  type Decoded,
  type KubeObject,
  badRequest,
  conflict,
  decodeBody,
  invalidObject,
  patchObject,
} from '@flotilla/api';
import type { Behaviour } from './behaviour.ts';
import { isOver } from './deletion.ts';
import { addressed, keptMetadata } from './meta.ts';
import type { Change } from './modify.ts';
import { type Target, type WriteContext, resourceOf } from './request.ts';

/** The main endpoint, or one that writes a part of the object. */
export type Part = 'object' | 'status' | 'finalize';

export interface Patch {
  readonly contentType: string;
  readonly body: string;
}

/** What the object shall be, from the present one. */
export type Desired = (current: KubeObject) => KubeObject;

/** @throws ApiError for a body that can't be decoded. */
export function desiredByBody(target: Target, body: string, context: WriteContext): Desired {
  const decoded = accepted(decodeBody<KubeObject>(target.kind, body, context.fieldValidation), context);
  const object = addressed(decoded, target);
  return () => object;
}

/** @throws ApiError for a patch that can't be applied, when it is. */
export function desiredByPatch(target: Target, { contentType, body }: Patch, context: WriteContext): Desired {
  const { kind } = target;
  const { fieldValidation } = context;
  return (current) => accepted(patchObject({ type: kind, current, contentType, body, fieldValidation }), context);
}

/** Tells the caller of what was ignored. */
export function accepted<T>({ object, strictProblems }: Decoded<T>, context: WriteContext): T {
  for (const problem of strictProblems) context.warn(problem);
  return object;
}

/** The change that makes an object what is desired. @throws ApiError Conflict, Invalid, BadRequest. */
export async function replacement(
  target: Target,
  part: Part,
  desired: Desired,
  current: KubeObject,
  { behaviour, signal }: { readonly behaviour: Behaviour; readonly signal: AbortSignal },
): Promise<Change> {
  const wanted = addressed(desired(current), target);
  checkVersion(wanted, current, target);
  const next = prepared(target, part, wanted, current);
  if (isOver(target.kind, next)) return { type: 'delete', object: next, operations: behaviour.release(current) };
  if (part !== 'object') return { type: 'put', object: next };
  const plan = await behaviour.plan(next, current, signal);
  return { type: 'put', ...plan };
}

function prepared({ kind }: Target, part: Part, wanted: KubeObject, current: KubeObject): KubeObject {
  const kept = { ...wanted, metadata: keptMetadata(wanted.metadata, current.metadata) };
  if (part === 'finalize') return withSpecFinalizers(current, kept);
  const isStatus = part === 'status';
  const next = isStatus
    ? kind.strategy.prepareForStatusUpdate(kept, current)
    : kind.strategy.prepareForUpdate(kind.defaults(kept), current);
  const errors = isStatus ? kind.validateStatusUpdate(next, current) : kind.validateUpdate(next, current);
  if (errors.length > 0) throw invalidObject(kind, current.metadata.name, errors);
  return next;
}

/** `namespaces/finalize` writes the finalizers of the spec and nothing else. */
function withSpecFinalizers(current: KubeObject, wanted: KubeObject): KubeObject {
  const { finalizers } = (wanted as { readonly spec?: { readonly finalizers?: readonly string[] } }).spec ?? {};
  const { spec } = current as { readonly spec?: object };
  return { ...current, spec: { ...spec, finalizers } } as KubeObject;
}

function checkVersion({ metadata }: KubeObject, current: KubeObject, target: Target): void {
  const { resourceVersion = '', uid = '' } = metadata;
  if (uid !== '' && uid !== current.metadata.uid) {
    const detail = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`;
    throw conflict(resourceOf(target), target.name, detail);
  }
  if (resourceVersion === current.metadata.resourceVersion) return;
  if (resourceVersion !== '' && resourceVersion !== '0') throw conflict(resourceOf(target), target.name);
  if (!target.kind.strategy.allowUnconditionalUpdate) {
    throw badRequest('metadata.resourceVersion: Invalid value: 0x0: must be specified for an update');
  }
}
