/** The Maintenance and Cluster services, as far as clients of a running cluster need them. */
import { toId, toSafeInteger } from '@flotilla/wire';
import type { Caller } from './caller.ts';
import { headerOf } from './header.ts';
import type { Cluster, Maintenance } from './maintenance-shapes.ts';

export function createMaintenance(caller: Caller): Maintenance {
  return {
    async status(endpoint, limits) {
      const status = await caller.callOn(endpoint, {
        repeatable: true,
        needsLeader: false,
        limits,
        attempt: ({ maintenance }, options) => maintenance.Status({}, options),
      });
      return {
        header: headerOf(status.header),
        version: status.version ?? '',
        dbSizeBytes: toSafeInteger(status.dbSize),
        dbSizeInUseBytes: toSafeInteger(status.dbSizeInUse),
        leader: toId(status.leader),
        raftIndex: toSafeInteger(status.raftIndex),
        raftTerm: toSafeInteger(status.raftTerm),
        raftAppliedIndex: toSafeInteger(status.raftAppliedIndex),
        errors: status.errors ?? [],
        isLearner: status.isLearner ?? false,
      };
    },
  };
}

export function createCluster(caller: Caller): Cluster {
  return {
    async memberList(options) {
      const response = await caller.call({
        repeatable: true,
        needsLeader: false,
        limits: options,
        attempt: ({ cluster }, callOptions) =>
          cluster.MemberList({ linearizable: options?.linearizable ?? null }, callOptions),
      });
      return (response.members ?? []).map((member) => ({
        id: toId(member.ID),
        name: member.name ?? '',
        peerUrls: member.peerURLs ?? [],
        clientUrls: member.clientURLs ?? [],
        isLearner: member.isLearner ?? false,
      }));
    },
  };
}
