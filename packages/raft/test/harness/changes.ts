/** Membership changes as a seed draws them: sensible ones, the ones that nobody should ask for, and all in between. */
import type { Randomness } from '@flotilla/base';
import { type Config, type ConfChange, isJoint, type MemberChange, members, type Transition } from '@flotilla/raft';

const encoder = new TextEncoder();

export interface Scene {
  readonly random: Randomness;
  /** As the member that is asked sees it. */
  readonly config: Config;
  /** The member that is asked. */
  readonly self: bigint;
  /** All that exist, members and others. */
  readonly ids: readonly bigint[];
}

/** A change, and what to call it. */
export interface DrawnChange {
  readonly name: string;
  readonly change: ConfChange;
}

export function drawChange(scene: Scene): DrawnChange {
  const { random, config } = scene;
  // Now and then the state machine refuses it when it is applied.
  const context = encoder.encode(random.next() < 0.05 ? 'refuse' : '');
  if (random.next() < (isJoint(config) ? 0.7 : 0.02)) {
    return { name: 'leave', change: { kind: 'leave', context: encoder.encode('') } };
  }
  const [name, list] = drawMembers(scene);
  const transition = pick(random, ['auto', 'auto', 'implicit', 'explicit'] satisfies Transition[]) ?? 'auto';
  return { name, change: { kind: 'change', transition, members: list, context } };
}

function drawMembers(scene: Scene): [name: string, list: readonly MemberChange[]] {
  const { random, config, self, ids } = scene;
  const others = ids.filter((id) => !members(config).includes(id));
  const newcomer = pick(random, others);
  const drawn = random.next();
  if (drawn < 0.2 && newcomer !== undefined) return ['add', [{ type: 'voter', id: newcomer }]];
  if (drawn < 0.35 && newcomer !== undefined) return ['add as learner', [{ type: 'learner', id: newcomer }]];
  if (drawn < 0.5) {
    const learner = pick(random, config.learners);
    if (learner !== undefined) return ['promote', [{ type: 'voter', id: learner }]];
  }
  if (drawn < 0.65) return ['remove oneself', [{ type: 'remove', id: self }]];
  if (drawn < 0.75) return ['remove another', [{ type: 'remove', id: pick(random, ids) ?? self }]];
  if (drawn < 0.8) return ['demote', [{ type: 'learner', id: pick(random, ids) ?? self }]];
  if (drawn < 0.84) return ['update', [{ type: 'update', id: self }]];
  return ['swap several', drawSwap(scene)];
}

/** Each member that exists is left alone or changes to anything. */
function drawSwap({ random, ids, self }: Scene): readonly MemberChange[] {
  const types = ['voter', 'voter', 'learner', 'remove'] satisfies MemberChange['type'][];
  const list = ids
    .filter(() => random.next() < 0.5)
    .map((id): MemberChange => ({ type: pick(random, types) ?? 'voter', id }));
  return list.length > 0 ? list : [{ type: 'remove', id: self }];
}

function pick<T>(random: Randomness, list: readonly T[]): T | undefined {
  return list[Math.floor(random.next() * list.length)];
}
