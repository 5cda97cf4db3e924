/**
 * A member with its ports: `startBrain` binds them first (so that a second start on the same flags fails before it touches
 * a file), then opens the data directory, then serves.
 */
import type { RequestListener } from 'node:http';
import * as grpcjs from '@grpc/grpc-js';
import {
  type Clock,
  type Logger,
  type Randomness,
  type Running,
  messageOf,
  silentLogger,
  sleep,
  systemClock,
  systemRandomness,
} from '@flotilla/base';
import type { OpenDatabase } from '@flotilla/store';
import {
  type Handlers,
  type ServiceTable,
  clusterService,
  etcdserverpb,
  fromUnsignedId,
  healthService,
  kvService,
  leaseService,
  maintenanceService,
  mountService,
  watchService,
} from '@flotilla/wire';
import { addressOf, withPort } from './cluster/urls.ts';
import { type Front, openFront } from './http/front.ts';
import { createRoutes } from './http/routes.ts';
import { type Files, systemFiles } from './log/files.ts';
import { idText } from './log/refusal.ts';
import { type Member, type MemberWorld, startMember } from './member.ts';
import { type BrainMetrics, type MemberGauges, createBrainMetrics } from './metrics.ts';
import type { BrainSettings } from './options.ts';
import { countCalls } from './services/call-counts.ts';
import { clusterHandlers } from './services/cluster.ts';
import { healthHandlers } from './services/health.ts';
import { kvHandlers } from './services/kv.ts';
import { leaseHandlers } from './services/lease.ts';
import { maintenanceHandlers } from './services/maintenance.ts';
import { messageOverheadBytes, watchHandlers } from './services/watch.ts';
import { startGrpcTransport } from './transport/grpc-transport.ts';
import { peerHandlers } from './transport/peer-handlers.ts';
import { peerService } from './transport/peer-service.ts';
import type { PeerReceiver } from './transport/transport.ts';

/** Calls that are under way when a member closes may finish within this time. */
const closeGraceMs = 500;
/** A member that could not publish its URLs tries again after this time. */
const publishRetryMs = 200;
/** No message between members is larger. */
const maxPeerMessageBytes = 256 * 1024 * 1024;

export interface BrainOptions {
  readonly settings: BrainSettings;
  /** Silent unless told. */
  readonly logger?: Logger;
  /** The machine's unless told. */
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly files?: Files;
  /** LevelDB unless told. */
  readonly openDatabase?: OpenDatabase;
}

/** What a member says of itself. */
export interface BrainStatus {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly name: string;
  /** 0n when none is known. */
  readonly leaderId: bigint;
  readonly isLeader: boolean;
  readonly term: number;
  readonly revision: number;
  readonly appliedIndex: number;
}

export interface Brain extends Running {
  /** Where clients reach it: the advertised URLs, with the ports that were really bound. */
  readonly clientUrls: readonly string[];
  readonly peerUrls: readonly string[];
  /** Resolves when this member has had its first write acknowledged (its own URLs, published to the cluster). */
  readonly ready: Promise<void>;
  status(): BrainStatus;
}

/**
 * Starts a member. Resolves when it listens; {@link Brain.ready} tells when the cluster serves.
 * @throws OperatingError for a port in use, and for a data directory that is damaged, of another member, or in use.
 */
export async function startBrain(options: BrainOptions): Promise<Brain> {
  const { settings, logger = silentLogger } = options;
  const metrics = createBrainMetrics();
  const servers = createServers(settings);
  const fronts: Front[] = [];
  let routes: RequestListener | undefined;
  const listen = async (url: string, flag: string, grpc: grpcjs.Server): Promise<Front> => {
    const { host, port } = addressOf(url);
    const front = await openFront({
      // What localhost resolves to differs between machines; etcd takes IPv4.
      host: host === 'localhost' ? '127.0.0.1' : host,
      port,
      flag,
      grpc,
      onRequest: (request, response) => routes?.(request, response),
    });
    fronts.push(front);
    return front;
  };
  const closeFronts = async (graceMs: number): Promise<void> => {
    await Promise.all(fronts.map((front) => front.close(graceMs)));
    for (const server of [servers.client, servers.peer]) server.forceShutdown();
  };

  let settle: { resolve(): void; reject(error: Error): void } = { resolve: () => undefined, reject: () => undefined };
  const stopped = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  stopped.catch((error: unknown) => error);

  try {
    for (const url of settings.listenPeerUrls) await listen(url, 'listen-peer-urls', servers.peer);
    const clientFronts: Front[] = [];
    for (const url of settings.listenClientUrls)
      clientFronts.push(await listen(url, 'listen-client-urls', servers.client));
    let onFailure = (error: Error): void => {
      earlyFailure ??= error;
    };
    let earlyFailure: Error | undefined;
    const world = worldOf(options, { metrics, servers, onFailure: (error) => onFailure(error) });
    const member = await startMember(settings, world);
    serve({ member, world, servers, metrics });
    metrics.observe(() => gaugesOf(member));
    routes = createRoutes({ member, metrics, logger });
    for (const front of fronts) front.serve();
    const clientUrls = boundUrls(settings, clientFronts);
    const publishing = new AbortController();
    const ready = publish({ member, world, clientUrls, signal: publishing.signal }).then(() => {
      logger.info('ready to serve client requests', { name: settings.name, clientUrls });
    });
    ready.catch((error: unknown) => error);

    const stop = async (): Promise<void> => {
      publishing.abort();
      await member.handOver();
      // Calls that wait for the new leader may still be answered; streams have no end of their own.
      member.machine.watchHub.close();
      await Promise.all(clientFronts.map((front) => front.close(closeGraceMs)));
      await member.close();
      await closeFronts(0);
    };
    let closing: Promise<void> | undefined;
    const fail = async (error: Error): Promise<void> => {
      try {
        await (closing ??= stop());
      } catch (closeError) {
        logger.error('the member did not stop in good order', { err: closeError });
      }
      settle.reject(error);
    };
    onFailure = (error) => void fail(error);
    if (earlyFailure) onFailure(earlyFailure);
    return {
      clientUrls,
      peerUrls: settings.membership.self.peerUrls,
      ready,
      stopped,
      status: () => statusOf(member),
      async close() {
        await (closing ??= stop());
        settle.resolve();
      },
    };
  } catch (error) {
    await closeFronts(0);
    throw error;
  }
}

interface Servers {
  readonly client: grpcjs.Server;
  readonly peer: grpcjs.Server;
}

function createServers({ maxRequestBytes }: BrainSettings): Servers {
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

function worldOf(
  options: BrainOptions,
  given: { readonly metrics: BrainMetrics; readonly servers: Servers; readonly onFailure: (error: Error) => void },
): MemberWorld {
  const { settings, logger = silentLogger, openDatabase } = options;
  const { clock = systemClock, randomness = systemRandomness, files = systemFiles } = options;
  const { metrics, servers, onFailure } = given;
  const { clusterId, members, self } = settings.membership;
  const others = members.filter((member) => member !== self);
  const world: MemberWorld = {
    clock,
    randomness,
    logger,
    files,
    metrics,
    onFailure,
    endOfTurn: (callback) => void setImmediate(callback),
    startTransport(receiver: PeerReceiver) {
      const onReceived = (from: bigint, bytes: number): void =>
        metrics.peerReceivedBytes.inc({ From: idText(from) }, bytes);
      const peers = new Set(others.map((member) => member.id));
      mount(servers.peer, peerService, peerHandlers({ clusterId, self: self.id, peers, receiver, onReceived }), logger);
      return startGrpcTransport({
        clusterId,
        self: self.id,
        peers: others.map(({ id, peerUrls }) => ({ id, ...addressOf(peerUrls[0] ?? '') })),
        receiver,
        clock,
        randomness,
        logger,
        onSent: (to, bytes) => metrics.peerSentBytes.inc({ To: idText(to) }, bytes),
        onDropped: (to) => metrics.peerSendFailures.inc({ To: idText(to) }),
      });
    },
  };
  return openDatabase ? { ...world, openDatabase } : world;
}

interface Serving {
  readonly member: Member;
  readonly world: MemberWorld;
  readonly servers: Servers;
  readonly metrics: BrainMetrics;
}

function serve({ member, world, servers, metrics }: Serving): void {
  const add = <T extends ServiceTable>(table: T, handlers: Handlers<T>): void =>
    mount(servers.client, table, countCalls(table, handlers, metrics), world.logger);
  add(kvService, kvHandlers(member));
  add(watchService, watchHandlers(member, world.clock));
  add(leaseService, leaseHandlers(member, world));
  add(clusterService, clusterHandlers(member));
  add(maintenanceService, maintenanceHandlers(member));
  add(healthService, healthHandlers());
}

function mount<T extends ServiceTable>(server: grpcjs.Server, table: T, handlers: Handlers<T>, logger: Logger): void {
  mountService(server, table, handlers, {
    onBug: (path, error) => logger.error('a handler failed', { path, err: error }),
  });
}

/** Port 0 in a URL stands for whatever was bound. */
function boundUrls(settings: BrainSettings, fronts: readonly Front[]): readonly string[] {
  return settings.advertiseClientUrls.map((url, i) => {
    const front = fronts[i] ?? fronts[0];
    return addressOf(url).port === 0 && front ? withPort(url, front.port) : url;
  });
}

/** Tells the cluster this member's name and client URLs; resolves when that is committed and applied here. */
async function publish(given: {
  readonly member: Member;
  readonly world: MemberWorld;
  readonly clientUrls: readonly string[];
  readonly signal: AbortSignal;
}): Promise<void> {
  const { member, world, clientUrls, signal } = given;
  const { self } = member.settings.membership;
  const body = etcdserverpb.Member.encode({
    ID: fromUnsignedId(self.id),
    name: self.name,
    peerURLs: [...self.peerUrls],
    clientURLs: [...clientUrls],
  }).finish();
  while (!signal.aborted) {
    try {
      await member.proposals.submit('memberAttributes', body);
      return;
    } catch (error) {
      world.logger.debug('the URLs of this member are not published yet', { reason: messageOf(error) });
      await sleep(world.clock, publishRetryMs, signal);
    }
  }
  throw new Error('the member stopped before it was ready');
}

function statusOf({ settings, leadership, raft, machine }: Member): BrainStatus {
  const { membership } = settings;
  return {
    clusterId: membership.clusterId,
    memberId: membership.self.id,
    name: settings.name,
    leaderId: leadership.leader,
    isLeader: leadership.leads,
    term: raft.term,
    revision: machine.store.revision,
    appliedIndex: machine.store.appliedIndex,
  };
}

function gaugesOf({ settings, leadership, raft, machine, proposals }: Member): MemberGauges {
  const { store, state, watchHub } = machine;
  return {
    hasLeader: leadership.known,
    isLeader: leadership.leads,
    leaderChanges: leadership.changes,
    proposalsPending: proposals.pendingCount,
    proposalsCommitted: raft.commit,
    proposalsApplied: store.appliedIndex,
    proposalsFailed: proposals.failedCount,
    quotaBytes: settings.quotaBytes,
    dbSizeBytes: state.sizeBytes,
    dbSizeInUseBytes: state.sizeInUseBytes,
    currentRevision: store.revision,
    compactRevision: Math.max(0, store.compactRevision),
    watchStreams: watchHub.streamCount,
    watchers: watchHub.watcherCount,
    leases: store.leases.size,
  };
}
