/** Tokens: what a caller shows instead of its password. There are two kinds, `simple-tokens.ts` and `jwt-tokens.ts`. */
import type { Caller } from '@flotilla/store';

export interface Tokens {
  /** Who shows the token; undefined: it is not valid (any more). */
  callerOf(token: string): Promise<Caller | undefined>;
  /**
   * A token for a user whose password was found right.
   * @param session.authRevision that with which it was found right
   * @throws RpcError when the user is gone, or no token can be issued.
   */
  issue(session: { readonly user: string; readonly authRevision: number }): Promise<string>;
}
