/** Acting as somebody else (`kubectl --as`) is granted to nobody yet, and must never be overlooked. */
import type { IncomingHttpHeaders } from 'node:http';
import { forbidden } from '@flotilla/api';
import type { User } from './user.ts';

/** @throws ApiError Forbidden, in Kubernetes' words, when the request asks for it. */
export function refuseImpersonation(user: User, headers: IncomingHttpHeaders): void {
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith('impersonate-')) continue;
    const resource = header === 'impersonate-group' ? 'groups' : 'users';
    const detail = `User ${JSON.stringify(user.name)} cannot impersonate resource ${JSON.stringify(resource)} in API group "" at the cluster scope`;
    throw forbidden({ group: '', resource }, String(value), detail);
  }
}
