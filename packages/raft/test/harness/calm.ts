/** When a healed cluster is at rest, and who is no part of it any more. */
import { isJoint, members } from '@flotilla/raft';
import { expect } from './checks.ts';
import type { Node } from './node.ts';

/**
 * Who may stop: those who are not in the newest configuration, once all who are in it have applied it. Before that, the
 * others may need them.
 */
export function outsiders(nodes: readonly Node[], { lastConfChange }: { lastConfChange: number }): Set<bigint> {
  const informed = nodes.filter(({ state }) => state.meta.index >= lastConfChange);
  const insider = informed.find(({ id, state }) => members(state.meta.config).includes(id));
  const current = insider === undefined ? [] : members(insider.state.meta.config);
  const known = current.length > 0 && current.every((id) => informed.some((node) => node.id === id));
  return new Set(nodes.map(({ id }) => id).filter((id) => known && !current.includes(id)));
}

/** All follow one leader, who is not handing over, and have committed the same; no change of the members is under way. */
export function isSettled(nodes: readonly Node[], { jointAllowed }: { jointAllowed: boolean }): boolean {
  const leader = nodes.find(({ raft }) => raft.role === 'leader');
  if (leader === undefined) return false;
  const { transferee, confChangePending, config } = leader.raft.status();
  if (transferee !== 0n || confChangePending || (isJoint(config) && !jointAllowed)) return false;
  if (members(config).length !== nodes.length) return false;
  const { term, commit } = leader.raft;
  return nodes.every(({ raft }) => raft.leader === leader.id && raft.term === term && raft.commit === commit);
}

export function onlyLeader(nodes: readonly Node[]): Node {
  const leaders = nodes.filter(({ raft }) => raft.role === 'leader');
  const [leader] = leaders;
  expect(leader !== undefined && leaders.length === 1, `${leaders.length} members lead a healed cluster`);
  return leader;
}
