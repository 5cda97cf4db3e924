/**
 * Known bugs, each one expression of the compiled production code put wrong. A simulator that lets one of them pass is blind to
 * that kind of bug.
 */
import type { PlotName } from '../run/plot-names.ts';
import type { ProfileName } from '../run/profiles.ts';

export interface Mutant {
  readonly name: string;
  /** Of the compiled code, below `packages/`. */
  readonly file: string;
  /** Occurs exactly once there. */
  readonly find: string;
  readonly replace: string;
  /** The seeds with this mix of faults are tried first. */
  readonly profile?: ProfileName;
  /** The seeds that have this are tried first. */
  readonly needs?: SeedTrait;
  /** The seeds with this plot are tried first. */
  readonly plot?: PlotName;
}

/** Something that only some seeds have. */
export type SeedTrait = 'changing members' | 'joint configurations' | 'elections';

export const mutants: readonly Mutant[] = [
  {
    name: 'a write of the log is not waited for',
    file: 'brain/dist/log/segment-writer.js',
    find: 'return this.#file.write(batch);',
    replace: 'this.#file.write(batch).catch(() => undefined); return Promise.resolve();',
  },
  {
    name: 'what is to be written on the spot is not written',
    file: 'brain/dist/log/segment-writer.js',
    find: 'return this.#file.writeNow?.(batch) ?? false;',
    replace: 'return this.#file.writeNow !== undefined;',
  },
  {
    name: 'acknowledgements leave before the write is durable',
    file: 'brain/dist/driver/driver.js',
    find: 'this.#queue(parts, ready.messages);',
    replace: 'this.#queue(parts, [...ready.messages, ...ready.messagesAfterSync]);',
  },
  {
    name: 'a sync counts for entries that came after its write',
    file: 'raft/dist/log.js',
    find: 'this.#synced = this.#writing;',
    replace: 'this.#synced = this.lastIndex;',
  },
  {
    name: 'a leader counts itself before its disk',
    file: 'raft/dist/replication.js',
    find: 'accepted(member.log.synced)',
    replace: 'accepted(member.log.lastIndex)',
  },
  { name: 'a vote counts twice', file: 'raft/dist/quorum.js', find: 'granted++;', replace: 'granted += 2;' },
  {
    name: 'an entry of an old term is committed by counting',
    file: 'raft/dist/replication.js',
    find: ' || log.termAt(index) !== member.term)',
    replace: ')',
    profile: 'restarts',
  },
  {
    name: 'a read is answered without a ReadIndex round',
    file: 'brain/dist/services/kv.js',
    find: 'if (!request.serializable)',
    replace: 'if (request.serializable)',
  },
  {
    name: 'a read joins a round that is under way',
    file: 'brain/dist/driver/reads.js',
    find: 'this.#waiting.push(',
    replace: '(this.#round?.readers ?? this.#waiting).push(',
    profile: 'laggards',
  },
  {
    name: 'a read round needs no confirmation',
    file: 'raft/dist/read-index.js',
    find: 'return confirmedRound;',
    replace: 'return Infinity;',
    profile: 'deposed leaders',
  },
  {
    name: 'a read round begins before an entry of the own term is committed',
    file: 'raft/dist/read-index.js',
    find: ' && log.termAt(log.committed) === term',
    replace: '',
  },
  {
    name: 'an entry is applied again after a restart',
    file: 'brain/dist/member/data.js',
    find: 'applied: store.appliedIndex,',
    replace: 'applied: Math.max(base.index, store.appliedIndex - 1),',
  },
  {
    name: 'the vote is forgotten in a restart',
    file: 'brain/dist/member/data.js',
    find: '...recovered.hardState,',
    replace: '...recovered.hardState, vote: 0n,',
    profile: 'restarts',
  },
  {
    name: 'a vote leaves before it is durable',
    file: 'raft/dist/election.js',
    find: 'member.held.push(response);',
    replace: 'member.messages.push(response);',
    profile: 'restarts',
  },
  {
    name: 'a vote is given to a candidate with an older log',
    file: 'raft/dist/election.js',
    find: 'complete && mayVoteFor(',
    replace: 'mayVoteFor(',
  },
  {
    name: 'a vote is given twice in a term',
    file: 'raft/dist/election.js',
    find: 'member.vote === noNode && member.leader === noNode',
    replace: 'member.leader === noNode',
    profile: 'restarts',
  },
  {
    name: 'an append is taken although the term before it differs',
    file: 'raft/dist/follower.js',
    find: 'log.termAt(prevIndex) !== prevTerm',
    replace: 'log.termAt(prevIndex) === undefined',
    profile: 'truncations',
  },
  {
    name: 'a heartbeat commits what is not known to match',
    file: 'raft/dist/heartbeat.js',
    find: 'Math.min(peer.match, log.committed)',
    replace: 'log.committed',
  },
  {
    name: 'the log is truncated past the synced state',
    file: 'brain/dist/driver/compaction.js',
    find: 'Math.min(wanted, machine.state.durable.index)',
    replace: 'wanted',
    profile: 'compactions',
  },
  {
    name: 'state that is not synced counts as durable',
    file: 'store/dist/persistence/state-writer.js',
    find: 'if (sync)\n            this.#durable = head;',
    replace: 'this.#durable = head;',
    profile: 'compactions',
  },
  {
    name: 'state is written ahead of the synced log',
    file: 'store/dist/persistence/state-writer.js',
    find: 'if (batch.index > this.#logSyncedIndex)\n                break;',
    replace: '',
    profile: 'one slow disk',
  },
  {
    name: 'state of entries is written because those that they replaced were synced',
    file: 'brain/dist/driver/applier.js',
    find: 'machine.state.logSyncedTo(raft.syncedIndex);',
    replace: '',
    plot: 'suffix replaced on a slow disk',
  },
  {
    name: 'the mark is not lowered before a suffix is cut off',
    file: 'brain/dist/log/durable-log.js',
    find: 'await this.#lowerMark(first.index);',
    replace: 'void first;',
    profile: 'truncations',
  },
  {
    name: 'the witness has one slot',
    file: 'brain/dist/log/witness.js',
    find: '(following % 2) * slotStride',
    replace: '0',
    profile: 'restarts',
  },
  {
    name: 'a watcher misses a change',
    file: 'store/dist/watch/watch-hub.js',
    find: 'from: revisionBefore + 1, to: revision });',
    replace: 'from: revisionBefore + (revision % 97 === 0 ? 2 : 1), to: revision });',
  },
  {
    name: 'a bookmark is sent to a watcher that is behind',
    file: 'store/dist/watch/watch-stream.js',
    find: 'watcher.isSynced && watcher.options.progressRevision <= revision',
    replace: 'watcher.options.progressRevision <= revision',
  },
  {
    name: 'a renewal is answered without a ReadIndex round',
    file: 'brain/dist/driver/leases.js',
    find: '        await reads.confirm();\n        const { lessor, store } = machine;',
    replace: '        const { lessor, store } = machine;',
    plot: 'renewal after a pause',
  },
  {
    name: 'a renewal does not last',
    file: 'store/dist/leases/lessor.js',
    find: 'expiriesMs.set(id, now + lease.ttlSeconds * 1000);',
    replace: 'expiriesMs.set(id, now + lease.ttlSeconds * 500);',
  },
  {
    name: 'a new leader goes on with half of the time',
    file: 'store/dist/leases/lessor.js',
    find: 'atMs: now + remainingMs + extendMs',
    replace: 'atMs: now + remainingMs / 2',
  },
  {
    name: 'a new leader gives leases their whole time again',
    file: 'store/dist/leases/lessor.js',
    find: 'atMs: now + remainingMs + extendMs',
    replace: 'atMs: now + leaseTable.get(id).ttlSeconds * 1000 + extendMs',
  },
  {
    name: 'a renewal leaves a checkpoint in place',
    file: 'store/dist/leases/lessor.js',
    find: 'if (lowerings.has(id))',
    replace: 'if (false)',
  },
  {
    name: 'leases never expire',
    file: 'store/dist/leases/lessor.js',
    find: 'if (expiryMs <= nowMs)\n                    found.push(id);',
    replace: '',
  },
  {
    name: 'the log is not restarted behind a snapshot',
    file: 'brain/dist/driver/log-writer.js',
    find: 'await log.restart(at);',
    replace: '',
    profile: 'compactions',
  },
  {
    name: 'a torn write leaves the commit index of entries that it was to bring',
    file: 'brain/dist/log/durable-log.js',
    find: 'commit: this.#commitAhead(hardState, first, installing)',
    replace: 'commit: hardState.commit',
    plot: 'suffix behind a snapshot',
  },
  {
    name: 'a late append cuts off what follows it',
    file: 'raft/dist/log.js',
    find: 'if (news === -1)\n            return;',
    replace:
      'if (news === -1) { const end = prevIndex + entries.length + 1; if (end <= this.lastIndex && end > this.#committed) this.#truncate(end); return; }',
    profile: 'overtaking',
  },
  {
    name: 'a follower lets leases end by its own clock',
    file: 'brain/dist/driver/leases.js',
    find: 'if (!leadership.leads) {',
    replace: 'if (false) {',
  },
  {
    name: 'evidence of a dead process is taken for proof',
    file: 'raft/dist/raft-member.js',
    find: 'this.#member.leader = noNode;',
    replace:
      '{ this.#member.leader = noNode; const { config } = this.#member; this.#member.config = { ...config, voters: config.voters.filter((id) => id !== leader) }; }',
    profile: 'deposed leaders',
  },
  {
    name: 'half of the members is a majority',
    file: 'raft/dist/quorum.js',
    find: 'return Math.floor(count / 2) + 1;',
    replace: 'return Math.max(1, Math.ceil(count / 2));',
  },
  {
    name: 'a compaction takes the newest version along',
    file: 'store/dist/mvcc/compaction.js',
    find: 'const dropped = keepsLast ? upTo - 1 : upTo;',
    replace: 'const dropped = upTo;',
  },
  {
    name: 'an acknowledgement does not wait for the batch behind the one under way',
    file: 'raft/dist/raft-member.js',
    find: 'if (this.#outstanding !== undefined)\n            return write;',
    replace: '',
  },
  {
    name: 'a record of the log with a wrong checksum is believed',
    file: 'brain/dist/log/record.js',
    find: 'if (crc32(bytes.subarray(offset + 4, end)) !== crc)',
    replace: 'if (false)',
    profile: 'restarts',
  },
  {
    name: 'a compacted tombstone is dropped while an older page holds its key',
    file: 'store/dist/mvcc/history.js',
    find: '(takesTombstones || !cursor.isTombstone)',
    replace: 'true',
    profile: 'restarts',
  },
  {
    name: 'a disk that was rolled back is let in',
    file: 'brain/dist/transport/rollback.js',
    find: 'if (match <= lastIndex)',
    replace: 'if (true)',
  },
  {
    name: 'a request is judged by newer permissions than it was made under',
    file: 'store/dist/auth/auth-state.js',
    find: 'if (caller.authRevision < this.#revision)',
    replace: 'if (false)',
  },
  {
    name: 'entries that were under way when the space ended are applied',
    file: 'store/dist/alarms.js',
    find: 'alarms.has(NOSPACE) && needsSpace(type, body)',
    replace: 'false',
  },
  {
    name: 'what a follower passes on is appended as often as it comes',
    file: 'brain/dist/driver/driver.js',
    find: '!this.#forwarded.takes(message, raft.term)',
    replace: 'false',
    profile: 'overtaking',
  },
  {
    name: 'what a follower passed on in an earlier term is appended',
    file: 'brain/dist/driver/forwarded-proposals.js',
    find: 'if (term < currentTerm)\n            return false;',
    replace: '',
    plot: 'proposals of an earlier term',
  },
  {
    name: 'a conf change is appended while another is not applied',
    file: 'raft/dist/membership.js',
    find: "if (!confChangeFits(member))\n        return 'pending';",
    replace: "if (member.log.termAt(member.log.committed) !== member.term)\n        return 'pending';",
    needs: 'changing members',
  },
  {
    name: 'a conf change is appended at any time',
    file: 'raft/dist/membership.js',
    find: "if (!confChangeFits(member))\n        return 'pending';",
    replace: '',
    needs: 'changing members',
  },
  {
    name: 'who has not applied a conf change that it knows campaigns',
    file: 'raft/dist/election.js',
    find: 'return next === undefined || next > log.committed;',
    replace: 'return true;',
    needs: 'changing members',
  },
  {
    name: 'a request for a vote says nothing of what is committed',
    file: 'raft/dist/election.js',
    find: 'lastTerm, ...beside }',
    replace: 'lastTerm }',
    needs: 'changing members',
  },
  {
    name: 'a start takes no proof of a commit from two conf changes',
    file: 'raft/dist/options.js',
    find: 'log.commitTo(log.provenCommit);',
    replace: '',
    plot: 'newcomers lose power',
  },
  {
    name: 'the old half of a joint configuration does not count for commits',
    file: 'raft/dist/quorum.js',
    find: 'return Math.min(incoming, majorityIndex(halves.votersOutgoing, indexOf));',
    replace: 'return incoming;',
    needs: 'joint configurations',
  },
  {
    name: 'the old half of a joint configuration does not count for votes',
    file: 'raft/dist/quorum.js',
    find: 'const outgoing = majorityVote(halves.votersOutgoing, voteOf);',
    replace: 'const outgoing = incoming;',
    needs: 'joint configurations',
  },
  {
    name: 'a removed voter of the old half is sent away',
    file: 'brain/dist/driver/roster.js',
    find: ' || isVoter(raft.config, id))\n            return false;',
    replace: ')\n            return false;',
    needs: 'joint configurations',
  },
  {
    name: 'a removed member is sent away by one that may forget it',
    file: 'brain/dist/driver/roster.js',
    find: 'machine.state.durable.index >= this.#reconfiguredAt',
    replace: 'true',
    needs: 'changing members',
  },
  {
    name: 'a removed member does not ask',
    file: 'brain/dist/driver/departure.js',
    find: 'nowMs - this.#askedMs < electionTimeoutMs / 2 ||',
    replace: 'nowMs > 0 ||',
    needs: 'changing members',
  },
  {
    name: 'a removed member starts on its old disk',
    file: 'brain/dist/log/data-directory.js',
    find: 'await refuseRemoved(',
    replace: 'await (async () => undefined)(',
    needs: 'changing members',
  },
  {
    name: 'a newcomer whose witness was torn as it was begun stays away',
    file: 'brain/dist/log/data-directory.js',
    find: 'return await unlessOnlyBegun(names, () => witnessOwner(files, directory));',
    replace: 'return await witnessOwner(files, directory);',
    plot: 'newcomers lose power',
  },
  {
    name: 'a newcomer believes one answer',
    file: 'brain/dist/cluster/joining.js',
    find: 'const problem = problemOf(agreement, heard);',
    replace: 'const problem = undefined;',
    needs: 'changing members',
  },
  {
    name: 'a configuration is forgotten in a restart',
    file: 'brain/dist/member/data.js',
    find: 'const config = known ? decodeConfig(known) : newcomer;',
    replace:
      'const config = settings.membership.isInitial ? { voters: settings.membership.members.map(({ id }) => id), votersOutgoing: [], learners: [] } : known ? decodeConfig(known) : newcomer;',
    needs: 'changing members',
  },
  {
    name: 'a candidate does not wait for those before it',
    file: 'brain/dist/services/contenders.js',
    find: 'if (!predecessor)\n            return;',
    replace: 'return;',
    needs: 'elections',
  },
  {
    name: 'the leader of an election is the last that came',
    file: 'brain/dist/services/contenders.js',
    find: 'sort_order: SortOrder.ASCEND',
    replace: 'sort_order: SortOrder.DESCEND',
    needs: 'elections',
  },
];
