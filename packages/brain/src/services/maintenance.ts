/** `etcdserverpb.Maintenance`, as far as it exists. */
import { toRpcError } from '@flotilla/store';
import {
  type Handlers,
  RpcError,
  StatusCode,
  etcdserverpb,
  fromUnsignedId,
  type maintenanceService,
  toId,
} from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import { serverVersion, storageVersion } from '../version.ts';
import { requireLeader } from './require-leader.ts';
import { headerOf } from './response-header.ts';

export function maintenanceHandlers(member: Member): Handlers<typeof maintenanceService> {
  const header = headerOf(member);
  return {
    Status(_request, context) {
      requireLeader(member, context);
      const { machine, raft, leadership, settings } = member;
      const { store, state } = machine;
      return {
        header: header(store.revision),
        version: serverVersion,
        storageVersion,
        dbSize: state.sizeBytes,
        dbSizeInUse: state.sizeInUseBytes,
        dbSizeQuota: settings.quotaBytes,
        leader: fromUnsignedId(leadership.leader),
        raftIndex: raft.commit,
        raftTerm: raft.term,
        raftAppliedIndex: store.appliedIndex,
        errors: leadership.known ? [] : ['etcdserver: no leader'],
      };
    },
    async MoveLeader(request, context) {
      requireLeader(member, context);
      const target = BigInt.asUintN(64, toId(request.targetID));
      const { handover, leadership, electionTimeoutMs, settings } = member;
      if (!leadership.leads) throw toRpcError('notLeader');
      if (target === settings.membership.self.id) return {};
      switch (await handover.to(target, electionTimeoutMs)) {
        case 'done':
          return {};
        case 'notLeader':
          throw toRpcError('notLeader');
        case 'badTransferee':
          throw toRpcError('badLeaderTransferee');
        case 'unreachable':
        case 'timedOut':
          throw toRpcError('timeoutLeaderTransfer');
      }
    },
    /** No alarm can be raised yet, so there is none to list or to disarm. */
    Alarm(request) {
      if (request.action === etcdserverpb.AlarmRequest.AlarmAction.ACTIVATE) {
        throw new RpcError(StatusCode.UNIMPLEMENTED, 'alarms are not implemented');
      }
      return { header: header(member.machine.store.revision), alarms: [] };
    },
  };
}
