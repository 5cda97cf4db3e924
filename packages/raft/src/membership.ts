/**
 * Changes of the membership (thesis chapter 4), in etcd's variant: a conf change takes effect when it is applied, not when it
 * is appended. What keeps that safe:
 *
 * - One at a time: a leader appends a conf change only when it has applied all others in its log. So who can still win an
 *   election is under the newest committed configuration or under the one before it, and the quorums of the two meet.
 * - It has committed an entry of its own term, too: the thesis's rule for changes that are in force once they are appended.
 *   Here nothing rests on it, and it costs nothing (proof in docs/track-record.md, model in test/change-rules.test.ts).
 * - Nobody campaigns while a conf change that it knows to be committed is not applied (`mayCampaign`).
 * - A log with two conf changes proves that the first is committed (`RaftLog.provenCommit`), whatever a crash forgot.
 */
import { type ConfChange, decodeConfChange, encodeConfChange } from './conf-change.ts';
import { configProblem, nextConfig } from './config.ts';
import { mayCampaign, startElection } from './election.ts';
import type { Config, Entry, SnapshotMeta } from './entry.ts';
import { noNode } from './entry.ts';
import { invariant } from './invariant.ts';
import type { ConfigSince, Member } from './member.ts';
import { configIndex, trackMembers } from './member.ts';
import { isVoter } from './quorum.ts';
import type { ConfChangeAcceptance } from './raft.ts';
import { settleReads } from './read-index.ts';
import { advanceCommit, appendConfChange } from './replication.ts';
import { handOver } from './transfer.ts';

const noContext = new Uint8Array(0);

/** Appends a conf change to a leader's log. */
export function proposeConfChange(member: Member, change: ConfChange): ConfChangeAcceptance {
  if (member.role !== 'leader') return 'notLeader';
  if (member.transferee !== noNode) return 'dropped';
  if (!confChangeFits(member)) return 'pending';
  if ('refused' in nextConfig(member.config, change)) return 'invalid';
  appendConfChange(member, encodeConfChange(change));
  return 'accepted';
}

/** A leader is to leave the joint configuration by itself. */
export function autoLeaveDue(member: Member): boolean {
  const { config, role, transferee } = member;
  return config.autoLeave === true && role === 'leader' && transferee === noNode && confChangeFits(member);
}

export function autoLeave(member: Member): void {
  appendConfChange(member, encodeConfChange({ kind: 'leave', context: noContext }));
}

/** A conf change is in the log and not applied. */
export function confChangePending(member: Member): boolean {
  return member.log.confChangeAfter(configIndex(member)) !== undefined;
}

/** The entry is applied: what it says takes effect, unless the state machine refused it. */
export function applyConfChange(member: Member, entry: Entry, { refused }: { refused: boolean }): void {
  const { log, config, configs } = member;
  invariant(entry.type === 'confChange', `entry ${entry.index} is no conf change`);
  // A snapshot has overtaken it.
  if (entry.index <= configIndex(member)) return;
  invariant(entry.index === log.confChangeAfter(configIndex(member)), 'conf changes are applied in order, each once');
  invariant(member.role === 'follower' || member.role === 'leader', 'nobody campaigns before it has applied these');
  log.appliedTo(entry.index);
  const next = refused ? { config } : nextConfig(config, decodeConfChange(entry.data));
  invariant('config' in next, `conf change ${entry.index} does not fit: ${'refused' in next ? next.refused : ''}`);
  configs.push({ index: entry.index, config: next.config });
  member.config = next.config;
  if (member.role === 'leader') leadUnder(member);
  if (member.campaignOwed && mayCampaign(member)) startElection(member, { transfer: true });
}

/** A snapshot replaces the log, and says who takes part from its index on. */
export function adoptSnapshot(member: Member, { index, config }: SnapshotMeta): void {
  const problem = configProblem(config);
  invariant(problem === undefined, `the configuration of snapshot ${index} makes no sense: ${problem}`);
  member.configs = [{ index, config }];
  member.config = config;
}

/** Forgets the configurations that were replaced before `index`. */
export function forgetConfigs(member: Member, index: number): void {
  const kept = member.configs.findLastIndex((one) => one.index <= index);
  if (kept > 0) member.configs.splice(0, kept);
}

/** The configuration of a member that starts with this state, and since when it holds. */
export function configAtStart(log: Member['log'], { compacted, current }: StartConfigs): ConfigSince {
  const since = log.confChangeUpTo(log.applied);
  invariant(
    since === undefined || current !== undefined,
    `a conf change, entry ${since}, is applied already: the configuration after it must be given`,
  );
  const config = current ?? compacted;
  const problem = configProblem(config);
  invariant(problem === undefined, `the configuration makes no sense: ${problem}`);
  return { index: since ?? log.compacted.index, config };
}

interface StartConfigs {
  /** As of the compaction point. */
  readonly compacted: Config;
  /** As of the last applied entry, if the driver knows. */
  readonly current: Config | undefined;
}

/** Whoever left is not sent to any more, who came is, and fewer voters may suffice now. */
function leadUnder(member: Member): void {
  // Who has just come counts as heard, so that the next check of the quorum gives it time to answer.
  trackMembers(member, { recentActive: true });
  advanceCommit(member);
  settleReads(member);
  if (!isVoter(member.config, member.transferee)) member.transferee = noNode;
  if (!isVoter(member.config, member.id) && member.transferee === noNode) handOver(member);
}

function confChangeFits(member: Member): boolean {
  const { log, term } = member;
  return !confChangePending(member) && log.termAt(log.committed) === term;
}
