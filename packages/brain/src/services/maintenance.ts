/** `etcdserverpb.Maintenance`: what operators ask of one member, and the alarms of all. */
import type { Histogram } from '@flotilla/base/metrics';
import { type Alarm, toRpcError } from '@flotilla/store';
import {
  type Handlers,
  clampInteger,
  etcdserverpb,
  fromUnsignedId,
  type maintenanceService,
  toId,
} from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import { clusterLevel, serverVersion, storageVersion } from '../version.ts';
import { checkDowngrade } from './downgrade.ts';
import { isLearner } from './learner-rules.ts';
import { requireLeader } from './require-leader.ts';
import { answered, headerOf } from './response-header.ts';
import { streamSnapshot } from './snapshot.ts';

type AlarmMember = etcdserverpb.AlarmMember.$Properties;

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
        errors: [...(leadership.known ? [] : ['etcdserver: no leader']), ...store.alarms.list().map(alarmText)],
        isLearner: isLearner(member),
        downgradeInfo: { enabled: false },
      };
    },
    async MoveLeader(request, context) {
      requireLeader(member, context);
      await moveLeader(member, BigInt.asUintN(64, toId(request.targetID)));
      return {};
    },
    async Alarm(request, context) {
      requireLeader(member, context);
      const { machine, proposals, reads } = member;
      if (request.action === etcdserverpb.AlarmRequest.AlarmAction.GET) {
        await reads.confirm();
        return {
          header: header(machine.store.revision),
          alarms: machine.store.alarms.list(request.alarm).map(toMessage),
        };
      }
      const { response, revision } = answered(await proposals.submit('alarm', context.requestBytes));
      return { ...response, header: header(revision) };
    },
    async Defragment(_request, context) {
      requireLeader(member, context);
      await member.machine.state.defragment();
      return {};
    },
    async Hash(_request, context) {
      requireLeader(member, context);
      const { store, state } = member.machine;
      const outcome = await timed(member.metrics.hashSeconds, () => state.hash(store.revision));
      return { header: header(store.revision), hash: answered(outcome).response.everything };
    },
    async HashKV(request, context) {
      requireLeader(member, context);
      const { store, state } = member.machine;
      const asked = clampInteger(request.revision);
      if (asked > store.revision) throw toRpcError('futureRevision');
      const revision = asked > 0 ? asked : store.revision;
      const outcome = await timed(member.metrics.revisionsHashSeconds, () => state.hash(revision));
      const { response } = answered(outcome);
      return {
        header: header(store.revision),
        hash: response.revisions,
        compact_revision: response.compactRevision,
        hash_revision: response.revision,
      };
    },
    Snapshot(_request, context) {
      requireLeader(member, context);
      return streamSnapshot(member);
    },
    Downgrade(request, context) {
      requireLeader(member, context);
      checkDowngrade(request);
      return { header: header(member.machine.store.revision), version: clusterLevel };
    },
  };
}

function toMessage({ memberId, type }: Alarm): AlarmMember {
  return { memberID: fromUnsignedId(memberId), alarm: type };
}

async function timed<T>(seconds: Histogram, work: () => Promise<T>): Promise<T> {
  const end = seconds.startTimer();
  const result = await work();
  end();
  return result;
}

/** As protobuf prints an alarm. */
function alarmText({ memberId, type }: Alarm): string {
  return `memberID:${memberId} alarm:${etcdserverpb.AlarmType[type]} `;
}

async function moveLeader(
  { handover, leadership, electionTimeoutMs, settings }: Member,
  target: bigint,
): Promise<void> {
  if (!leadership.leads) throw toRpcError('notLeader');
  if (target === settings.membership.self.id) return;
  switch (await handover.to(target, electionTimeoutMs)) {
    case 'done':
      return;
    case 'notLeader':
      throw toRpcError('notLeader');
    case 'badTransferee':
      throw toRpcError('badLeaderTransferee');
    case 'unreachable':
    case 'timedOut':
      throw toRpcError('timeoutLeaderTransfer');
  }
}
