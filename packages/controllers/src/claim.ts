/**
 * Which objects an owner with a selector controls: those that refer to it and match. One that matches and has no controller is
 * adopted; one that refers to it and no longer matches is let go. Both are updates over the version that the cache shows.
 */
import type { KubeObject, LabelRequirements } from '@flotilla/api';
import { matchesLabels } from '@flotilla/api';
import { type ResourceClient, isNotFound } from '@flotilla/api-client';
import { controllerOf, controllerReference, isControlledBy, withOwner, withoutOwners } from './owner-references.ts';

export interface Claim<T extends KubeObject> {
  readonly owner: KubeObject;
  readonly selector: LabelRequirements;
  /** Objects of the owner's namespace: its own, and those without a controller. */
  readonly candidates: readonly T[];
  readonly resource: ResourceClient<T>;
  /** The owner as the server knows it now: an owner that is gone or dying adopts nothing. */
  freshOwner(): Promise<KubeObject>;
  readonly signal: AbortSignal;
}

export async function claim<T extends KubeObject>(options: Claim<T>): Promise<readonly T[]> {
  const { owner, selector, candidates, resource, signal } = options;
  const uid = owner.metadata.uid ?? '';
  const claimed: T[] = [];
  let mayAdopt: Promise<boolean> | undefined;

  for (const object of candidates) {
    const matches = matchesLabels(selector, object.metadata.labels);
    const dying = object.metadata.deletionTimestamp !== undefined;
    if (isControlledBy(object, owner)) {
      if (matches) claimed.push(object);
      else if (!dying) await orGone(resource.update(withoutOwners(object, new Set([uid])), { signal }));
      continue;
    }
    if (!matches || dying || controllerOf(object)) continue;
    mayAdopt ??= lives(options);
    if (!(await mayAdopt)) continue;
    const adopted = await orGone(resource.update(withOwner(object, controllerReference(owner)), { signal }));
    if (adopted) claimed.push(adopted);
  }
  return claimed;
}

async function lives<T extends KubeObject>({ owner, freshOwner }: Claim<T>): Promise<boolean> {
  if (owner.metadata.deletionTimestamp !== undefined) return false;
  const { metadata } = await freshOwner();
  return metadata.uid === owner.metadata.uid && metadata.deletionTimestamp === undefined;
}

async function orGone<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
