/**
 * Simple tokens: 16 random letters, a dot, and the index of the entry that gave them out. A member that has not applied that
 * entry yet catches up before it looks the token up.
 */
import type { Randomness } from '@flotilla/base';
import { type EntryResponse, toRpcError } from '@flotilla/store';
import { etcdserverpb } from '@flotilla/wire';
import type { Proposals } from '../driver/proposals.ts';
import type { Reads } from '../driver/reads.ts';
import type { StateMachine } from '../driver/state-machine.ts';
import type { Tokens } from './tokens.ts';

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const prefixLetters = 16;

export interface SimpleTokensOptions {
  readonly machine: StateMachine;
  readonly proposals: Pick<Proposals, 'submit'>;
  readonly reads: Pick<Reads, 'confirm'>;
  readonly randomness: Randomness;
}

export function simpleTokens({ machine, proposals, reads, randomness }: SimpleTokensOptions): Tokens {
  return {
    async callerOf(token) {
      const [, index] = /^[^.]*\.(\d{1,20})$/.exec(token) ?? [];
      if (index === undefined) return undefined;
      if (Number(index) > machine.store.appliedIndex) await reads.confirm();
      const name = machine.sessions.use(token);
      return name === undefined ? undefined : { name, authRevision: machine.store.auth.revision };
    },
    async issue({ user }) {
      const prefix = Array.from(
        { length: prefixLetters },
        () => letters[Math.floor(randomness.next() * letters.length)],
      );
      const request = { name: user, simple_token: prefix.join('') };
      const body = etcdserverpb.InternalAuthenticateRequest.encode(request).finish();
      const outcome = await proposals.submit('authenticate', body);
      if (!outcome.ok) throw toRpcError(outcome.error.code);
      return tokenOf(outcome.response);
    },
  };
}

function tokenOf(response: EntryResponse): string {
  return ('token' in response ? response.token : undefined) ?? '';
}
