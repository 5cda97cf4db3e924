/**
 * The API server as a component: composes store client, caches, registry and the two faces, and owns them all.
 */
import { setMaxListeners } from 'node:events';
import * as grpcjs from '@grpc/grpc-js';
import {
  type Clock,
  type Logger,
  type Randomness,
  type Running,
  createBackoff,
  createTaskGroup,
  messageOf,
  silentLogger,
  sleep,
  systemClock,
  systemRandomness,
} from '@flotilla/base';
import { Registry as MetricsRegistry } from '@flotilla/base/metrics';
import { type Kind, type KindRegistry, builtinKinds } from '@flotilla/api';
import { type EtcdClient, createEtcdClient } from '@flotilla/etcd-client';
import {
  type ChannelTls,
  flotillaElectionService,
  flotillaLeaseService,
  mountService,
  resourcesService,
} from '@flotilla/wire';
import { noTokens, parseTokenFile } from './auth/token-file.ts';
import { authenticated } from './auth/user.ts';
import { createFreshRevision } from './cache/fresh-revision.ts';
import { createStoreWatch } from './cache/store-watch.ts';
import { createDocuments } from './discovery/documents.ts';
import { createHealth } from './discovery/health.ts';
import { electionHandlers } from './elections/election-service.ts';
import { leaseHandlers } from './elections/lease-service.ts';
import { createCallers } from './grpc/callers.ts';
import { resourcesHandlers } from './grpc/resources.ts';
import { failureOf } from './http/errors.ts';
import { openFront } from './http/front.ts';
import { createInFlight } from './http/in-flight.ts';
import { knownHosts } from './http/known-hosts.ts';
import { createListener } from './http/listener.ts';
import { createRequestMetrics } from './http/metrics.ts';
import { type KubeletTls, createPodLogs } from './http/pod-log.ts';
import { createResources } from './http/resources.ts';
import { createRouter } from './http/router.ts';
import { addressRange } from './registry/address-range.ts';
import { type Behaviour, plainBehaviour } from './registry/behaviour.ts';
import { sharedLeases } from './registry/event-leases.ts';
import { createFreshness } from './registry/freshness.ts';
import { createRegistry } from './registry/registry.ts';
import type { WriteContext } from './registry/request.ts';
import { reservations } from './registry/reservations.ts';
import { serviceBehaviour } from './registry/service-behaviour.ts';
import { createSystemNamespaces } from './registry/system-namespaces.ts';
import { runCompactor } from './store/compactor.ts';

/** Certificates and keys are PEM. */
export interface ApiServerOptions {
  readonly etcdServers: readonly string[];
  readonly etcdTls?: ChannelTls | undefined;
  /** 0: this server never compacts the store. 5 minutes unless told. */
  readonly compactionIntervalMs?: number;
  /** 127.0.0.1 unless told. */
  readonly bindAddress?: string;
  /** 0: any free one. */
  readonly securePort: number;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly clientCa?: string | undefined;
  /** What `--token-auth-file` holds; the path is for messages. */
  readonly tokenFile?: { readonly path: string; readonly text: string } | undefined;
  readonly kubeletTls?: KubeletTls;
  /** CIDR; without one, services get no cluster addresses. */
  readonly serviceClusterIpRange?: string | undefined;
  /** 400 unless told. */
  readonly maxRequestsInFlight?: number;
  /** 200 unless told. */
  readonly maxMutatingRequestsInFlight?: number;
  /** 60,000 unless told. */
  readonly requestTimeoutMs?: number;
  /** Events kept a kind for watches that start in the past; 8,192 unless told. */
  readonly windowCapacity?: number;
  /** Events that may wait for one watcher before it is ended; 4,096 unless told. */
  readonly watcherCapacity?: number;
  readonly kinds?: KindRegistry;
  /** Gives up a start that waits for the store. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly logger?: Logger;
}

export interface RunningApiServer extends Running {
  /** `host:port`; speaks REST and gRPC, both over TLS. */
  readonly address: string;
  readonly metrics: MetricsRegistry;
}

/** Streams are told to end when the server stops, and get this long to do so, milliseconds. */
const closeGraceMs = 1_000;
const grpcMessageMaxBytes = 4 * 1024 * 1024;

/**
 * Resolves when the server serves: the store has answered, and the system namespaces exist.
 * @throws OperatingError when it can't listen, an option is not valid, or the start was given up.
 */
export async function startApiServer(options: ApiServerOptions): Promise<RunningApiServer> {
  const clock = options.clock ?? systemClock;
  const randomness = options.randomness ?? systemRandomness;
  const logger = options.logger ?? silentLogger;
  const kinds = options.kinds ?? builtinKinds;
  const requestTimeoutMs = options.requestTimeoutMs ?? 60_000;
  const tokens = options.tokenFile ? parseTokenFile(options.tokenFile.text, options.tokenFile.path) : noTokens;
  const range = options.serviceClusterIpRange === undefined ? undefined : addressRange(options.serviceClusterIpRange);
  const tasks = createTaskGroup();
  const client = createEtcdClient({
    endpoints: options.etcdServers,
    ...(options.etcdTls && { tls: options.etcdTls }),
    clock,
    randomness,
    logger,
  });

  const storeWatch = createStoreWatch(client, logger);
  const registry = createRegistry({
    kinds,
    client,
    clock,
    randomness,
    freshness: createFreshness(createFreshRevision(client)),
    cacheOptions: {
      client,
      storeWatch,
      logger,
      windowCapacity: options.windowCapacity ?? 8_192,
      watcherCapacity: options.watcherCapacity ?? 4_096,
    },
    behaviourOf: behaviours(),
  });
  tasks.run('the watch on the store', (signal) => storeWatch.run(signal));
  const compactionIntervalMs = options.compactionIntervalMs ?? 300_000;
  if (compactionIntervalMs > 0) {
    tasks.run('the compactor', (signal) =>
      runCompactor({ client, clock, logger, intervalMs: compactionIntervalMs }, signal),
    );
  }

  const inFlight = createInFlight({
    maxRequestsInFlight: options.maxRequestsInFlight ?? 400,
    maxMutatingRequestsInFlight: options.maxMutatingRequestsInFlight ?? 200,
  });
  const metrics = new MetricsRegistry();
  const podLogs = createPodLogs(registry, options.kubeletTls ?? { cert: undefined, key: undefined, ca: undefined });
  const grpcServer = grpcFace();
  const stopping = new AbortController();
  // Every request listens to it.
  setMaxListeners(0, stopping.signal);
  let address = '';
  const front = await openFront({
    bindAddress: options.bindAddress ?? '127.0.0.1',
    port: options.securePort,
    cert: options.tlsCert,
    key: options.tlsKey,
    clientCa: options.clientCa,
    listener: restFace(),
    grpc: grpcServer.createConnectionInjector(grpcjs.ServerCredentials.createInsecure()),
    logger,
  }).catch(async (error: unknown) => {
    await tasks.close();
    client.close();
    throw error;
  });
  ({ address } = front);

  const close = async (): Promise<void> => {
    stopping.abort();
    registry.close();
    await front.close(closeGraceMs);
    grpcServer.forceShutdown();
    podLogs.close();
    await tasks.close();
    client.close();
  };
  let closing: Promise<void> | undefined;
  const running: RunningApiServer = {
    address,
    metrics,
    stopped: tasks.stopped,
    close: () => (closing ??= close()),
  };
  try {
    await bootstrap();
  } catch (error) {
    await running.close();
    throw error;
  }
  logger.info('serving', { address });
  return running;

  /** A store that does not answer yet is waited for. */
  async function bootstrap(): Promise<void> {
    const context = systemContext(AbortSignal.any([tasks.signal, ...(options.signal ? [options.signal] : [])]));
    const backoff = createBackoff({ initialMs: 100, maxMs: 2_000 }, randomness);
    for (;;) {
      try {
        return await createSystemNamespaces(registry, context);
      } catch (error) {
        if (context.signal.aborted || failureOf(error).isBug) throw error;
        logger.warn('the store does not answer yet', { error: messageOf(error) });
      }
      await sleep(clock, backoff.nextMs(), context.signal);
    }
  }

  function behaviours(): (kind: Kind) => Behaviour {
    const leases = sharedLeases(client, clock);
    const ofServices = serviceBehaviour(range, reservations(client, '/flotilla/service-addresses/', randomness));
    return (kind) => {
      const base = kind.group === '' && kind.plural === 'services' ? ofServices : plainBehaviour;
      const { ttlSeconds } = kind.strategy;
      return ttlSeconds === undefined ? base : { ...base, lease: () => leases.take(ttlSeconds) };
    };
  }

  function grpcFace(): grpcjs.Server {
    const server = new grpcjs.Server({
      'grpc.max_receive_message_length': grpcMessageMaxBytes,
      'grpc.max_send_message_length': -1,
    });
    const onBug = (error: unknown): void => logger.error('a call failed unexpectedly', { err: error });
    const callers = createCallers(tokens, onBug);
    const mountOptions = {
      onBug: (path: string, error: unknown) => logger.error('a call failed unexpectedly', { path, err: error }),
    };
    const { campaigner, observer } = callers;
    mountService(
      server,
      resourcesService,
      resourcesHandlers({ registry, callers, inFlight, requestTimeoutMs, onBug }),
      mountOptions,
    );
    mountService(server, flotillaLeaseService, leaseHandlers(client, campaigner), mountOptions);
    mountService(
      server,
      flotillaElectionService,
      electionHandlers({ client, storeWatch, campaigner, observer }),
      mountOptions,
    );
    return server;
  }

  function restFace(): ReturnType<typeof createListener> {
    const router = createRouter({
      kinds,
      resources: createResources({ registry, clock, podLogs }),
      documents: createDocuments(kinds, () => address),
      health: createHealth({ etcd: (signal) => storeAnswers(client, signal) }),
      metrics,
    });
    return createListener({
      hosts: knownHosts(options.tlsCert),
      tokens,
      inFlight,
      route: router,
      requestTimeoutMs,
      metrics: createRequestMetrics(metrics, inFlight),
      clock,
      logger,
      signal: stopping.signal,
    });
  }
}

async function storeAnswers(client: EtcdClient, signal: AbortSignal): Promise<void> {
  await client.kv.range({ key: '/registry/health', countOnly: true }, { signal });
}

/** What the server does of itself. */
function systemContext(signal: AbortSignal): WriteContext {
  return {
    user: authenticated('system:apiserver', ['system:masters']),
    signal,
    fence: undefined,
    dryRun: false,
    fieldValidation: 'Strict',
    warn: () => undefined,
  };
}
