/**
 * Changes of the membership, from the member that was asked to the leader that appends them. A change is an entry of the store,
 * carried by one of raft's conf changes. It leaves this member once; the call is answered when it is applied here.
 */
import type { Clock, Randomness } from '@flotilla/base';
import {
  type ConfChange,
  ConfChangeFormatError,
  type MemberChange,
  type NodeId,
  type Raft,
  decodeConfChange,
  encodeConfChange,
  noNode,
} from '@flotilla/raft';
import {
  type Applied,
  type EntryResponse,
  type EntrySource,
  type MembershipEntryType,
  type Outcome,
  type StoreErrorCode,
  decodeEntry,
  encodeEntry,
  etcdErrors,
  isFrom,
  sourceOf,
  textOf,
  toRpcError,
} from '@flotilla/store';
import { RpcError, StatusCode } from '@flotilla/wire';
import { decodeValue, encodeValue } from '../transport/frame.ts';
import type { PeerTransport } from '../transport/transport.ts';
import type { Tally, TalliedCounter } from '../tallied-counter.ts';
import type { Leadership } from './leadership.ts';
import type { ReconfigurationRules } from './reconfiguration-rules.ts';

/** A leader that can't take a change yet, or a leader that is not known yet, is asked again after this time. */
const retryMs = 20;
/** More calls may not wait; each is a change of the whole cluster. */
const maxWaiting = 64;

export interface ReconfigurationOptions {
  readonly self: NodeId;
  readonly raft: Raft;
  readonly rules: ReconfigurationRules;
  readonly transport: PeerTransport;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly requestTimeoutMs: number;
  readonly metrics: PromotionMetrics;
  /** Asks for a turn. */
  readonly schedule: () => void;
  /** Why a request that began then has timed out. */
  readonly timeoutReason: (startedMs: number) => StoreErrorCode;
}

/** Told what became of promotions of learners while this member led. */
export interface PromotionMetrics {
  readonly learnerPromotions: Tally;
  readonly failedLearnerPromotions: TalliedCounter<'Reason'>;
}

/** What is to become of one member, and the entry that says so. */
export interface MembershipRequest {
  readonly type: MembershipEntryType;
  readonly body: Uint8Array;
  readonly member: MemberChange;
}

interface Waiting {
  /** The term that it went to the leader in; 0 before. */
  term: number;
  resolve(outcome: Outcome<EntryResponse>): void;
  reject(error: Error): void;
}

/** What a leader makes of a change; `later`: it can't take it now, or does not lead. */
type Acceptance = 'accepted' | 'later' | StoreErrorCode;

export class Reconfiguration {
  readonly #options: ReconfigurationOptions;
  /** Names this run, so that entries of an earlier one never answer calls of this one. */
  readonly #source: EntrySource;
  #counter = 0;
  readonly #waiting = new Map<number, Waiting>();

  constructor(options: ReconfigurationOptions) {
    this.#options = options;
    const run = Buffer.from(options.randomness.bytes(4)).readUInt32BE();
    this.#source = sourceOf({ memberId: options.self, run });
  }

  /**
   * Resolves with what became of a change when it is applied here.
   * @throws RpcError (as a rejection) when it is refused, lost or too late: then it may or may not have happened.
   */
  async submit({ type, body, member }: MembershipRequest): Promise<Outcome<EntryResponse>> {
    // Raft has no word for it, and no member has it.
    if (member.id === noNode) throw toRpcError('memberNotFound');
    if (this.#waiting.size >= maxWaiting) throw toRpcError('tooManyRequests');
    const { clock, requestTimeoutMs, timeoutReason } = this.#options;
    const requestId = ++this.#counter;
    const context = encodeEntry({ type, source: this.#source, requestId, body });
    const startedMs = clock.monotonicMs();
    const applied = new Promise<Outcome<EntryResponse>>((resolve, reject) => {
      this.#waiting.set(requestId, { term: 0, resolve, reject });
    });
    const timer = clock.after(requestTimeoutMs, () => this.#fail(requestId, timeoutReason(startedMs)));
    applied.catch((error: unknown) => error);
    try {
      const change: ConfChange = { kind: 'change', transition: 'auto', members: [member], context };
      const refused = await this.#deliver(change, requestId);
      if (refused) throw toRpcError(refused);
      return await applied;
    } finally {
      timer.cancel();
      this.#waiting.delete(requestId);
    }
  }

  /** A conf change was applied; if it is ours, its call is answered. */
  applied(context: Uint8Array, { type, requestId, outcome }: Applied): void {
    if (type === 'memberPromote' && this.#options.leadership.leads)
      this.#countPromotion(outcome.ok ? undefined : outcome.error.code);
    if (isFrom(context, this.#source)) this.#waiting.get(requestId)?.resolve(outcome);
  }

  /** An entry of `term` was applied: what went to earlier leaders is not coming any more. */
  reachedTerm(term: number): void {
    for (const [requestId, waiting] of this.#waiting) {
      if (waiting.term > 0 && waiting.term < term) this.#fail(requestId, 'leaderChanged');
    }
  }

  /** What went to a leader may have been applied by a snapshot: nobody can tell. */
  skipped(): void {
    this.reachedTerm(Infinity);
  }

  /** Another member's change, for this one to append if it leads. */
  answer(question: Uint8Array): Uint8Array {
    return encodeValue({ acceptance: this.#propose(changeIn(question)) });
  }

  /** Fails everything that waits. */
  failAll(code: StoreErrorCode): void {
    for (const requestId of this.#waiting.keys()) this.#fail(requestId, code);
  }

  #fail(requestId: number, code: StoreErrorCode): void {
    this.#waiting.get(requestId)?.reject(toRpcError(code));
    this.#waiting.delete(requestId);
  }

  /** Brings a change to the leader, once, while its call waits. Resolves with what the leader has against it. */
  async #deliver(change: ConfChange, requestId: number): Promise<StoreErrorCode | undefined> {
    const { raft, leadership, transport } = this.#options;
    for (let waiting = this.#waiting.get(requestId); waiting; waiting = this.#waiting.get(requestId)) {
      const { leader } = leadership;
      let acceptance: Acceptance = 'later';
      waiting.term = raft.term;
      if (leadership.leads) acceptance = this.#propose(change);
      else if (leader !== noNode && transport.connected(leader)) acceptance = await this.#askLeader(leader, change);
      if (acceptance === 'accepted') return undefined;
      if (acceptance !== 'later') return acceptance;
      waiting.term = 0;
      await leadership.changed({ timeoutMs: retryMs });
    }
    return undefined;
  }

  /** A question that got no answer may have been heard: it is not asked again. */
  async #askLeader(leader: NodeId, change: ConfChange): Promise<Acceptance> {
    const { transport, clock, requestTimeoutMs } = this.#options;
    const abort = new AbortController();
    const timer = clock.after(requestTimeoutMs, () => abort.abort());
    try {
      const question = encodeValue({ kind: 'confChange', change: encodeConfChange(change) });
      const { acceptance } = decodeValue(await transport.ask(leader, question, abort.signal));
      return isAcceptance(acceptance) ? acceptance : 'accepted';
    } catch {
      return 'accepted';
    } finally {
      timer.cancel();
    }
  }

  #countPromotion(refused: StoreErrorCode | undefined): void {
    const { learnerPromotions, failedLearnerPromotions } = this.#options.metrics;
    if (refused) failedLearnerPromotions.tally({ Reason: textOf(refused) }).add(1);
    else learnerPromotions.add(1);
  }

  #propose(change: ConfChange): Acceptance {
    const { raft, rules, schedule } = this.#options;
    if (raft.role !== 'leader') return 'later';
    const { type, body } = decodeEntry(change.context);
    const refused = type === 'memberPromote' ? rules.refusedPromotion(raft.status(), body) : undefined;
    if (refused) {
      this.#countPromotion(refused);
      return refused;
    }
    switch (raft.proposeConfChange(change)) {
      case 'accepted':
        schedule();
        return 'accepted';
      case 'invalid':
        // The last voter stays: nobody could decide anything without it.
        return 'notEnoughStartedMembers';
      default:
        return 'later';
    }
  }
}

function isAcceptance(value: unknown): value is Acceptance {
  return typeof value === 'string' && (value === 'accepted' || value === 'later' || Object.hasOwn(etcdErrors, value));
}

/** @throws RpcError when there is none in it. */
function changeIn(question: Uint8Array): ConfChange {
  const { change } = decodeValue(question);
  try {
    if (change instanceof Uint8Array) return decodeConfChange(change);
  } catch (error) {
    if (!(error instanceof ConfChangeFormatError)) throw error;
  }
  throw new RpcError(StatusCode.INVALID_ARGUMENT, 'a question that is not of this protocol');
}
