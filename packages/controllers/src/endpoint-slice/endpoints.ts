/** Endpoints of a service, computed from pods: address, conditions, and the ports that each pod gives to the service's names. */
import type { Endpoint, EndpointPort, Node, Pod, Service, ServicePort } from '@flotilla/api';
import { isFinished, isReady, isTerminating } from '../pod-state.ts';

export type AddressFamily = 'IPv4' | 'IPv6';

/** Endpoints that share their ports, and so may share a slice. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export interface EndpointInputs {
  readonly service: Service;
  readonly pods: readonly Pod[];
  nodeOf(name: string): Node | undefined;
}

/** @returns the groups, by a text that is equal for equal ports. */
export function endpointGroups(inputs: EndpointInputs, family: AddressFamily): ReadonlyMap<string, EndpointGroup> {
  const groups = new Map<string, { readonly ports: readonly EndpointPort[]; readonly endpoints: Endpoint[] }>();
  for (const pod of inputs.pods) {
    const address = addressOf(pod, family);
    if (address === undefined || isFinished(pod)) continue;
    const ports = portsOf(inputs.service, pod);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    groups.set(key, group);
    group.endpoints.push(endpointOf(inputs, pod, address));
  }
  return groups;
}

function addressOf({ status }: Pod, family: AddressFamily): string | undefined {
  const addresses = status?.podIPs?.map(({ ip }) => ip) ?? [status?.podIP];
  return addresses.find((address) => address !== undefined && address.includes(':') === (family === 'IPv6'));
}

function endpointOf({ service, nodeOf }: EndpointInputs, pod: Pod, address: string): Endpoint {
  const { name, namespace, uid } = pod.metadata;
  const { nodeName, hostname, subdomain } = pod.spec;
  const serving = isReady(pod);
  const terminating = isTerminating(pod);
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
  const zone = nodeName === undefined ? undefined : nodeOf(nodeName)?.metadata.labels?.['topology.kubernetes.io/zone'];
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName !== undefined && { nodeName }),
    ...(zone !== undefined && { zone }),
    ...(hostname !== undefined && subdomain === service.metadata.name && { hostname }),
  };
}

/** A named target port that the pod does not have is left out. */
function portsOf({ spec }: Service, pod: Pod): readonly EndpointPort[] {
  return (spec.ports ?? []).flatMap((servicePort) => {
    const port = targetPortOf(servicePort, pod);
    if (port === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = servicePort;
    return [{ name, port, protocol, ...(appProtocol !== undefined && { appProtocol }) }];
  });
}

function targetPortOf({ targetPort, port, protocol = 'TCP' }: ServicePort, { spec }: Pod): number | undefined {
  if (targetPort === undefined || targetPort === 0 || targetPort === '') return port;
  if (typeof targetPort === 'number') return targetPort;
  const named = spec.containers
    .flatMap(({ ports = [] }) => ports)
    .find((one) => one.name === targetPort && (one.protocol ?? 'TCP') === protocol);
  return named?.containerPort;
}
