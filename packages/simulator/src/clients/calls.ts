/** Calls of clients on the service tables of members, over the network between them. */
import type { CallContext } from '@flotilla/wire';
import type { Network } from '../network/network.ts';
import type { Machine } from '../run/machine.ts';
import type { MemberRun } from '../run/member-run.ts';
import type { Services } from '../run/services.ts';
import type { Chance } from '../world/chance.ts';
import type { Scheduler } from '../world/scheduler.ts';

/** What a client learns of a call. */
export type CallResult<T> =
  | { readonly kind: 'answered'; readonly value: T; readonly run: MemberRun }
  /** The member answered with an error. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** It never reached a member that serves. */
  | { readonly kind: 'unreached' }
  /** No answer came. */
  | { readonly kind: 'lost' };

const callTimeoutMs = 9000;

export interface CallsOptions {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly chance: Chance;
  /** Share of the answers that never arrive. */
  readonly lostAnswers: number;
}

export class Calls {
  readonly #options: CallsOptions;
  /** Whether answers are lost. */
  isUnreliable = true;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** Calls a member from a client's host. */
  make<T>(
    host: string,
    machine: Machine,
    invoke: (services: Services, run: MemberRun) => Promise<T> | T,
  ): Promise<CallResult<T>> {
    const { scheduler, network } = this.#options;
    return new Promise((resolve) => {
      let forget: () => void = () => undefined;
      const timeout = scheduler.after(callTimeoutMs, () => finish({ kind: 'lost' }));
      const finish = (result: CallResult<T>): void => {
        timeout.cancel();
        forget();
        resolve(result);
      };
      const reply = (result: CallResult<T>): void => network.throwAt(machine.name, host, () => finish(result));
      network.throwAt(host, machine.name, () => {
        const { run } = machine;
        if (!run?.services) return reply({ kind: 'unreached' });
        forget = run.process.onDeath(() => reply({ kind: 'lost' }));
        run.process.take(() => {
          if (!run.services) return reply({ kind: 'unreached' });
          this.#serve(() => invoke(run.services as Services, run)).then(
            (value) => {
              if (run.process.isAlive) reply(this.#isLost() ? { kind: 'lost' } : { kind: 'answered', value, run });
            },
            (error: unknown) => {
              if (run.process.isAlive) reply({ kind: 'failed', error });
            },
          );
        });
      });
    });
  }

  async #serve<T>(invoke: () => Promise<T> | T): Promise<T> {
    return await invoke();
  }

  #isLost(): boolean {
    const { chance, lostAnswers } = this.#options;
    return this.isUnreliable && chance.happens(lostAnswers);
  }
}

/** The context of a call with these request bytes, of somebody whose certificate names a user: the one who may do all unless told. */
export function contextOf(host: string, requestBytes: Uint8Array, signal: AbortSignal, user = 'root'): CallContext {
  return {
    signal,
    metadata: () => undefined,
    requestBytes,
    peer: host,
    clientCertificate: { commonName: user, organizations: [] },
  };
}
