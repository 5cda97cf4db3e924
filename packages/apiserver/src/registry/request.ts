/** What a caller hands to the registry, whichever face it came in by. */
import type { GroupResource, Kind } from '@flotilla/api';
import type { User } from '../auth/user.ts';
import type { Fence } from '../elections/fence.ts';

/** Which collection or object. */
export interface Target {
  readonly kind: Kind;
  /** Empty for cluster scope, or for all namespaces. */
  readonly namespace: string;
  /** Empty for a collection. */
  readonly name: string;
}

export interface RequestContext {
  readonly user: User;
  /** Aborted when the caller goes away or its time is over. */
  readonly signal: AbortSignal;
}

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface WriteContext extends RequestContext {
  readonly fence: Fence | undefined;
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
  /** Takes a text for the caller, for a `Warning` header. */
  readonly warn: (text: string) => void;
}

export function resourceOf({ kind }: Target): GroupResource {
  return { group: kind.group, resource: kind.plural };
}

/** The prefix of a collection's keys. */
export function collectionPrefix({ kind, namespace }: Target): string {
  return kind.namespaced && namespace !== '' ? `${kind.storagePrefix}${namespace}/` : kind.storagePrefix;
}

export function objectKey(target: Target): string {
  return collectionPrefix(target) + target.name;
}
