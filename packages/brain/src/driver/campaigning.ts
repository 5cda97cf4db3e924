/**
 * Elections that need not wait for a timeout. When nobody is known to lead (this member just started, or saw the leader's
 * process die) and a majority can be reached, it asks for pre-votes: the voter of the lowest id after 5 ms, each other one 15 ms
 * after the reachable voter before it, so that the first is mostly done when the second would begin. Who gets no leader that way
 * asks again after a random time, for two that see different voters may have asked at once. A pre-vote disturbs nobody: a voter
 * that still hears a leader refuses.
 */
import type { Clock, Randomness, Timer } from '@flotilla/base';
import { type NodeId, type Raft, isVoter, noNode, voteResult } from '@flotilla/raft';

const minDelayMs = 5;
const turnMs = 15;
/** Added to a turn, at most. */
const jitterMs = 3;
/** The second attempt comes up to this much later, each further one up to twice as much as the one before. */
const firstSpreadMs = 50;
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
    // A lone voter has nobody to get out of step with.
    const delayMs = this.#voters().length === 1 ? 0 : least + this.#delayMs(randomness.next());
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

  /** @param random from 0 to 1 */
  #delayMs(random: number): number {
    if (this.#attempts > 0) return random * Math.min(maxSpreadMs, firstSpreadMs * 2 ** (this.#attempts - 1));
    const { raft, connected } = this.#options;
    const before = this.#voters().filter((id) => id < raft.id && connected(id));
    return before.length * turnMs + random * jitterMs;
  }

  #voters(): readonly NodeId[] {
    const { voters, votersOutgoing } = this.#options.raft.config;
    return [...new Set([...voters, ...votersOutgoing])];
  }

  #quorumConnected(): boolean {
    const { raft, connected } = this.#options;
    if (!isVoter(raft.config, raft.id)) return false;
    return voteResult(raft.config, (id) => id === raft.id || connected(id) || undefined) === 'won';
  }
}
