/** gRPC calls on an API server with a client certificate. */
import {
  type ServiceClient,
  connectService,
  flotillaElectionService,
  flotillaLeaseService,
  openChannel,
  resourcesService,
} from '@flotilla/wire';
import type { Identity } from './certificates.ts';
import type { TestCluster } from './cluster.ts';

export interface GrpcClient {
  readonly resources: ServiceClient<typeof resourcesService>;
  readonly leases: ServiceClient<typeof flotillaLeaseService>;
  readonly elections: ServiceClient<typeof flotillaElectionService>;
  close(): void;
}

export function grpcClient(cluster: TestCluster, identity: Identity | undefined, server = cluster.server): GrpcClient {
  const channel = openChannel({
    target: server.address,
    tls: { ca: cluster.authority.ca, serverName: 'localhost', ...identity },
  });
  return {
    resources: connectService(channel, resourcesService),
    leases: connectService(channel, flotillaLeaseService),
    elections: connectService(channel, flotillaElectionService),
    close: () => channel.close(),
  };
}
