/**
 * Linearizable reads. All reads that wait when a round begins share it; a read that arrives while a round is under way waits
 * for the next one, because only a round that begins after it proves what it needs. A follower's round goes to the leader.
 * A round that gets no answer is begun anew, under a new context: reads are safe to repeat.
 */
import type { Clock, Randomness } from '@flotilla/base';
import type { Raft } from '@flotilla/raft';
import { type StoreErrorCode, toRpcError } from '@flotilla/store';

/** A round without an answer is begun anew after this time. */
const retryMs = 500;
const maxWaiting = 65_536;

export interface ReadsOptions {
  readonly self: bigint;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly requestTimeoutMs: number;
  /** Asks for a turn. */
  readonly schedule: () => void;
  readonly appliedIndex: () => number;
}

interface Reader {
  readonly startedMs: number;
  resolve(): void;
  reject(error: Error): void;
}

interface Round {
  readonly context: string;
  readonly sentMs: number;
  readonly readers: Reader[];
}

export class Reads {
  readonly #options: ReadsOptions;
  /** No other member and no earlier run of this one has used it. */
  readonly #prefix: string;
  #rounds = 0;
  #slowRounds = 0;
  #failedRounds = 0;
  #waiting: Reader[] = [];
  #round: Round | undefined;
  /** Confirmed, and waiting for the state to reach the index; in order of indexes. */
  #confirmed: { readonly index: number; readonly readers: Reader[] }[] = [];

  constructor(options: ReadsOptions) {
    this.#options = options;
    const run = Buffer.from(options.randomness.bytes(8)).toString('hex');
    this.#prefix = `${options.self.toString(16)}/${run}/`;
  }

  /** Rounds that were answered too late, or whose readers waited too long. */
  get slowRounds(): number {
    return this.#slowRounds;
  }

  /** Rounds that a change of leader broke off. */
  get failedRounds(): number {
    return this.#failedRounds;
  }

  /**
   * Resolves when the local state holds everything that was committed when this was called.
   * @throws RpcError (as a rejection) when that can't be confirmed in time.
   */
  confirm(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length >= maxWaiting) return reject(toRpcError('tooManyRequests'));
      this.#waiting.push({ startedMs: this.#options.clock.monotonicMs(), resolve, reject });
      this.#options.schedule();
    });
  }

  /** Begins a round when reads wait and none is under way. */
  flush(raft: Raft): void {
    if (this.#round || this.#waiting.length === 0) return;
    const context = `${this.#prefix}${this.#rounds}`;
    if (raft.readIndex(context) !== 'accepted') return;
    this.#rounds++;
    this.#round = { context, sentMs: this.#options.clock.monotonicMs(), readers: this.#waiting };
    this.#waiting = [];
  }

  /** Raft answered a round: reads may be served from `index` on. */
  confirmedAt(context: string, index: number): void {
    if (this.#round?.context !== context) {
      this.#slowRounds++;
      return;
    }
    const { readers } = this.#round;
    this.#round = undefined;
    if (index <= this.#options.appliedIndex()) for (const reader of readers) reader.resolve();
    else this.#confirmed.push({ index, readers });
    if (this.#waiting.length > 0) this.#options.schedule();
  }

  /** The state has reached `index`. */
  applied(index: number): void {
    while (this.#confirmed.length > 0 && (this.#confirmed[0]?.index ?? 0) <= index) {
      for (const reader of this.#confirmed.shift()?.readers ?? []) reader.resolve();
    }
  }

  /** The round under way went to a leader that is gone. */
  leaderChanged(): void {
    if (this.#round) this.#failedRounds++;
    this.#abandonRound();
  }

  #abandonRound(): void {
    if (!this.#round) return;
    this.#waiting = [...this.#round.readers, ...this.#waiting];
    this.#round = undefined;
    this.#options.schedule();
  }

  /** Fails reads that have waited too long, and repeats a round that gets no answer. */
  expire(nowMs: number): void {
    const { requestTimeoutMs } = this.#options;
    const late = (reader: Reader | undefined): boolean =>
      reader !== undefined && reader.startedMs + requestTimeoutMs <= nowMs;
    if (this.#round && this.#round.sentMs + retryMs <= nowMs) this.#abandonRound();
    if (late(this.#waiting[0])) {
      this.#slowRounds++;
      for (const reader of this.#waiting.filter(late)) reader.reject(toRpcError('timeout'));
      this.#waiting = this.#waiting.filter((reader) => !late(reader));
    }
    while (late(this.#confirmed[0]?.readers[0])) {
      for (const reader of this.#confirmed.shift()?.readers ?? []) reader.reject(toRpcError('timeoutAppliedIndex'));
    }
  }

  failAll(code: StoreErrorCode): void {
    const readers = [...this.#waiting, ...(this.#round?.readers ?? []), ...this.#confirmed.flatMap((c) => c.readers)];
    this.#waiting = [];
    this.#round = undefined;
    this.#confirmed = [];
    for (const reader of readers) reader.reject(toRpcError(code));
  }
}
