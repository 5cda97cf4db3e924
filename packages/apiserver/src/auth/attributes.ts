/** What a request wants to do, as authorisation sees it. */
import type { GroupResource } from '@flotilla/api';

export type RequestVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export interface ResourceAttributes {
  readonly type: 'resource';
  readonly verb: RequestVerb;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty for cluster scope, or all namespaces. */
  readonly namespace: string;
  /** Empty for a collection. */
  readonly name: string;
}

/** A path that is no resource, such as `/version`, and elections, which have a path of their own. */
export interface PathAttributes {
  readonly type: 'path';
  readonly verb: string;
  readonly path: string;
}

export type Attributes = ResourceAttributes | PathAttributes;

/** Standing in elections; who may is a row of the policy like any other. */
export const electionsPath = '/flotilla/elections';

/** `pods/log`, or `pods`. */
export function qualifiedResource({ resource, subresource }: ResourceAttributes): string {
  return subresource === '' ? resource : `${resource}/${subresource}`;
}

export function groupResource({ group, resource }: ResourceAttributes): GroupResource {
  return { group, resource };
}
