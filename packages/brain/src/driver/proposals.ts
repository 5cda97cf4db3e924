/**
 * Proposals of this member's clients: collected over a turn, handed to raft as one batch, answered when they are applied
 * here. Each is given to raft once. Without a leader, or while leadership moves, they wait unsent.
 *
 * Invariant: sent proposals stand in the order of the terms they were sent in. When an entry of a later term is applied,
 * those sent in earlier terms and not applied yet were lost with their leader, or as good as: they fail at once.
 */
import type { Clock, Randomness } from '@flotilla/base';
import type { Raft } from '@flotilla/raft';
import {
  type Applied,
  type Caller,
  type EntryResponse,
  type EntrySource,
  type EntryType,
  type Outcome,
  type StoreErrorCode,
  encodeEntry,
  isFrom,
  maxCallerNameBytes,
  sourceOf,
  toRpcError,
} from '@flotilla/store';
import type { SpaceQuota } from './space-quota.ts';

/** The most that waits for answers; more is refused. */
const maxPending = 65_536;
const maxQueuedBytes = 256 * 1024 * 1024;
/** The most data of one batch; more makes several. */
const maxBatchBytes = 4 * 1024 * 1024;

export interface ProposalsOptions {
  readonly self: bigint;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly requestTimeoutMs: number;
  readonly maxRequestBytes: number;
  /** Asks for a turn. */
  readonly schedule: () => void;
  /** Entries that are committed and not applied. */
  readonly applyLag: () => number;
  readonly quota: Pick<SpaceQuota, 'hasRoomFor' | 'alarm'>;
  /** Why a proposal that began then has timed out. */
  readonly timeoutReason: (startedMs: number) => StoreErrorCode;
}

/** Committed entries that may wait to be applied before requests are refused. */
const maxApplyLag = 5000;

interface Pending {
  readonly counter: number;
  readonly data: Uint8Array;
  readonly startedMs: number;
  /** The term it was given to raft in; 0 before. */
  term: number;
  resolve(outcome: Outcome<EntryResponse>): void;
  reject(error: Error): void;
}

export class Proposals {
  readonly #options: ProposalsOptions;
  /** Names this run, so that entries of an earlier one never answer calls of this one. */
  readonly #source: EntrySource;
  #counter = 0;
  #queue: Pending[] = [];
  #queuedBytes = 0;
  readonly #sent = new Map<number, Pending>();
  #failed = 0;

  constructor(options: ProposalsOptions) {
    this.#options = options;
    const run = Buffer.from(options.randomness.bytes(4)).readUInt32BE();
    this.#source = sourceOf({ memberId: options.self, run });
  }

  /** How many wait for their answers. */
  get pendingCount(): number {
    return this.#queue.length + this.#sent.size;
  }

  /** How many failed, in all. */
  get failedCount(): number {
    return this.#failed;
  }

  /**
   * Proposes an entry; resolves with what became of it when it is applied here.
   * @param caller who asked for it; nobody in particular unless told
   * @throws RpcError (as a rejection) when it is refused, lost or too late: then it may or may not have happened.
   */
  submit(type: EntryType, body: Uint8Array, caller?: Caller): Promise<Outcome<EntryResponse>> {
    return this.#options.quota.hasRoomFor(type, body) ? this.#submit(type, body, caller) : this.#refuseWithoutRoom();
  }

  /** Raises the alarm first: who is refused may look for it. */
  async #refuseWithoutRoom(): Promise<never> {
    await this.#submit('alarm', this.#options.quota.alarm);
    throw toRpcError('noSpace');
  }

  #submit(type: EntryType, body: Uint8Array, caller?: Caller): Promise<Outcome<EntryResponse>> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal(body, caller);
      if (refusal) return reject(toRpcError(refusal));
      const counter = ++this.#counter;
      const data = encodeEntry({ type, source: this.#source, requestId: counter, caller, body });
      const startedMs = this.#options.clock.monotonicMs();
      this.#queue.push({ counter, data, startedMs, term: 0, resolve, reject });
      this.#queuedBytes += data.length;
      this.#options.schedule();
    });
  }

  #refusal(body: Uint8Array, caller: Caller | undefined): StoreErrorCode | undefined {
    const { maxRequestBytes, applyLag } = this.#options;
    if (body.length > maxRequestBytes) return 'requestTooLarge';
    if (caller && Buffer.byteLength(caller.name) > maxCallerNameBytes) return 'requestTooLarge';
    const full = this.pendingCount >= maxPending || this.#queuedBytes >= maxQueuedBytes;
    return full || applyLag() > maxApplyLag ? 'tooManyRequests' : undefined;
  }

  /** Hands what waits to raft, in batches. */
  flush(raft: Raft): void {
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch();
      const acceptance = raft.propose(batch.map((pending) => pending.data));
      if (acceptance !== 'accepted') return;
      this.#queue.splice(0, batch.length);
      for (const pending of batch) {
        pending.term = raft.term;
        this.#queuedBytes -= pending.data.length;
        this.#sent.set(pending.counter, pending);
      }
    }
  }

  #nextBatch(): readonly Pending[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && (count === 0 || bytes < maxBatchBytes)) {
      bytes += this.#queue[count]?.data.length ?? 0;
      count++;
    }
    return this.#queue.slice(0, count);
  }

  /** An entry was applied; if it is ours, its call is answered. */
  applied(data: Uint8Array, { requestId, outcome }: Applied): void {
    if (!isFrom(data, this.#source)) return;
    const pending = this.#sent.get(requestId);
    if (!pending) return;
    this.#sent.delete(requestId);
    pending.resolve(outcome);
  }

  /** An entry of `term` was applied: what was sent in earlier terms is not coming any more. */
  reachedTerm(term: number): void {
    for (const pending of this.#sent.values()) {
      if (pending.term >= term) return;
      this.#sent.delete(pending.counter);
      this.#reject(pending, 'leaderChanged');
    }
  }

  /** What was sent may have been applied by a snapshot: nobody can tell. */
  skipped(): void {
    for (const pending of this.#sent.values()) this.#reject(pending, 'leaderChanged');
    this.#sent.clear();
  }

  /** Fails what has waited too long. Both lists are in order of arrival. */
  expire(nowMs: number): void {
    const { requestTimeoutMs, timeoutReason } = this.#options;
    for (const pending of this.#sent.values()) {
      if (pending.startedMs + requestTimeoutMs > nowMs) break;
      this.#sent.delete(pending.counter);
      this.#reject(pending, timeoutReason(pending.startedMs));
    }
    let late = 0;
    while (late < this.#queue.length && (this.#queue[late]?.startedMs ?? nowMs) + requestTimeoutMs <= nowMs) late++;
    for (const pending of this.#queue.splice(0, late)) {
      this.#queuedBytes -= pending.data.length;
      // It surely did not happen. etcd gives the end of the call's own time then.
      this.#reject(pending, 'deadlineExceeded');
    }
  }

  /** Fails everything. */
  failAll(code: StoreErrorCode): void {
    for (const pending of [...this.#sent.values(), ...this.#queue]) this.#reject(pending, code);
    this.#sent.clear();
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  #reject(pending: Pending, code: StoreErrorCode): void {
    this.#failed++;
    pending.reject(toRpcError(code));
  }
}
