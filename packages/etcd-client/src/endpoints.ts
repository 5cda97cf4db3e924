/**
 * The set of endpoints, and which of them is in use. A client stays with one endpoint while it serves (so that it
 * reads its own writes from one place and batches well) and moves to the next when a call found it at fault. Where
 * it begins is drawn at random: many clients spread over the members.
 */
import { type Logger, OperatingError, type Randomness } from '@flotilla/base';
import {
  type Channel,
  type ChannelTls,
  type ServiceClient,
  clusterService,
  connectService,
  kvService,
  leaseService,
  maintenanceService,
  openChannel,
  watchService,
} from '@flotilla/wire';

export interface Endpoint {
  /** As the caller named it. */
  readonly name: string;
  readonly kv: ServiceClient<typeof kvService>;
  readonly lease: ServiceClient<typeof leaseService>;
  readonly watch: ServiceClient<typeof watchService>;
  readonly maintenance: ServiceClient<typeof maintenanceService>;
  readonly cluster: ServiceClient<typeof clusterService>;
}

export interface Endpoints {
  readonly count: number;
  /** The endpoint in use. @throws OperatingError `ETCD_CLOSED` */
  current(): Endpoint;
  /** The endpoint of that name. @throws OperatingError `ETCD_ENDPOINTS` when the client has none such. */
  named(name: string): Endpoint;
  /** A call found `endpoint` at fault: if it is still the one in use, the next one is used from now on. */
  failed(endpoint: Endpoint, reason: string): void;
  /** Aborted by `close`. */
  readonly closed: AbortSignal;
  close(): void;
}

export interface EndpointsOptions {
  readonly endpoints: readonly string[];
  readonly tls: ChannelTls | undefined;
  readonly randomness: Randomness;
  readonly logger: Logger;
}

export function createEndpoints(options: EndpointsOptions): Endpoints {
  const { logger, randomness } = options;
  const channels = parseEndpoints(options.endpoints, options.tls).map(({ name, target, tls }) => ({
    name,
    channel: openChannel(tls ? { target, tls } : { target }),
  }));
  const endpoints = channels.map(({ name, channel }) => connectEndpoint(name, channel));
  const closing = new AbortController();
  let inUse = Math.floor(randomness.next() * endpoints.length);

  const at = (index: number): Endpoint => {
    const endpoint = endpoints[index];
    if (closing.signal.aborted || !endpoint) throw new OperatingError('ETCD_CLOSED', 'the etcd client is closed');
    return endpoint;
  };

  return {
    count: endpoints.length,
    current: () => at(inUse),
    named(name) {
      const index = endpoints.findIndex((endpoint) => endpoint.name === name);
      if (index < 0) throw new OperatingError('ETCD_ENDPOINTS', `"${name}" is none of the client's endpoints`);
      return at(index);
    },
    failed(endpoint, reason) {
      if (closing.signal.aborted || endpoints[inUse] !== endpoint || endpoints.length === 1) return;
      inUse = (inUse + 1) % endpoints.length;
      logger.info('etcd endpoint failed', { endpoint: endpoint.name, next: endpoints[inUse]?.name, reason });
    },
    closed: closing.signal,
    close() {
      closing.abort();
      for (const { channel } of channels) channel.close();
    },
  };
}

function connectEndpoint(name: string, channel: Channel): Endpoint {
  return {
    name,
    kv: connectService(channel, kvService),
    lease: connectService(channel, leaseService),
    watch: connectService(channel, watchService),
    maintenance: connectService(channel, maintenanceService),
    cluster: connectService(channel, clusterService),
  };
}

interface ParsedEndpoint {
  readonly name: string;
  /** `host:port` */
  readonly target: string;
  readonly tls: ChannelTls | undefined;
}

function parseEndpoints(names: readonly string[], tls: ChannelTls | undefined): readonly ParsedEndpoint[] {
  const problems: string[] = [];
  const parsed = names.map((name) => {
    const match = /^(?:(https?):\/\/)?([^/\s]+:\d+)\/?$/.exec(name);
    const [, scheme, target] = match ?? [];
    if (target === undefined) problems.push(`"${name}" is not host:port, http://host:port or https://host:port`);
    if (scheme === 'https' && !tls) problems.push(`"${name}" needs TLS: give the CA certificate to trust`);
    return { name, target: target ?? '', tls: scheme === 'http' ? undefined : tls };
  });
  if (names.length === 0) problems.push('no endpoint was given');
  if (problems.length > 0) throw new OperatingError('ETCD_ENDPOINTS', problems.join('\n'));
  return parsed;
}
