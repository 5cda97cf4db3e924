/**
 * Quorum arithmetic: what a majority of the voters agrees on, and in a joint configuration a majority of each half.
 * Learners never count. An empty half has no say: it lets every index and every vote pass.
 */
import type { Config, NodeId } from './entry.ts';

export type VoteResult = 'won' | 'lost' | 'pending';

/** The highest index that a quorum has reached, given how far each voter has come. */
export function quorumIndex(config: Config, indexOf: (id: NodeId) => number): number {
  const incoming = majorityIndex(config.voters, indexOf);
  if (config.votersOutgoing.length === 0) return incoming;
  return Math.min(incoming, majorityIndex(config.votersOutgoing, indexOf));
}

/** How an election stands, given each voter's answer so far (`undefined`: none yet). */
export function voteResult(config: Config, voteOf: (id: NodeId) => boolean | undefined): VoteResult {
  const incoming = majorityVote(config.voters, voteOf);
  const outgoing = majorityVote(config.votersOutgoing, voteOf);
  if (incoming === outgoing) return incoming;
  if (incoming === 'lost' || outgoing === 'lost') return 'lost';
  return 'pending';
}

/** Whether `id` has a vote in either half. */
export function isVoter(config: Config, id: NodeId): boolean {
  return config.voters.includes(id) || config.votersOutgoing.includes(id);
}

/** All members, each once: voters of both halves, then learners. */
export function members(config: Config): NodeId[] {
  return [...new Set([...config.voters, ...config.votersOutgoing, ...config.learners])];
}

/** Example: voters at 3, 7 and 5 have 5 on a majority, the one in the middle. */
function majorityIndex(voters: readonly NodeId[], indexOf: (id: NodeId) => number): number {
  if (voters.length === 0) return Number.MAX_SAFE_INTEGER;
  const descending: number[] = [];
  for (const voter of voters) {
    const index = indexOf(voter);
    let at = descending.push(index) - 1;
    for (; at > 0 && (descending[at - 1] as number) < index; at--) descending[at] = descending[at - 1] as number;
    descending[at] = index;
  }
  return descending[majority(voters.length) - 1] as number;
}

function majorityVote(voters: readonly NodeId[], voteOf: (id: NodeId) => boolean | undefined): VoteResult {
  if (voters.length === 0) return 'won';
  let granted = 0;
  let refused = 0;
  for (const voter of voters) {
    const vote = voteOf(voter);
    if (vote === true) granted++;
    if (vote === false) refused++;
  }
  const needed = majority(voters.length);
  if (granted >= needed) return 'won';
  return voters.length - refused < needed ? 'lost' : 'pending';
}

function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}
