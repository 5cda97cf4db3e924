/**
 * Quorum arithmetic: what a majority of the voters agrees on, and in a joint configuration a majority of each half.
 * Learners never count. An empty half has no say: it lets every index and every vote pass.
 *
 * A leader computes the quorum index at every acknowledgement: nothing is allocated for it.
 */
import type { Config, NodeId } from './entry.ts';

export type VoteResult = 'won' | 'lost' | 'pending';

/** The voters of a configuration, by id or as what a leader knows of each. */
export interface Halves<Voter> {
  readonly voters: readonly Voter[];
  /** Empty outside a joint configuration. */
  readonly votersOutgoing: readonly Voter[];
}

/** The highest index that a quorum has reached, given how far each voter has come. `indexOf` computes no quorum itself. */
export function quorumIndex<Voter>(halves: Halves<Voter>, indexOf: (voter: Voter) => number): number {
  const incoming = majorityIndex(halves.voters, indexOf);
  if (halves.votersOutgoing.length === 0) return incoming;
  return Math.min(incoming, majorityIndex(halves.votersOutgoing, indexOf));
}

/** How an election stands, given each voter's answer so far (`undefined`: none yet). */
export function voteResult(halves: Halves<NodeId>, voteOf: (id: NodeId) => boolean | undefined): VoteResult {
  const incoming = majorityVote(halves.voters, voteOf);
  const outgoing = majorityVote(halves.votersOutgoing, voteOf);
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

/** Where the indexes of one half are sorted; it grows to the largest. */
let descending = new Float64Array(8);

/** Example: voters at 3, 7 and 5 have 5 on a majority, the one in the middle. */
function majorityIndex<Voter>(voters: readonly Voter[], indexOf: (voter: Voter) => number): number {
  const count = voters.length;
  if (count === 0) return Number.MAX_SAFE_INTEGER;
  if (count > descending.length) descending = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const index = indexOf(voters[i] as Voter);
    let at = i;
    for (; at > 0 && (descending[at - 1] as number) < index; at--) descending[at] = descending[at - 1] as number;
    descending[at] = index;
  }
  return descending[majority(count) - 1] as number;
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
