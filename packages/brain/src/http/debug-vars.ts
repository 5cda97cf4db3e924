/** `/debug/vars`: variables of the process and raft's view of the cluster, under the names of Go's expvar and of etcd. */
import type { ProgressStatus, RaftStatus } from '@flotilla/raft';
import { idText } from '../log/refusal.ts';
import type { Member } from '../member/member.ts';
import { maxFileDescriptors } from '../process-metrics.ts';

const roleNames: Readonly<Record<RaftStatus['role'], string>> = {
  leader: 'StateLeader',
  follower: 'StateFollower',
  candidate: 'StateCandidate',
  preCandidate: 'StatePreCandidate',
};

const stateNames: Readonly<Record<ProgressStatus['state'], string>> = {
  probe: 'StateProbe',
  replicate: 'StateReplicate',
  snapshot: 'StateSnapshot',
};

/** Memory is in bytes, under the names of Go's MemStats that mean something here. */
export function debugVars({ raft }: Member): Readonly<Record<string, unknown>> {
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  return {
    cmdline: process.argv,
    file_descriptor_limit: process.platform === 'linux' ? maxFileDescriptors() : 0,
    memstats: { Alloc: heapUsed + external, Sys: rss, HeapAlloc: heapUsed, HeapSys: heapTotal },
    'raft.status': raftVars(raft.status()),
  };
}

function raftVars(status: RaftStatus): Readonly<Record<string, unknown>> {
  const { id, term, vote, commit, leader, role, applied, progress, transferee } = status;
  return {
    id: idText(id),
    term,
    vote: idText(vote),
    commit,
    lead: idText(leader),
    raftState: roleNames[role],
    applied,
    progress: Object.fromEntries(
      [...progress].map(([member, { match, next, state }]) => [
        idText(member),
        { match, next, state: stateNames[state] },
      ]),
    ),
    leadtransferee: idText(transferee),
  };
}
