/**
 * From Services and EndpointSlices to what must be listened on and where it leads: a pure function, so that a wrong route is a wrong
 * table.
 *
 * New connections go to ready endpoints only. One that exists lives on while its endpoint ends gracefully (`serving`), and is cut when
 * the endpoint is gone or the control plane gave it up (`terminating` and not `serving`): a pod that moved away from a dead node must
 * not answer any more, even if its process still runs.
 */
import type { EndpointSlice, Service, ServicePort } from '@flotilla/api';
import { endpointKey, type Endpoint } from './endpoint-choice.ts';

export type Protocol = 'TCP' | 'UDP';

/** One address and port to listen on. */
export interface Route {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  /** For events about it. */
  readonly service: Service;
  /** For new connections. */
  readonly endpoints: readonly Endpoint[];
  /** Keys of the endpoints whose connections may live on. */
  readonly alive: ReadonlySet<string>;
  /** How long a client keeps its endpoint, milliseconds; undefined without session affinity. */
  readonly affinityMs: number | undefined;
}

export interface ServiceTableInput {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  /** Addresses that node ports are served on. */
  readonly nodePortAddresses: readonly string[];
}

const serviceNameLabel = 'kubernetes.io/service-name';

/** `TCP 127.30.0.1:80` → route. Of two services that claim the same, the older one gets it. */
export function serviceTable({ services, slices, nodePortAddresses }: ServiceTableInput): ReadonlyMap<string, Route> {
  const slicesOf = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const key = `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;
    const others = slicesOf.get(key);
    if (others) others.push(slice);
    else slicesOf.set(key, [slice]);
  }
  const routes = new Map<string, Route>();
  for (const service of [...services].sort(byAge)) {
    const own = slicesOf.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? [];
    for (const port of service.spec.ports ?? []) {
      for (const route of routesOf({ service, port, slices: own, nodePortAddresses })) {
        const key = routeKey(route);
        if (!routes.has(key)) routes.set(key, route);
      }
    }
  }
  return routes;
}

export function routeKey({ protocol, host, port }: Pick<Route, 'protocol' | 'host' | 'port'>): string {
  return `${protocol} ${host}:${port}`;
}

interface PortInput {
  readonly service: Service;
  readonly port: ServicePort;
  readonly slices: readonly EndpointSlice[];
  readonly nodePortAddresses: readonly string[];
}

function routesOf({ service, port, slices, nodePortAddresses }: PortInput): Route[] {
  const protocol = servedProtocol(port.protocol);
  if (!protocol) return [];
  const { clusterIP, sessionAffinity, sessionAffinityConfig } = service.spec;
  const affine = sessionAffinity === 'ClientIP';
  const affinityMs = affine ? (sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) * 1000 : undefined;
  const common = { protocol, service, affinityMs, ...endpointsOf(slices, port) };
  const routes: Route[] = [];
  if (isAddress(clusterIP)) routes.push({ ...common, host: clusterIP, port: port.port });
  if (port.nodePort !== undefined && port.nodePort > 0) {
    for (const host of nodePortAddresses) routes.push({ ...common, host, port: port.nodePort });
  }
  return routes;
}

/** SCTP is not served. */
function servedProtocol(protocol = 'TCP'): Protocol | undefined {
  return protocol === 'TCP' || protocol === 'UDP' ? protocol : undefined;
}

/** Headless services have the address `None`, and a service without one has nothing to listen on. */
function isAddress(clusterIP: string | undefined): clusterIP is string {
  return clusterIP !== undefined && clusterIP !== '' && clusterIP !== 'None';
}

function endpointsOf(
  slices: readonly EndpointSlice[],
  servicePort: ServicePort,
): { readonly endpoints: readonly Endpoint[]; readonly alive: ReadonlySet<string> } {
  const ready = new Map<string, Endpoint>();
  const alive = new Set<string>();
  const { name = '', protocol = 'TCP' } = servicePort;
  for (const slice of slices) {
    const match = slice.ports?.find((port) => (port.name ?? '') === name && (port.protocol ?? 'TCP') === protocol);
    if (match?.port === undefined || slice.addressType === 'FQDN') continue;
    for (const { addresses, conditions } of slice.endpoints) {
      const [address] = addresses;
      if (address === undefined) continue;
      const endpoint = { address, port: match.port };
      const isReady = conditions?.ready !== false;
      if (isReady) ready.set(endpointKey(endpoint), endpoint);
      const givenUp = conditions?.terminating === true && conditions.serving !== true;
      if (isReady || !givenUp) alive.add(endpointKey(endpoint));
    }
  }
  return { endpoints: [...ready.values()], alive };
}

function byAge(a: Service, b: Service): number {
  const [first, second] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp ?? ''} ${metadata.uid ?? ''}`);
  return (first ?? '') < (second ?? '') ? -1 : 1;
}
