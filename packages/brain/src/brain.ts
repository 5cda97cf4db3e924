/**
 * A member with its ports: `startBrain` binds them first (so that a second start on the same flags fails before it touches
 * a file; only certificates that are to be made, and are not there, come before), then opens the data directory, then serves.
 */
import { type Running, endAfter, endAll, silentLogger, systemClock } from '@flotilla/base';
import { settleMembership } from './cluster/joining.ts';
import { openDisk } from './disk.ts';
import { createEnding } from './ending.ts';
import { createGateway } from './gateway/gateway.ts';
import { Access } from './http/access.ts';
import { clientRequests } from './http/client-requests.ts';
import { createRoutes } from './http/routes.ts';
import { startMember } from './member/member.ts';
import { createBrainMetrics } from './metrics.ts';
import { openPorts } from './ports.ts';
import { publish } from './publishing.ts';
import { createServers, serveClients } from './servers.ts';
import { countCalls } from './services/call-counts.ts';
import { messageOverheadBytes } from './services/watch.ts';
import { type BrainStatus, readingsOf, statusOf } from './status.ts';
import { type BrainOptions, worldOf } from './system-world.ts';
import { openMemberTls } from './tls/member-tls.ts';
import { askMembers } from './transport/members-question.ts';

/** Calls that are under way when a member closes may finish within this time. */
const closeGraceMs = 500;

/** The others may all be starting too, when a member joins them. */
const joinPatienceMs = 5_000;

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
 * @throws OperatingError for a port in use, for a data directory that is damaged, of another or a removed member, or in use, and
 *   for a cluster that can't be joined.
 */
export async function startBrain(given: BrainOptions): Promise<Brain> {
  const { logger = silentLogger } = given;
  const options = { ...openDisk(given.settings, logger), ...given };
  const { extensiveMetrics, featureGates, idleFlags } = options.settings;
  const { on: gatesOn, idle } = featureGates;
  if (idle.length > 0) logger.warn('feature gates that change nothing here', { gates: idle });
  if (idleFlags.length > 0) logger.warn('flags of etcd that change nothing here', { flags: idleFlags });
  const metrics = createBrainMetrics({ extensive: extensiveMetrics, gatesOn });
  const servers = createServers(options.settings, { metrics, logger });
  const tls = await openMemberTls(options.settings, logger);
  const ports = await openPorts(options.settings, { servers, tls, peerListeners: options.peerListeners });
  try {
    const settings = await settleMembership(options.settings, {
      files: options.files,
      ask: (peerUrl) => askMembers(peerUrl, tls.caller),
      patience: { clock: options.clock ?? systemClock, ms: joinPatienceMs },
    });
    const ending = createEnding(logger);
    const world = worldOf(
      { ...options, settings },
      { metrics, servers, callerTls: tls.caller, onFailure: (error) => ending.fail(error) },
    );
    const member = await startMember(settings, world);
    const stopping = new AbortController();
    const handlers = serveClients({ member, stopping: stopping.signal, world, servers });
    const { id: self } = settings.membership.self;
    metrics.identify(self);
    metrics.observe({
      self,
      readings: () => readingsOf(member),
      alarms: () => member.machine.store.alarms.list(),
      membership: () => member.machine.store.membership,
    });
    const maxMessageBytes = settings.maxRequestBytes + messageOverheadBytes;
    const routes = createRoutes({ member, metrics, logger });
    const gateway = createGateway({
      handlers,
      maxMessageBytes,
      logger,
      observe: (method) => countCalls(method, metrics),
    });
    const access = new Access({ settings, hasUsers: () => member.authentication.state.enabled });
    const { onRequest, onUpgrade } = clientRequests({ access, gateway, maxMessageBytes, routes, logger });
    ports.serve({ clients: onRequest, upgrades: onUpgrade, others: routes });
    const { clientUrls } = ports;
    const ready = publish({ member, world, clientUrls, signal: stopping.signal }).then(() => {
      logger.info('ready to serve client requests', { name: settings.name, clientUrls });
    });
    ready.catch((error: unknown) => error);
    ending.begin(() =>
      endAll([
        () => stopping.abort(),
        () => member.handOver(),
        // Calls that wait for the new leader may still be answered; streams have no end of their own.
        () => member.machine.watchHub.close(),
        () => ports.closeToClients(closeGraceMs),
        () => member.close(),
        () => ports.close(),
      ]),
    );
    return {
      clientUrls,
      peerUrls: settings.membership.self.peerUrls,
      ready,
      stopped: ending.stopped,
      status: () => statusOf(member),
      close: () => ending.close(),
    };
  } catch (error) {
    return await endAfter(error, [() => ports.close()]);
  }
}
