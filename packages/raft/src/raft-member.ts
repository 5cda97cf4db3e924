/**
 * The member behind the contract: takes one input at a time to the algorithm, and gathers a Ready from what it left. Here
 * is decided what may be written and what may leave when; everything else is in the files of its subject.
 */
import type { ConfChange } from './conf-change.ts';
import { campaign, ownVoteSynced } from './election.ts';
import type { Config, Entry, HardState, NodeId, SnapshotMeta } from './entry.ts';
import { noNode } from './entry.ts';
import { invariant } from './invariant.ts';
import type { Member } from './member.ts';
import { configIndex } from './member.ts';
import {
  applyConfChange,
  autoLeave,
  autoLeaveDue,
  confChangePending,
  forgetConfigs,
  proposeConfChange,
} from './membership.ts';
import type { Message } from './message.ts';
import { newMember } from './options.ts';
import type { RaftOptions } from './options.ts';
import { isVoter } from './quorum.ts';
import { enqueueRead, openReadRound, readRoundDue } from './read-index.ts';
import type { Acceptance, ConfChangeAcceptance, ProgressStatus, Raft, RaftStatus } from './raft.ts';
import type { Ready, Role, SoftState } from './ready.ts';
import { appendDue, ownLogSynced, replicate, snapshotAt } from './replication.ts';
import { proposeAsLeader, step } from './step.ts';
import { tick } from './tick.ts';
import { startTransfer } from './transfer.ts';

/** Starts a member as a follower from what it remembers. Throws when that does not fit together. */
export function createRaft(options: RaftOptions): Raft {
  return new RaftMember(newMember(options));
}

/** What a Ready asks to have written. */
type Write = Pick<Ready, 'snapshot' | 'entries' | 'hardState' | 'mustSync' | 'messagesAfterSync'>;

const nothing: readonly never[] = [];

class RaftMember implements Raft {
  readonly #member: Member;
  /** The Ready whose write is not confirmed yet. Invariant: one at most, so confirmations cannot be confused. */
  #outstanding: Ready | undefined;
  /** As last handed out. */
  #hardState: HardState;
  #softState: SoftState;

  constructor(member: Member) {
    this.#member = member;
    this.#hardState = { term: member.term, vote: member.vote, commit: member.log.committed };
    this.#softState = { leader: member.leader, role: member.role };
  }

  get id(): NodeId {
    return this.#member.id;
  }

  get term(): number {
    return this.#member.term;
  }

  get leader(): NodeId {
    return this.#member.leader;
  }

  get role(): Role {
    return this.#member.role;
  }

  get commit(): number {
    return this.#member.log.committed;
  }

  get lastIndex(): number {
    return this.#member.log.lastIndex;
  }

  get syncedIndex(): number {
    return this.#member.log.synced;
  }

  get config(): Config {
    return this.#member.config;
  }

  tick(): void {
    tick(this.#member);
  }

  step(message: Message): void {
    invariant(message.to === this.#member.id, 'a message for another member');
    step(this.#member, message);
  }

  propose(data: readonly Uint8Array[]): Acceptance {
    const { id, role, leader, term, messages } = this.#member;
    invariant(
      data.every((one) => one.length > 0),
      'a proposal without data looks like a no-op',
    );
    if (data.length === 0) return 'accepted';
    if (role === 'leader') return proposeAsLeader(this.#member, data) ? 'accepted' : 'dropped';
    if (leader === noNode) return 'noLeader';
    messages.push({ type: 'propose', from: id, to: leader, term, data });
    return 'accepted';
  }

  proposeConfChange(change: ConfChange): ConfChangeAcceptance {
    return proposeConfChange(this.#member, change);
  }

  readIndex(context: string): Acceptance {
    const { id, role, leader, term, messages } = this.#member;
    if (role === 'leader') return enqueueRead(this.#member, { context, from: id }) ? 'accepted' : 'dropped';
    if (leader === noNode) return 'noLeader';
    messages.push({ type: 'readIndex', from: id, to: leader, term, context });
    return 'accepted';
  }

  transferLeadership(to: NodeId): 'accepted' | 'notLeader' | 'notVoter' {
    if (this.#member.role !== 'leader') return 'notLeader';
    if (!isVoter(this.#member.config, to)) return 'notVoter';
    startTransfer(this.#member, to);
    return 'accepted';
  }

  campaign(): void {
    campaign(this.#member);
  }

  releaseLeader(leader: NodeId): void {
    if (this.#member.role === 'follower' && this.#member.leader === leader) this.#member.leader = noNode;
  }

  compact(index: number): void {
    this.#member.log.compactTo(index);
    forgetConfigs(this.#member, index);
  }

  snapshotMeta(index: number): SnapshotMeta {
    return snapshotAt(this.#member, index);
  }

  reportSnapshot(id: NodeId, ok: boolean): void {
    const peer = this.#member.progress.get(id);
    if (peer?.state === 'snapshot') peer.snapshotDone({ ok });
  }

  reportUnreachable(id: NodeId): void {
    const peer = this.#member.progress.get(id);
    if (peer?.state === 'replicate') peer.becomeProbe();
  }

  hasReady(): boolean {
    const member = this.#member;
    return (
      member.messages.length > 0 ||
      member.readStates.length > 0 ||
      this.#softStateChanged() ||
      this.#committedDue() ||
      (this.#outstanding === undefined && (this.#writeDue() || this.#hardStateChanged() || member.held.length > 0)) ||
      readRoundDue(member) ||
      autoLeaveDue(member) ||
      this.#replicationDue()
    );
  }

  ready(): Ready | undefined {
    if (!this.hasReady()) return undefined;
    const member = this.#member;
    if (readRoundDue(member)) openReadRound(member);
    if (autoLeaveDue(member)) autoLeave(member);
    replicate(member);
    const { snapshot, entries, hardState, mustSync, messagesAfterSync } = this.#takeWrite();
    const ready: Ready = {
      snapshot,
      entries,
      hardState,
      mustSync,
      messagesAfterSync,
      messages: member.messages,
      committed: this.#takeCommitted(),
      readStates: member.readStates,
      softState: this.#takeSoftState(),
    };
    member.messages = [];
    member.readStates = [];
    if (mustSync) this.#outstanding = ready;
    return ready;
  }

  synced(ready: Ready): void {
    const member = this.#member;
    const { log, installing } = member;
    invariant(ready === this.#outstanding, 'synced what is not being written');
    this.#outstanding = undefined;
    log.writtenSynced();
    if (ready.snapshot !== undefined && ready.snapshot === installing) {
      log.appliedTo(installing.index);
      member.installing = undefined;
    }
    if (member.role === 'leader') ownLogSynced(member);
    if (member.role === 'candidate' && ready.hardState?.term === member.term) ownVoteSynced(member);
  }

  applied(index: number): void {
    const { log } = this.#member;
    const confChange = log.confChangeAfter(configIndex(this.#member)) ?? Infinity;
    invariant(index < confChange, `entry ${confChange}, a conf change, counts as applied only by applyConfChange`);
    log.appliedTo(index);
  }

  applyConfChange(entry: Entry): Config {
    applyConfChange(this.#member, entry, { refused: false });
    return this.#member.config;
  }

  refuseConfChange(entry: Entry): Config {
    applyConfChange(this.#member, entry, { refused: true });
    return this.#member.config;
  }

  status(): RaftStatus {
    const { id, term, vote, leader, role, log, config, transferee } = this.#member;
    const progress = new Map<NodeId, ProgressStatus>();
    for (const [peerId, { match, next, state, recentActive, inflights }] of this.#member.progress) {
      progress.set(peerId, { match, next, state, recentActive, inflight: inflights.count });
    }
    return {
      id,
      term,
      vote,
      leader,
      role,
      transferee,
      progress,
      config,
      confChangePending: confChangePending(this.#member),
      commit: log.committed,
      applied: log.applied,
      lastIndex: log.lastIndex,
      syncedIndex: log.synced,
      compactedIndex: log.compacted.index,
    };
  }

  /** Everything that is not durable yet, in one write, and the messages that wait for it; nothing while one is outstanding. */
  #takeWrite(): Write {
    const member = this.#member;
    const mustSync = this.#outstanding === undefined && this.#writeDue();
    const write: Write = {
      snapshot: mustSync ? member.installing : undefined,
      entries: mustSync ? member.log.takeUnwritten() : nothing,
      hardState: this.#outstanding === undefined ? this.#takeHardState() : undefined,
      mustSync,
      messagesAfterSync: mustSync ? member.held : nothing,
    };
    if (this.#outstanding !== undefined) return write;
    // Without a write, all that they vouch for is durable already.
    if (!mustSync) for (const message of member.held) member.messages.push(message);
    member.held = [];
    return write;
  }

  #takeCommitted(): readonly Entry[] {
    const { log, limits } = this.#member;
    return this.#committedDue() ? log.takeCommitted({ maxBytes: limits.maxCommittedBytes }) : nothing;
  }

  #takeHardState(): HardState | undefined {
    if (!this.#hardStateChanged()) return undefined;
    const { term, vote, log } = this.#member;
    this.#hardState = { term, vote, commit: log.committed };
    return this.#hardState;
  }

  #takeSoftState(): SoftState | undefined {
    if (!this.#softStateChanged()) return undefined;
    this.#softState = { leader: this.#member.leader, role: this.#member.role };
    return this.#softState;
  }

  /** Entries behind a snapshot are handed out only when the snapshot is in place. */
  #committedDue(): boolean {
    const { log, installing } = this.#member;
    return log.applying < log.committed && installing === undefined;
  }

  #writeDue(): boolean {
    const { log, installing, term, vote } = this.#member;
    const promised = term !== this.#hardState.term || vote !== this.#hardState.vote;
    return promised || log.written < log.lastIndex || installing !== undefined;
  }

  #hardStateChanged(): boolean {
    const { term, vote, log } = this.#member;
    const { term: oldTerm, vote: oldVote, commit } = this.#hardState;
    return term !== oldTerm || vote !== oldVote || log.committed !== commit;
  }

  #softStateChanged(): boolean {
    return this.#member.leader !== this.#softState.leader || this.#member.role !== this.#softState.role;
  }

  #replicationDue(): boolean {
    for (const [id, peer] of this.#member.progress) {
      if (id !== this.#member.id && appendDue(this.#member, peer)) return true;
    }
    return false;
  }
}
