/** Who calls. */
import type { CallContext } from '@flotilla/wire';

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** Every user that showed a credential is in this group too. */
const authenticatedGroup = 'system:authenticated';

export function authenticated(name: string, groups: readonly string[]): User {
  return { name, groups: [...groups, authenticatedGroup] };
}

export function isAnonymous(user: User): boolean {
  return user === anonymous;
}

/** The name of a gRPC call's user. @throws RpcError when there is none, or it may not do this. */
export type Identify = (context: CallContext) => string;
