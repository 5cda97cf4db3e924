/**
 * Leadership is handed over before a leader stops, when an operator asks, and when the leader's disk has stalled. Unless the
 * disk is the reason, what leases have left is written down before.
 */
import type { Clock } from '@flotilla/base';
import { type NodeId, type Raft, isVoter, noNode } from '@flotilla/raft';
import type { Leadership } from './leadership.ts';
import type { LeaseCheckpoints } from './lease-checkpoints.ts';
import type { LogWriter } from './log-writer.ts';

export interface HandoverOptions {
  readonly raft: Raft;
  readonly leadership: Leadership;
  readonly writer: LogWriter;
  readonly checkpoints: Pick<LeaseCheckpoints, 'lowerAll'>;
  readonly clock: Clock;
  readonly electionTimeoutMs: number;
  readonly connected: (id: NodeId) => boolean;
  /** Asks for a turn. */
  readonly schedule: () => void;
}

export type HandoverResult = 'done' | 'notLeader' | 'badTransferee' | 'unreachable' | 'timedOut';

/** How often a leader looks whether its successor is still there. */
const lookMs = 20;

export class Handover {
  readonly #options: HandoverOptions;

  constructor(options: HandoverOptions) {
    this.#options = options;
  }

  /** Hands leadership to `to` and waits until another member leads, at most `timeoutMs`. */
  async to(to: NodeId, timeoutMs: number): Promise<HandoverResult> {
    const { raft, leadership, clock, connected, schedule } = this.#options;
    if (!leadership.leads) return 'notLeader';
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    await this.#writeLeases(timeoutMs / 2);
    const accepted = raft.transferLeadership(to);
    if (accepted !== 'accepted') return accepted === 'notLeader' ? 'notLeader' : 'badTransferee';
    schedule();
    for (;;) {
      if (!leadership.leads && leadership.known) return 'done';
      const leftMs = deadlineMs - clock.monotonicMs();
      if (leftMs <= 0 || !connected(to)) {
        // Naming the leader itself calls the hand-over off: proposals go on.
        raft.transferLeadership(raft.id);
        return leftMs <= 0 ? 'timedOut' : 'unreachable';
      }
      await leadership.changed({ timeoutMs: Math.min(leftMs, lookMs) });
    }
  }

  /** Hands leadership to whoever is most caught up, if there is anybody; to another if that one goes away meanwhile. */
  async away(timeoutMs: number): Promise<HandoverResult> {
    const deadlineMs = this.#options.clock.monotonicMs() + timeoutMs;
    for (;;) {
      const successor = this.#mostCaughtUp();
      if (successor === noNode) return 'badTransferee';
      const result = await this.to(successor, deadlineMs - this.#options.clock.monotonicMs());
      if (result !== 'unreachable') return result;
    }
  }

  /** A leader that can't write is a bad leader: after an election timeout without its disk, it lets another lead. */
  considerDisk(): void {
    const { raft, leadership, writer, electionTimeoutMs, schedule } = this.#options;
    if (!leadership.leads || writer.outstandingMs < electionTimeoutMs) return;
    const successor = this.#mostCaughtUp();
    if (successor === noNode || raft.status().transferee !== noNode) return;
    raft.transferLeadership(successor);
    schedule();
  }

  /** Waits for it only so long: a handover matters more. */
  #writeLeases(atMostMs: number): Promise<void> {
    const { clock, checkpoints } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.after(atMostMs, resolve);
      const written = checkpoints.lowerAll().finally(() => timer.cancel());
      written.then(resolve, reject);
    });
  }

  #mostCaughtUp(): NodeId {
    const { raft, connected } = this.#options;
    let best: NodeId = noNode;
    let bestMatch = -1;
    for (const [id, { match, recentActive }] of raft.status().progress) {
      if (id === raft.id || !recentActive || !connected(id) || match <= bestMatch) continue;
      if (!isVoter(raft.config, id)) continue;
      best = id;
      bestMatch = match;
    }
    return best;
  }
}
