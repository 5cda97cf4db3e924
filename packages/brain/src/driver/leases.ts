/**
 * The time of leases. Only the leader keeps it; the others pass keep-alives and questions about the time left on to it. No
 * answer rests on a clock alone: each is given only after a ReadIndex round that began after the question arrived.
 */
import type { Clock, Logger, Timer } from '@flotilla/base';
import { type Renewal, root, toRpcError } from '@flotilla/store';
import { RpcError, StatusCode, etcdserverpb, fromId } from '@flotilla/wire';
import { decodeValue, encodeValue } from '../transport/frame.ts';
import type { LeaseMetrics } from '../metrics.ts';
import type { PeerTransport } from '../transport/transport.ts';
import type { Leadership } from './leadership.ts';
import type { LeaseCheckpoints } from './lease-checkpoints.ts';
import type { Proposals } from './proposals.ts';
import type { Reads } from './reads.ts';
import type { StateMachine } from './state-machine.ts';

/** How often expired leases are looked for, and how many are revoked then: at most 1,000 a second. */
const expiryPeriodMs = 500;
const expiryLimit = 500;
/** A question to the leader that failed is asked again after this time. */
const retryMs = 50;

export interface LeasesOptions {
  readonly machine: StateMachine;
  readonly leadership: Leadership;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly checkpoints: LeaseCheckpoints;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly electionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly metrics: Pick<LeaseMetrics, 'renewed' | 'expired'>;
  readonly onFailure: (error: unknown) => void;
}

/** What the leader answers about a lease; `ttlSeconds` is 0 (renew) or -1 (time to live) for an unknown one. */
export interface LeaseAnswer {
  readonly ttlSeconds: number;
  readonly grantedTtlSeconds: number;
}

export class Leases {
  readonly #options: LeasesOptions;
  readonly #timer: Timer;
  #revoking = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#timer = options.clock.every(expiryPeriodMs, () => {
      this.#expire().catch(options.onFailure);
    });
  }

  /** The leader keeps the time, from the first entry of its own term that it has applied. */
  consider(term: number): void {
    const { machine, leadership, electionTimeoutMs } = this.#options;
    const { lessor, store } = machine;
    if (!leadership.leads) {
      if (lessor.isPrimary) lessor.demote();
    } else if (!lessor.isPrimary && store.appliedTerm === term) {
      lessor.promote({ extendMs: electionTimeoutMs });
    }
  }

  stop(): void {
    this.#timer.cancel();
    this.#options.checkpoints.stop();
    this.#options.machine.lessor.demote();
  }

  /** Starts a lease's time anew. @throws RpcError when no leader answers in time. */
  renew(id: bigint, signal: AbortSignal): Promise<LeaseAnswer> {
    return this.#ask({ kind: 'renew', id }, signal);
  }

  /** The time that a lease has left. @throws RpcError when no leader answers in time. */
  timeToLive(id: bigint, signal: AbortSignal): Promise<LeaseAnswer> {
    return this.#ask({ kind: 'timeToLive', id }, signal);
  }

  /** Answers another member's question, if this one leads. */
  async answer(question: Uint8Array): Promise<Uint8Array> {
    return encodeValue(await this.#answerAsLeader(decodeQuestion(question)));
  }

  async #ask(question: Question, signal: AbortSignal): Promise<LeaseAnswer> {
    const { leadership, clock, requestTimeoutMs } = this.#options;
    const deadlineMs = clock.monotonicMs() + requestTimeoutMs;
    for (;;) {
      try {
        if (leadership.leads) return await this.#answerAsLeader(question);
        if (leadership.known) return await this.#askLeader(question, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        this.#options.logger.debug('the leader did not answer about a lease', { err: error });
      }
      const leftMs = deadlineMs - clock.monotonicMs();
      if (signal.aborted || leftMs <= 0) throw toRpcError('timeout');
      await leadership.changed({ timeoutMs: Math.min(leftMs, retryMs), signal });
    }
  }

  async #askLeader({ kind, id }: Question, signal: AbortSignal): Promise<LeaseAnswer> {
    const { transport, leadership } = this.#options;
    const answer = decodeValue(
      await transport.ask(leadership.leader, encodeValue({ kind, id: id.toString() }), signal),
    );
    const { ttlSeconds, grantedTtlSeconds } = answer;
    if (typeof ttlSeconds !== 'number' || typeof grantedTtlSeconds !== 'number') throw new Error('an unknown answer');
    return { ttlSeconds, grantedTtlSeconds };
  }

  async #answerAsLeader({ kind, id }: Question): Promise<LeaseAnswer> {
    const { reads, machine, metrics } = this.#options;
    await reads.confirm();
    const { lessor, store } = machine;
    if (!lessor.isPrimary) throw toRpcError('notPrimaryLessor');
    const grantedTtlSeconds = store.leases.get(id)?.ttlSeconds ?? 0;
    if (kind === 'timeToLive') {
      return { ttlSeconds: lessor.remainingSeconds(id) ?? -1, grantedTtlSeconds };
    }
    const renewed = await this.#renew(id);
    if (typeof renewed === 'number') metrics.renewed.add(1);
    if (renewed === 'expired') await lessor.revoked(id);
    // A leader that was deposed meanwhile does not know whether the next one lets the lease end.
    const isUnknown = renewed === 'notPrimary' || (renewed === 'expired' && machine.store.leases.get(id) !== undefined);
    if (isUnknown) throw toRpcError('notPrimaryLessor');
    return { ttlSeconds: typeof renewed === 'number' ? renewed : 0, grantedTtlSeconds };
  }

  /** Renews a lease; if the log may say that less than the TTL is left, then once it says otherwise. */
  async #renew(id: bigint): Promise<Exclude<Renewal, 'lowered'>> {
    const { machine, leadership, checkpoints } = this.#options;
    const { lessor } = machine;
    const { changes } = leadership;
    for (;;) {
      const renewed = lessor.renew(id);
      if (renewed !== 'lowered') return renewed;
      await checkpoints.restore(id);
      // A leader that was deposed meanwhile and leads again does not know what the one between them did.
      if (leadership.changes !== changes) return 'notPrimary';
    }
  }

  /** Revokes what is past its time, once this member is sure that it still leads. */
  async #expire(): Promise<void> {
    const { machine, leadership, reads, clock, logger } = this.#options;
    if (this.#revoking || !machine.lessor.isPrimary) return;
    const due = machine.lessor.expired(clock.monotonicMs(), expiryLimit);
    if (due.length === 0) return;
    this.#revoking = true;
    const { changes } = leadership;
    try {
      await reads.confirm();
      // A leader that was deposed meanwhile and leads again has started every lease anew.
      if (machine.lessor.isPrimary && leadership.changes === changes)
        await Promise.all(due.map((id) => this.#revoke(id)));
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      logger.debug('expired leases are not revoked yet', { err: error });
    } finally {
      this.#revoking = false;
    }
  }

  async #revoke(id: bigint): Promise<void> {
    const body = etcdserverpb.LeaseRevokeRequest.encode({ ID: fromId(id) }).finish();
    const { enabled, revision } = this.#options.machine.store.auth;
    const caller = enabled ? { name: root, authRevision: revision } : undefined;
    const { ok } = await this.#options.proposals.submit('leaseRevoke', body, caller);
    if (ok) this.#options.metrics.expired.add(1);
  }
}

interface Question {
  readonly kind: 'renew' | 'timeToLive';
  readonly id: bigint;
}

/** @throws RpcError for bytes that are no question. */
function decodeQuestion(bytes: Uint8Array): Question {
  const { kind, id } = decodeValue(bytes);
  if ((kind !== 'renew' && kind !== 'timeToLive') || typeof id !== 'string' || !/^-?\d{1,20}$/.test(id)) {
    throw new RpcError(StatusCode.INVALID_ARGUMENT, 'a question that is not of this protocol');
  }
  return { kind, id: BigInt(id) };
}
