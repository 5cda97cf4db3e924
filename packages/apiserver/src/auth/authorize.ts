/** Refuses what the policy does not allow, in Kubernetes' words. */
import { ApiError, forbidden, unauthorized } from '@flotilla/api';
import { type Attributes, type ResourceAttributes, groupResource, qualifiedResource } from './attributes.ts';
import { isAllowed } from './policy.ts';
import { type User, isAnonymous } from './user.ts';

/** @throws ApiError Unauthorized for a caller without a credential, Forbidden for one that may not do this. */
export function authorize(user: User, attributes: Attributes): void {
  if (isAllowed(user, attributes)) return;
  if (isAnonymous(user)) throw unauthorized();
  throw attributes.type === 'resource' ? forbiddenResource(user, attributes) : forbiddenPath(user, attributes);
}

function forbiddenResource(user: User, attributes: ResourceAttributes): ApiError {
  const { verb, group, namespace, name } = attributes;
  const scope = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const what = `resource ${JSON.stringify(qualifiedResource(attributes))} in API group ${JSON.stringify(group)}`;
  return forbidden(
    groupResource(attributes),
    name,
    `User ${JSON.stringify(user.name)} cannot ${verb} ${what} ${scope}`,
  );
}

function forbiddenPath(user: User, { verb, path }: { readonly verb: string; readonly path: string }): ApiError {
  const message = `forbidden: User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(path)}`;
  const details = {};
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: 'Forbidden',
    details,
    code: 403,
  });
}
