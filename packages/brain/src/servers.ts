/** The gRPC servers of a member, one for clients and one for the other members, and what is mounted on them. */
import * as grpcjs from '@grpc/grpc-js';
import type { Logger } from '@flotilla/base';
import {
  type Handlers,
  type MountOptions,
  type ServiceTable,
  clusterService,
  healthService,
  kvService,
  leaseService,
  maintenanceService,
  mountService,
  watchService,
} from '@flotilla/wire';
import type { Member } from './member/member.ts';
import type { MemberWorld } from './member/world.ts';
import type { BrainMetrics } from './metrics.ts';
import type { BrainSettings } from './options.ts';
import { countCalls } from './services/call-counts.ts';
import { clusterHandlers } from './services/cluster.ts';
import { healthHandlers } from './services/health.ts';
import { kvHandlers } from './services/kv.ts';
import { leaseHandlers } from './services/lease.ts';
import { maintenanceHandlers } from './services/maintenance.ts';
import { messageOverheadBytes, watchHandlers } from './services/watch.ts';
import { peerService } from './transport/peer-service.ts';

/** No message between members is larger. */
const maxPeerMessageBytes = 256 * 1024 * 1024;

export interface Servers {
  readonly client: grpcjs.Server;
  readonly peer: grpcjs.Server;
}

export function createServers({ maxRequestBytes }: BrainSettings): Servers {
  return {
    client: new grpcjs.Server({
      'grpc.max_receive_message_length': maxRequestBytes + messageOverheadBytes,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': 2 * 3600 * 1000,
      'grpc.keepalive_timeout_ms': 20_000,
    }),
    peer: new grpcjs.Server({
      'grpc.max_receive_message_length': maxPeerMessageBytes,
      'grpc.max_send_message_length': -1,
    }),
  };
}

interface Serving {
  readonly member: Member;
  readonly world: MemberWorld;
  readonly servers: Servers;
  readonly metrics: BrainMetrics;
}

/** Mounts everything that clients may ask. */
export function serveClients({ member, world, servers, metrics }: Serving): void {
  const options: MountOptions = {
    ...reportBugs(world.logger),
    onReceived: (bytes) => metrics.clientReceivedBytes.inc(bytes),
    onSent: (bytes) => metrics.clientSentBytes.inc(bytes),
  };
  const add = <T extends ServiceTable>(table: T, handlers: Handlers<T>): void =>
    mountService(servers.client, table, countCalls(table, handlers, metrics), options);
  add(kvService, kvHandlers(member));
  add(watchService, watchHandlers(member, world.clock));
  add(leaseService, leaseHandlers(member, world));
  add(clusterService, clusterHandlers(member));
  add(maintenanceService, maintenanceHandlers(member));
  add(healthService, healthHandlers());
}

/** Mounts what the other members may ask. */
export function servePeers(servers: Servers, handlers: Handlers<typeof peerService>, logger: Logger): void {
  mountService(servers.peer, peerService, handlers, reportBugs(logger));
}

function reportBugs(logger: Logger): MountOptions {
  return { onBug: (path, error) => logger.error('a handler failed', { path, err: error }) };
}
