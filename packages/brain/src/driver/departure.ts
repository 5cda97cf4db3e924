/**
 * How a member learns that it was removed, and leaves. It goes on answering until a voter of the new configuration is known to
 * have applied the removal: before that, the others may need its vote. The word of such a voter comes as a refused connection, or
 * as the answer to a question that a member asks when it has applied its own removal, or has heard of no leader for a while. Who
 * has no vote does not notice that a leader is silent (it is sent nothing any more, and never campaigns), so it asks now and then.
 */
import type { Clock } from '@flotilla/base';
import { type NodeId, type Raft, isVoter, members } from '@flotilla/raft';
import { decodeValue, encodeValue } from '../transport/frame.ts';
import type { PeerTransport } from '../transport/transport.ts';
import type { Leadership } from './leadership.ts';
import type { Roster } from './roster.ts';
import type { StateMachine } from './state-machine.ts';

/** Who has no vote asks once in so many election timeouts. */
const nonVoterTimeouts = 5;

export interface DepartureOptions {
  readonly self: NodeId;
  readonly machine: StateMachine;
  readonly raft: Pick<Raft, 'config'>;
  /** Knows the others before the state does, and whom this member may send away. */
  readonly roster: Pick<Roster, 'others' | 'mayDismiss'>;
  readonly transport: PeerTransport;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly electionTimeoutMs: number;
  readonly signal: AbortSignal;
  /** This member was removed for good: writes it down, and stops the member. */
  readonly leave: () => void;
}

export class Departure {
  readonly #options: DepartureOptions;
  #askedMs = -Infinity;
  /** Members that have not answered yet. */
  readonly #asking = new Set<NodeId>();
  #hasLeft = false;

  constructor(options: DepartureOptions) {
    this.#options = options;
  }

  /** A voter says that this member was removed. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#options.leave();
  }

  /** To be called with every tick. */
  consider(): void {
    const { clock, electionTimeoutMs } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#hasLeft || nowMs - this.#askedMs < electionTimeoutMs / 2 || !this.#hasReasonToAsk(nowMs)) return;
    this.#askedMs = nowMs;
    const { raft, roster } = this.#options;
    const known = members(raft.config);
    for (const id of known.length > 0 ? known : roster.others) void this.#ask(id);
  }

  /** Whether the one that asks was removed, as far as a voter knows. */
  answer(from: NodeId): Uint8Array {
    return encodeValue({ isRemoved: this.#options.roster.mayDismiss(from) });
  }

  #hasReasonToAsk(nowMs: number): boolean {
    const { self, machine, raft, leadership, electionTimeoutMs } = this.#options;
    if (leadership.leads) return false;
    if (machine.store.membership.removed.has(self)) return true;
    if (!isVoter(raft.config, self)) return nowMs - this.#askedMs > nonVoterTimeouts * electionTimeoutMs;
    return !leadership.known && nowMs - leadership.sinceMs > 2 * electionTimeoutMs;
  }

  async #ask(id: NodeId): Promise<void> {
    const { self, transport, clock, electionTimeoutMs, signal } = this.#options;
    if (id === self || this.#asking.has(id) || !transport.connected(id)) return;
    this.#asking.add(id);
    // One signal of its own: those of `AbortSignal.any` stay with one that lives as long as the member.
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    signal.addEventListener('abort', stop, { once: true });
    const timer = clock.after(electionTimeoutMs, stop);
    try {
      const question = encodeValue({ kind: 'isRemoved' });
      const answer = await transport.ask(id, question, abort.signal);
      const { isRemoved } = decodeValue(answer);
      if (isRemoved === true) this.leave();
    } catch {
      // Whoever does not answer is asked again.
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', stop);
      this.#asking.delete(id);
    }
  }
}
