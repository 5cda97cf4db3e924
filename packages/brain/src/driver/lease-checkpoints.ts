/**
 * What leases have left, written to the log by the leader: whenever it has fallen by a step, before leadership is handed
 * over, and the whole TTL again before such a lease is renewed. Many leases share an entry.
 */
import type { Clock, Logger, Timer } from '@flotilla/base';
import {
  type Lessor,
  type LeaseRemainder,
  encodeLeaseCheckpoint,
  maxCheckpointLeases,
  toRpcError,
} from '@flotilla/store';
import { RpcError } from '@flotilla/wire';
import type { Proposals } from './proposals.ts';
import type { StateMachine } from './state-machine.ts';

/** How often fallen leases are looked for, and how many entries are written then: some 65,000 leases a second. */
const lookPeriodMs = 250;
const entriesPerLook = 16;

export interface LeaseCheckpointsOptions {
  readonly machine: StateMachine;
  readonly proposals: Pick<Proposals, 'submit'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Raft's term: while this member leads, that of its leadership. */
  readonly term: () => number;
  readonly onFailure: (error: unknown) => void;
}

export class LeaseCheckpoints {
  readonly #options: LeaseCheckpointsOptions;
  readonly #timer: Timer;
  #lowering = false;
  /** Leases whose whole TTL is to be written down with the next entry, and what that comes to. */
  #restoring: { readonly ids: Set<bigint>; readonly written: Promise<void> } | undefined;

  constructor(options: LeaseCheckpointsOptions) {
    this.#options = options;
    this.#timer = options.clock.every(lookPeriodMs, () => {
      this.#lowerFallen().catch(options.onFailure);
    });
  }

  stop(): void {
    this.#timer.cancel();
  }

  /** Writes down what every lease has left; gives up, without a word to anybody, when that can't be done. */
  async lowerAll(): Promise<void> {
    const { machine, clock } = this.#options;
    if (machine.lessor.isPrimary) await this.#lower(machine.lessor.allFallen(clock.monotonicMs()));
  }

  /**
   * Writes the whole TTL of a lease down, together with those of other renewals that came in the same moment.
   * @throws RpcError when that fails: then nobody knows what the log says.
   */
  restore(id: bigint): Promise<void> {
    if (!this.#restoring || this.#restoring.ids.size >= maxCheckpointLeases) {
      const ids = new Set<bigint>();
      this.#restoring = { ids, written: this.#restoreSoon(ids) };
    }
    this.#restoring.ids.add(id);
    return this.#restoring.written;
  }

  async #restoreSoon(ids: Set<bigint>): Promise<void> {
    // Renewals that one round of reads confirmed together join.
    await Promise.resolve();
    if (this.#restoring?.ids === ids) this.#restoring = undefined;
    const { lessor, store } = this.#options.machine;
    const proposed: { readonly id: bigint; readonly lowering: number }[] = [];
    const whole: LeaseRemainder[] = [];
    for (const id of ids) {
      const lowering = lessor.lowering(id);
      const lease = store.leases.get(id);
      if (lowering === undefined || !lease) continue;
      proposed.push({ id, lowering });
      whole.push({ id, remainingMs: lease.ttlSeconds * 1000 });
    }
    if (whole.length === 0) return;
    await this.#write(lessor, whole);
    for (const { id, lowering } of proposed) lessor.restored(id, lowering);
  }

  async #lowerFallen(): Promise<void> {
    const { machine, clock } = this.#options;
    if (this.#lowering || !machine.lessor.isPrimary) return;
    this.#lowering = true;
    // What would have fallen by more than a step at the next look is written down now.
    const limits = { withinMs: lookPeriodMs, limit: entriesPerLook * maxCheckpointLeases };
    await this.#lower(machine.lessor.fallen(clock.monotonicMs(), limits)).finally(() => (this.#lowering = false));
  }

  async #lower(leases: readonly LeaseRemainder[]): Promise<void> {
    const { machine, logger } = this.#options;
    const entries: Promise<void>[] = [];
    for (let at = 0; at < leases.length; at += maxCheckpointLeases) {
      entries.push(this.#write(machine.lessor, leases.slice(at, at + maxCheckpointLeases)));
    }
    for (const result of await Promise.allSettled(entries)) {
      if (result.status === 'fulfilled') continue;
      if (!(result.reason instanceof RpcError)) throw result.reason;
      logger.debug('what leases have left is not written down yet', { err: result.reason });
    }
  }

  /** @throws RpcError when it is refused or lost, or this member has ceased to lead meanwhile. */
  async #write(lessor: Lessor, leases: readonly LeaseRemainder[]): Promise<void> {
    const { proposals, term } = this.#options;
    const body = encodeLeaseCheckpoint({ term: term(), leases });
    const outcome = await proposals.submit('leaseCheckpoint', body);
    if (!outcome.ok) throw toRpcError(outcome.error.code);
    if (!lessor.isPrimary) throw toRpcError('notPrimaryLessor');
  }
}
