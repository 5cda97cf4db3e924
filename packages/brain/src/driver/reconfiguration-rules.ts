/**
 * etcd's rules for changes of the membership, beyond what applying one asks: a voter is added or removed only while that leaves
 * enough members that have started and, for the last five seconds, could be reached; a learner is promoted once it has caught up.
 */
import type { Clock } from '@flotilla/base';
import type { NodeId, RaftStatus } from '@flotilla/raft';
import type { MemberRecord, StoreErrorCode } from '@flotilla/store';
import { etcdserverpb, toId } from '@flotilla/wire';
import type { BrainSettings } from '../options.ts';
import type { Roster } from './roster.ts';
import type { StateMachine } from './state-machine.ts';

/** Who could be reached for this long is healthy. */
const healthMs = 5000;
/** A learner has caught up with so much of the leader's log. */
const readyShare = 0.9;

export interface ReconfigurationRulesOptions {
  readonly settings: BrainSettings;
  readonly machine: StateMachine;
  readonly roster: Pick<Roster, 'aliveSinceMs'>;
  readonly clock: Clock;
}

export class ReconfigurationRules {
  readonly #options: ReconfigurationRulesOptions;

  constructor(options: ReconfigurationRulesOptions) {
    this.#options = options;
  }

  refusedAdd({ isLearner }: { readonly isLearner: boolean }): StoreErrorCode | undefined {
    if (!this.#isStrict) return undefined;
    const voters = this.#voters;
    const started = startedCount(voters);
    // The second member of a single one may be added although it can't have started yet.
    const isSecond = started === 1 && voters.size === 1;
    if (!isLearner && !isSecond && started < majority(voters.size + 1)) return 'notEnoughStartedMembers';
    return this.#healthyCount(voters) < voters.size ? 'unhealthy' : undefined;
  }

  refusedRemoval(id: NodeId): StoreErrorCode | undefined {
    const { machine, roster, settings } = this.#options;
    if (!this.#isStrict || machine.store.membership.members.get(id)?.isLearner === true) return undefined;
    const voters = this.#voters;
    const rest = new Map([...voters].filter(([voter]) => voter !== id));
    if (startedCount(rest) < majority(rest.size)) return 'notEnoughStartedMembers';
    // Who can't be reached is no part of the quorum that is at work.
    if (id !== settings.membership.self.id && roster.aliveSinceMs(id) === undefined) return undefined;
    return this.#healthyCount(voters) - 1 < 1 + Math.floor((voters.size - 1) / 2) ? 'unhealthy' : undefined;
  }

  /** To be asked on the leader. @param body of the entry that promotes */
  refusedPromotion({ id: leader, progress }: RaftStatus, body: Uint8Array): StoreErrorCode | undefined {
    const id = BigInt.asUintN(64, toId(etcdserverpb.MemberPromoteRequest.decode(body).ID));
    const match = progress.get(id)?.match;
    if (match !== undefined && match < (progress.get(leader)?.match ?? 0) * readyShare) return 'learnerNotReady';
    const voters = this.#voters;
    // The learner is counted as one that has started.
    const isEnough = startedCount(voters) + 1 >= majority(voters.size + 1);
    return this.#isStrict && !isEnough ? 'notEnoughStartedMembers' : undefined;
  }

  get #isStrict(): boolean {
    return this.#options.settings.strictReconfigCheck;
  }

  get #voters(): ReadonlyMap<NodeId, MemberRecord> {
    const { members } = this.#options.machine.store.membership;
    return new Map([...members].filter(([, { isLearner }]) => !isLearner));
  }

  #healthyCount(voters: ReadonlyMap<NodeId, MemberRecord>): number {
    const { settings, roster, clock } = this.#options;
    const sinceMs = clock.monotonicMs() - healthMs;
    const isHealthy = (id: NodeId): boolean =>
      id === settings.membership.self.id || (roster.aliveSinceMs(id) ?? Infinity) < sinceMs;
    return [...voters.keys()].filter(isHealthy).length;
  }
}

function startedCount(members: ReadonlyMap<NodeId, MemberRecord>): number {
  return [...members.values()].filter(({ name }) => name !== '').length;
}

function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}
