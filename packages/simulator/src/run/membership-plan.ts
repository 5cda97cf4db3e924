/** What a seed decides about changes of the members: drawn from a source of their own, so that other seeds' runs stay the same. */
import type { Transition } from '@flotilla/raft';
import type { Chance } from '../world/chance.ts';

export const changeNames = ['addVoter', 'addLearner', 'promote', 'update', 'remove', 'replace'] as const;

export type ChangeName = (typeof changeNames)[number];

export interface MembershipPlan {
  /** Members at the beginning. */
  readonly size: number;
  /** Time from one change to the next. */
  readonly everyMs: number;
  readonly changes: readonly (readonly [weight: number, change: ChangeName])[];
  /** `implicit`: all changes go through a joint configuration. */
  readonly transition: Transition;
  /** Share of the removals that strike the leader. */
  readonly leaderShare: number;
  /** Share of the changes that are asked of the member that they are about. */
  readonly ownShare: number;
  readonly isStrict: boolean;
  readonly maxLearners: number;
  /** `lost`: they are damaged or put back, one at a time. `slow`: some are much slower than others. */
  readonly disks: 'usual' | 'lost' | 'slow';
}

export const mostMembers = 7;

/**
 * Undefined: the members stay.
 * @param disks draws what becomes of disks
 */
export function drawMembershipPlan(chance: Chance, disks: Chance): MembershipPlan | undefined {
  if (!chance.happens(0.4)) return undefined;
  const grows = chance.magnitude(0.3, 3);
  return {
    size: chance.pickWeighted([
      [3, 1],
      [2, 2],
      [5, 3],
      [2, 5],
      [1, 7],
    ]),
    everyMs: chance.magnitude(100, 1000),
    changes: [
      [3 * grows, 'addVoter'],
      [2 * grows, 'addLearner'],
      [4 * grows, 'promote'],
      [1, 'update'],
      [4 / grows, 'remove'],
      [1, 'replace'],
    ],
    transition: chance.happens(0.3) ? 'implicit' : 'auto',
    leaderShare: chance.between(0.1, 0.7),
    ownShare: chance.between(0.1, 0.5),
    isStrict: chance.happens(0.15),
    maxLearners: chance.within(1, 2),
    disks: disks.pick(['usual', 'usual', 'lost', 'slow']),
  };
}
