/**
 * Configurations, as values: which follows from which change, and which make sense. Thesis chapter 4; the rules of etcd's
 * `confchange`. A change yields a new configuration with its lists in rising order, so equal ones read equally.
 *
 * Worked example of a joint change, one way in and the other out again:
 *
 *     voters 1 2 3                        + voter 4, learner 3 →
 *     voters 1 2 4  outgoing 1 2 3  next 3                      leave →
 *     voters 1 2 4  learners 3
 *
 * Member 3 keeps its vote in the outgoing half, so it can't be a learner yet: `learnersNext` remembers that it will be.
 */
import type { ConfChange, MemberChange } from './conf-change.ts';
import type { Config, NodeId } from './entry.ts';
import { noNode } from './entry.ts';

/** The most members that a change leads to; bounds every list of a configuration. */
export const maxMembers = 1024;

/** The configuration after a change, or why there is none. */
export type NextConfig = { readonly config: Config } | { readonly refused: string };

/** The five lists while they are changed. */
interface Draft {
  readonly voters: Set<NodeId>;
  readonly votersOutgoing: ReadonlySet<NodeId>;
  readonly learners: Set<NodeId>;
  readonly learnersNext: Set<NodeId>;
}

/** What `change` makes of `config`; decided by the two alone. Changing nothing is allowed: changes may be repeated. */
export function nextConfig(config: Config, change: ConfChange): NextConfig {
  if (change.kind === 'leave') return leave(config);
  if (isJoint(config)) return { refused: 'a joint configuration must be left first' };
  const joint = change.transition !== 'auto' || change.members.length > 1;
  return joint ? enter(config, change) : simple(config, change.members);
}

/** Two halves have to agree. */
export function isJoint(config: Config): boolean {
  return config.votersOutgoing.length > 0;
}

/** Why `config` makes no sense; `undefined` when it does. Without any member it is that of a newcomer who knows nobody yet. */
export function configProblem(config: Config): string | undefined {
  const { voters, votersOutgoing, learners, learnersNext = [] } = config;
  for (const list of [voters, votersOutgoing, learners, learnersNext]) {
    if (new Set(list).size < list.length) return 'a member is listed twice';
    if (list.includes(noNode)) return 'a member needs an id other than 0';
  }
  if (learners.some((id) => voters.includes(id) || votersOutgoing.includes(id))) return 'a learner has a vote';
  if (!learnersNext.every((id) => votersOutgoing.includes(id))) return 'a learner to be is no outgoing voter';
  if (learnersNext.some((id) => voters.includes(id))) return 'a learner to be stays a voter';
  if (!isJoint(config) && config.autoLeave === true) return 'there is no joint configuration to leave';
  if (voters.length === 0 && votersOutgoing.length + learners.length > 0) return 'nobody has a vote';
  return undefined;
}

function simple(config: Config, members: readonly MemberChange[]): NextConfig {
  const draft = draftOf(config, []);
  for (const member of members) applyTo(draft, member);
  return finished(draft, { autoLeave: false });
}

function enter(config: Config, { transition, members }: Extract<ConfChange, { kind: 'change' }>): NextConfig {
  const draft = draftOf(config, config.voters);
  for (const member of members) applyTo(draft, member);
  return finished(draft, { autoLeave: transition !== 'explicit' });
}

function leave(config: Config): NextConfig {
  if (!isJoint(config)) return { refused: 'there is no joint configuration to leave' };
  const draft = draftOf(config, []);
  for (const id of draft.learnersNext) draft.learners.add(id);
  draft.learnersNext.clear();
  return finished(draft, { autoLeave: false });
}

function applyTo(draft: Draft, { type, id }: MemberChange): void {
  if (type === 'update') return;
  draft.voters.delete(id);
  draft.learners.delete(id);
  draft.learnersNext.delete(id);
  if (type === 'voter') draft.voters.add(id);
  // A vote in the outgoing half lasts until that half is gone.
  if (type === 'learner') (draft.votersOutgoing.has(id) ? draft.learnersNext : draft.learners).add(id);
}

function draftOf(config: Config, votersOutgoing: readonly NodeId[]): Draft {
  return {
    voters: new Set(config.voters),
    votersOutgoing: new Set(votersOutgoing),
    learners: new Set(config.learners),
    learnersNext: new Set(config.learnersNext),
  };
}

function finished(draft: Draft, { autoLeave }: { autoLeave: boolean }): NextConfig {
  if (draft.voters.size === 0) return { refused: 'the last voter stays' };
  if (draft.voters.size + draft.learners.size > maxMembers) return { refused: `there may be ${maxMembers} members` };
  const config: Config = {
    voters: rising(draft.voters),
    votersOutgoing: rising(draft.votersOutgoing),
    learners: rising(draft.learners),
    ...(draft.learnersNext.size > 0 ? { learnersNext: rising(draft.learnersNext) } : {}),
    ...(autoLeave ? { autoLeave } : {}),
  };
  return { config };
}

function rising(ids: ReadonlySet<NodeId>): NodeId[] {
  return [...ids].sort((a, b) => (a < b ? -1 : 1));
}
