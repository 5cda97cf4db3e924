/**
 * The service proxy of one machine: watches Services and EndpointSlices and serves each service's cluster IP (and node ports) with a
 * userspace forwarder.
 *
 * What it promises: a new connection goes to an endpoint that the API server calls ready; what it listens on follows the Services; it
 * never keeps a port of a service that is gone. Losing the API server changes nothing: the last known table serves on.
 */
import { endpointSlices, services } from '@flotilla/api';
import { createEventRecorder, createInformer, type ApiClient } from '@flotilla/api-client';
import { createTaskGroup, messageOf, systemClock, type Clock, type Logger, type Running } from '@flotilla/base';
import type { Forwarder, ForwarderSurroundings } from './forwarder.ts';
import { routeKey, serviceTable, type Route } from './service-table.ts';
import { createTcpForwarder } from './tcp-forwarder.ts';
import { createUdpForwarder } from './udp-forwarder.ts';

export interface ProxyOptions {
  /** For events. */
  readonly nodeName: string;
  /** The proxy does not close it. */
  readonly client: ApiClient;
  /** Addresses that node ports are served on; 127.0.0.1 unless told. */
  readonly nodePortAddresses?: readonly string[];
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface Proxy extends Running {
  /** Resolves when the first table of services is in force: each port is listened on, here or by another proxy. */
  readonly synced: Promise<void>;
  /** What is served, as `TCP 127.30.0.1:80`; `listening` is false while another proxy of the machine has the port. */
  routes(): readonly { readonly route: string; readonly listening: boolean }[];
}

export function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { client, nodeName, nodePortAddresses = ['127.0.0.1'], logger, clock = systemClock } = options;
  const group = createTaskGroup();
  const events = createEventRecorder({ client, component: 'proxy', host: nodeName, clock, logger });
  const serviceInformer = createInformer(client, services, { clock, logger });
  const sliceInformer = createInformer(client, endpointSlices, { clock, logger });
  const forwarders = new Map<string, Forwarder>();
  const closings = new Set<Promise<void>>();
  let scheduled = false;

  const surroundings: ForwarderSurroundings = {
    clock,
    logger,
    denied({ service, host, port }, { reason, message }) {
      logger.warn('a service port cannot be served', { service: service.metadata.name, host, port, reason: message });
      const about = { apiVersion: 'v1', kind: 'Service', metadata: service.metadata };
      events.record(about, { type: 'Warning', reason, message: `${host}:${port}: ${message}` });
    },
  };

  const retire = (key: string, forwarder: Forwarder): Promise<void> => {
    forwarders.delete(key);
    const closing = forwarder
      .close()
      .catch((error: unknown) => logger.warn('a listener did not close', { route: key, reason: messageOf(error) }))
      .finally(() => closings.delete(closing));
    closings.add(closing);
    return closing;
  };

  const converge = (): void => {
    scheduled = false;
    if (group.signal.aborted) return;
    const table = serviceTable({
      services: serviceInformer.list(),
      slices: sliceInformer.list(),
      nodePortAddresses,
    });
    for (const [key, forwarder] of forwarders) if (!table.has(key)) void retire(key, forwarder);
    for (const [key, route] of table) {
      const known = forwarders.get(key);
      if (known) known.update(route);
      else forwarders.set(key, createForwarder(route, surroundings));
    }
  };
  /** A burst of changes makes one table. */
  const schedule = (): void => {
    if (scheduled || !serviceInformer.hasSynced() || !sliceInformer.hasSynced()) return;
    scheduled = true;
    setImmediate(converge);
  };

  for (const informer of [serviceInformer, sliceInformer]) {
    informer.onChange({ added: schedule, updated: schedule, deleted: schedule });
    informer.start(group);
  }
  const synced = Promise.all([serviceInformer.waitForSync(group.signal), sliceInformer.waitForSync(group.signal)]).then(
    converge,
  );
  // Whoever does not ask must not be ended by a proxy that is closed early.
  synced.catch((error: unknown) => error);

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await group.close();
    events.close();
    for (const [key, forwarder] of forwarders) void retire(key, forwarder);
    await Promise.all(closings);
  };
  return Promise.resolve({
    synced,
    stopped: group.stopped,
    routes: () => [...forwarders].map(([route, { listening }]) => ({ route, listening })),
    close: () => (closing ??= close()),
  });
}

function createForwarder(route: Route, surroundings: ForwarderSurroundings): Forwarder {
  surroundings.logger.debug('serving a route', { route: routeKey(route) });
  return route.protocol === 'UDP' ? createUdpForwarder(route, surroundings) : createTcpForwarder(route, surroundings);
}
