/** The gRPC servers of a member, one for clients and one for the other members, and what is mounted on them. */
import type { Logger } from '@flotilla/base';
import {
  type Handlers,
  type RpcServer,
  type RpcServerOptions,
  type ServiceTable,
  authService,
  clusterService,
  createRpcServer,
  electionService,
  healthService,
  kvService,
  leaseService,
  lockService,
  maintenanceService,
  watchService,
} from '@flotilla/wire';
import { type Guards, clusterGuards, guarded, kvGuards, leaseGuards, maintenanceGuards } from './auth/guard.ts';
import { HandlerMap } from './gateway/handler-map.ts';
import type { Member } from './member/member.ts';
import type { MemberWorld } from './member/world.ts';
import type { BrainMetrics } from './metrics.ts';
import type { BrainSettings } from './options.ts';
import { authHandlers } from './services/auth.ts';
import { countCalls } from './services/call-counts.ts';
import { readableClients } from './services/client-version.ts';
import { clusterHandlers } from './services/cluster.ts';
import { electionHandlers } from './services/election.ts';
import { healthHandlers } from './services/health.ts';
import { kvHandlers } from './services/kv.ts';
import { refusedByLearners } from './services/learner-rules.ts';
import { leaseHandlers } from './services/lease.ts';
import { localClient } from './services/local-client.ts';
import { lockHandlers } from './services/lock.ts';
import { maintenanceHandlers } from './services/maintenance.ts';
import { messageOverheadBytes, watchHandlers } from './services/watch.ts';
import { peerService } from './transport/peer-service.ts';

/** No message between members is larger. */
const maxPeerMessageBytes = 256 * 1024 * 1024;

export interface Servers {
  readonly client: RpcServer;
  readonly peer: RpcServer;
}

export function createServers(
  { grpcServer, maxRequestBytes }: BrainSettings,
  { metrics, logger }: { readonly metrics: BrainMetrics; readonly logger: Logger },
): Servers {
  const onBug: RpcServerOptions['onBug'] = (path, error) => logger.error('a handler failed', { path, err: error });
  return {
    client: createRpcServer(grpcServer, {
      maxReceiveBytes: maxRequestBytes + messageOverheadBytes,
      keepaliveMs: 2 * 3600 * 1000,
      keepaliveTimeoutMs: 20_000,
      onBug,
      onReceived: (bytes) => metrics.clientReceivedBytes.add(bytes),
      onSent: (bytes) => metrics.clientSentBytes.add(bytes),
      observe: (method) => countCalls(method, metrics),
    }),
    peer: createRpcServer(grpcServer, { maxReceiveBytes: maxPeerMessageBytes, onBug }),
  };
}

interface Serving {
  readonly member: Member;
  /** Aborted when the member begins to stop. */
  readonly stopping: AbortSignal;
  readonly world: MemberWorld;
  readonly servers: Servers;
}

/** Mounts everything that clients may ask; the same, for what is not gRPC. */
export function serveClients({ member, stopping, world, servers }: Serving): HandlerMap {
  const mounted = new HandlerMap();
  const add = <T extends ServiceTable>(table: T, handlers: Handlers<T>, guards: Guards = {}): void => {
    const readable = readableClients(guarded(member, { table, handlers, guards }));
    const admitted = refusedByLearners(member, { table, handlers: readable });
    servers.client.add(table, admitted);
    mounted.add(table, admitted);
  };
  add(kvService, kvHandlers(member), kvGuards);
  add(watchService, watchHandlers(member, world.clock));
  add(leaseService, leaseHandlers(member, world), leaseGuards);
  add(clusterService, clusterHandlers(member, world), clusterGuards);
  add(maintenanceService, maintenanceHandlers(member), maintenanceGuards);
  add(authService, authHandlers(member));
  const clientOf = localClient(member, world);
  add(lockService, lockHandlers(member, clientOf));
  add(electionService, electionHandlers(member, clientOf));
  add(healthService, healthHandlers(stopping));
  return mounted;
}

/** Mounts what the other members may ask. */
export function servePeers({ peer }: Servers, handlers: Handlers<typeof peerService>): void {
  peer.add(peerService, handlers);
}
