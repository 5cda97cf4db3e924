/** Who makes a gRPC call, and whether they may. */
import { authenticate, callCredentials } from '../auth/authenticate.ts';
import { type Attributes, electionsPath } from '../auth/attributes.ts';
import { authorize } from '../auth/authorize.ts';
import type { Tokens } from '../auth/token-file.ts';
import type { CallContext } from '@flotilla/wire';
import type { Identify, User } from '../auth/user.ts';
import { rpcErrorOf } from './api-call.ts';

export interface Callers {
  /** The caller, if it may do this. @throws ApiError. */
  allowed(context: CallContext, attributes: Attributes): User;
  /** The name of a caller that may stand in elections. @throws RpcError. */
  readonly campaigner: Identify;
  /** The name of a caller that may know who leads. @throws RpcError. */
  readonly observer: Identify;
}

export function createCallers(tokens: Tokens, onBug: (error: unknown) => void): Callers {
  const allowed = (context: CallContext, attributes: Attributes): User => {
    const user = authenticate(tokens, callCredentials(context));
    authorize(user, attributes);
    return user;
  };
  const identify =
    (attributes: Attributes): Identify =>
    (context) => {
      try {
        return allowed(context, attributes).name;
      } catch (error) {
        throw rpcErrorOf(error, onBug);
      }
    };
  return {
    allowed,
    campaigner: identify({ type: 'path', verb: 'campaign', path: electionsPath }),
    observer: identify({ type: 'path', verb: 'get', path: electionsPath }),
  };
}
