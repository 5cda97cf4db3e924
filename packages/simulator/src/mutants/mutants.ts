/**
 * Known bugs, each one expression of the compiled production code put wrong. A simulator that lets one of them pass is blind to
 * that kind of bug.
 */
export interface Mutant {
  readonly name: string;
  /** Of the compiled code, below `packages/`. */
  readonly file: string;
  /** Occurs exactly once there. */
  readonly find: string;
  readonly replace: string;
}

export const mutants: readonly Mutant[] = [
  {
    name: 'a write of the log is not waited for',
    file: 'brain/dist/log/segment-writer.js',
    find: 'return this.#file.write(writes, options);',
    replace: 'this.#file.write(writes, options).catch(() => undefined); return Promise.resolve();',
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
  },
  {
    name: 'a read round needs no confirmation',
    file: 'raft/dist/read-index.js',
    find: 'return confirmedRound;',
    replace: 'return Infinity;',
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
  },
  {
    name: 'a vote leaves before it is durable',
    file: 'raft/dist/election.js',
    find: 'member.held.push(answer);',
    replace: 'member.messages.push(answer);',
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
  },
  {
    name: 'an append is taken although the term before it differs',
    file: 'raft/dist/follower.js',
    find: 'log.termAt(prevIndex) !== prevTerm',
    replace: 'log.termAt(prevIndex) === undefined',
  },
  {
    name: 'a follower commits entries that the append does not vouch for',
    file: 'raft/dist/follower.js',
    find: 'Math.min(message.commit, lastIndex)',
    replace: 'Math.min(message.commit, log.lastIndex)',
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
  },
  {
    name: 'state that is not synced counts as durable',
    file: 'store/dist/persistence/state-writer.js',
    find: 'if (sync)\n            this.#durable = head;',
    replace: 'this.#durable = head;',
  },
  {
    name: 'state is written ahead of the synced log',
    file: 'store/dist/persistence/state-writer.js',
    find: 'while ((this.#waiting[count]?.index ?? Infinity) <= this.#logSyncedIndex)',
    replace: 'while (count < this.#waiting.length)',
  },
  {
    name: 'the mark is not lowered before a suffix is cut off',
    file: 'brain/dist/log/durable-log.js',
    find: 'await this.#lowerMark(first.index);',
    replace: 'void first;',
  },
  {
    name: 'the witness has one slot',
    file: 'brain/dist/log/witness.js',
    find: '(sequence % 2) * slotStride',
    replace: '0',
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
  },
  {
    name: 'a torn end of the log is kept',
    file: 'brain/dist/log/recovery.js',
    find: 'await file.truncate(end.offset);',
    replace: '',
  },
];
