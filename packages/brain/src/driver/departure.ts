/**
 * How a member learns that it was removed, and leaves. It goes on answering until a voter of the new configuration is known to
 * have applied the removal: before that, the others may need its vote. The word of such a voter comes as a refused connection, or
 * as the answer to a question that a member asks when it has applied its own removal, or has heard of no leader for a while.
 */
import type { Clock } from '@flotilla/base';
import { type NodeId, type Raft, isVoter, members } from '@flotilla/raft';
import { decodeValue, encodeValue } from '../transport/frame.ts';
import type { PeerTransport } from '../transport/transport.ts';
import type { Leadership } from './leadership.ts';
import type { StateMachine } from './state-machine.ts';

export interface DepartureOptions {
  readonly self: NodeId;
  readonly machine: StateMachine;
  readonly raft: Pick<Raft, 'config'>;
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
    for (const id of members(this.#options.raft.config)) void this.#ask(id);
  }

  /** Whether the one that asks was removed, as far as a voter knows. */
  answer(from: NodeId): Uint8Array {
    const { self, machine, raft } = this.#options;
    const isRemoved = machine.store.membership.removed.has(from) && isVoter(raft.config, self);
    return encodeValue({ isRemoved });
  }

  #hasReasonToAsk(nowMs: number): boolean {
    const { self, machine, leadership, electionTimeoutMs } = this.#options;
    if (leadership.leads) return false;
    if (machine.store.membership.removed.has(self)) return true;
    return !leadership.known && nowMs - leadership.sinceMs > 2 * electionTimeoutMs;
  }

  async #ask(id: NodeId): Promise<void> {
    const { self, transport, clock, electionTimeoutMs, signal } = this.#options;
    if (id === self || this.#asking.has(id) || !transport.connected(id)) return;
    this.#asking.add(id);
    const timeout = new AbortController();
    const timer = clock.after(electionTimeoutMs, () => timeout.abort());
    try {
      const question = encodeValue({ kind: 'isRemoved' });
      const answer = await transport.ask(id, question, AbortSignal.any([signal, timeout.signal]));
      const { isRemoved } = decodeValue(answer);
      if (isRemoved === true) this.leave();
    } catch {
      // Whoever does not answer is asked again.
    } finally {
      timer.cancel();
      this.#asking.delete(id);
    }
  }
}
