/**
 * Who calls: found from the token that a call carries, or from the client's certificate. While authentication is off nobody is
 * asked, and it costs a look at a flag.
 */
import { type AuthView, type Caller, toRpcError } from '@flotilla/store';
import type { CallContext } from '@flotilla/wire';
import type { StateMachine } from '../driver/state-machine.ts';
import type { Passwords } from './passwords.ts';
import type { Tokens } from './tokens.ts';

export interface AuthenticationOptions {
  readonly machine: Pick<StateMachine, 'store'>;
  readonly tokens: Tokens;
  readonly passwords: Pick<Passwords, 'hash' | 'fits' | 'close'>;
  /** The common name of a client's certificate is its user, where it shows no token. */
  readonly clientCertAuth: boolean;
}

export class Authentication {
  readonly tokens: Tokens;
  readonly passwords: Pick<Passwords, 'hash' | 'fits' | 'close'>;
  readonly #machine: Pick<StateMachine, 'store'>;
  readonly #clientCertAuth: boolean;

  constructor({ machine, tokens, passwords, clientCertAuth }: AuthenticationOptions) {
    this.tokens = tokens;
    this.passwords = passwords;
    this.#machine = machine;
    this.#clientCertAuth = clientCertAuth;
  }

  /** What is known of users now: nobody may keep it across an await. */
  get state(): AuthView {
    return this.#machine.store.auth;
  }

  /**
   * Who calls; undefined at once while authentication is off, and later for a call without credentials.
   * @throws RpcError (as a rejection) `invalid auth token`.
   */
  callerOf(context: CallContext): Promise<Caller | undefined> | undefined {
    return this.state.enabled ? this.#find(context) : undefined;
  }

  async #find(context: CallContext): Promise<Caller | undefined> {
    const token = tokenOf(context);
    if (token === undefined) return this.#certified(context);
    const caller = await this.tokens.callerOf(token);
    if (!caller && this.state.enabled) throw toRpcError('invalidAuthToken');
    return caller;
  }

  /** A gateway's certificate says nothing of its own callers. */
  #certified(context: CallContext): Caller | undefined {
    if (!this.#clientCertAuth || context.metadata('grpcgateway-accept') !== undefined) return undefined;
    const certificate = context.clientCertificate;
    return certificate && { name: certificate.commonName, authRevision: this.state.revision };
  }
}

/** `token`, or `authorization` with or without the word Bearer. */
function tokenOf(context: CallContext): string | undefined {
  return context.metadata('token') ?? context.metadata('authorization')?.replace(/^Bearer /i, '');
}
