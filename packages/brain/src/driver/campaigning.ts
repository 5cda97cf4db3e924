/**
 * Elections that need not wait for a timeout. When nobody is known to lead (this member just started, or saw the leader's
 * process die) and a majority can be reached, it asks for pre-votes after a random 5 to 50 ms, and again on that scale. A
 * pre-vote disturbs nobody: a voter that still hears a leader refuses.
 */
import type { Clock, Randomness, Timer } from '@flotilla/base';
import { type NodeId, type Raft, isVoter, noNode, voteResult } from '@flotilla/raft';

const minDelayMs = 5;
const maxDelayMs = 50;
/** Attempts that collide spread out up to this. */
const maxSpreadMs = 400;
/** A new term is an election under way, which gets this time to name its leader. */
const electionMs = 100;

export interface CampaigningOptions {
  readonly raft: Raft;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly connected: (id: NodeId) => boolean;
  /** Asks for a turn. */
  readonly schedule: () => void;
}

export class Campaigning {
  readonly #options: CampaigningOptions;
  #timer: Timer | undefined;
  #attempts = 0;
  /** As of the last look. */
  #term: number;
  #stopped = false;

  constructor(options: CampaigningOptions) {
    this.#options = options;
    this.#term = options.raft.term;
  }

  /** The process of a member is dead: nothing that was promised to it holds any longer. */
  peerDied(id: NodeId): void {
    this.#options.raft.releaseLeader(id);
    this.#options.schedule();
    this.consider();
  }

  /** Looks whether a campaign is due; to be called when a leader is lost, a member connects, or a tick has passed. */
  consider(): void {
    const { raft, clock, randomness } = this.#options;
    if (raft.leader !== noNode) {
      this.#attempts = 0;
      this.#term = raft.term;
      this.#timer?.cancel();
      this.#timer = undefined;
      return;
    }
    if (this.#timer || this.#stopped || !this.#quorumConnected()) return;
    const least = raft.term === this.#term ? minDelayMs : electionMs;
    this.#term = raft.term;
    const spread = Math.min(maxSpreadMs, maxDelayMs * 2 ** Math.max(0, this.#attempts - 1));
    const { voters, votersOutgoing } = raft.config;
    // A lone voter has nobody to get out of step with.
    const isAlone = voters.length + votersOutgoing.length === 1;
    const delayMs = isAlone ? 0 : least + (spread - minDelayMs) * randomness.next();
    this.#timer = clock.after(delayMs, () => {
      this.#timer = undefined;
      if (raft.leader !== noNode) return;
      if (raft.term === this.#term) {
        this.#attempts++;
        raft.campaign();
        this.#options.schedule();
      }
      this.consider();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #quorumConnected(): boolean {
    const { raft, connected } = this.#options;
    if (!isVoter(raft.config, raft.id)) return false;
    return voteResult(raft.config, (id) => id === raft.id || connected(id) || undefined) === 'won';
  }
}
