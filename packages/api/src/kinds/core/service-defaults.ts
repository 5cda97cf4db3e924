/** What a service has where it says nothing, and what an update keeps of what was allocated. */
import { withDefaults } from '../../pod/pod-defaults.ts';
import type { Service, ServicePort, ServiceSpec } from './service.ts';

const affinitySeconds = 10_800;

/** Types that are reached from outside the cluster through the nodes. */
export function isExternal({ type = '' }: ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer';
}

function defaultPort(port: ServicePort): ServicePort {
  const { targetPort } = port;
  const target = targetPort === undefined || targetPort === 0 || targetPort === '' ? port.port : targetPort;
  return { ...withDefaults({ protocol: 'TCP' }, port), targetPort: target };
}

/** Both forms of the cluster address say the same. */
function sameAddresses({ clusterIP, clusterIPs }: ServiceSpec): Pick<ServiceSpec, 'clusterIP' | 'clusterIPs'> {
  if (clusterIP) return { clusterIP, clusterIPs: clusterIPs ?? [clusterIP] };
  return clusterIPs?.[0] ? { clusterIP: clusterIPs[0], clusterIPs } : {};
}

function affinity({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): Pick<ServiceSpec, 'sessionAffinityConfig'> {
  if (sessionAffinity !== 'ClientIP') return {};
  const { clientIP } = sessionAffinityConfig ?? {};
  return { sessionAffinityConfig: { clientIP: withDefaults({ timeoutSeconds: affinitySeconds }, clientIP ?? {}) } };
}

export function defaultService(object: Service): Service {
  const spec = withDefaults({ type: 'ClusterIP', sessionAffinity: 'None' }, object.spec);
  const { ports } = spec;
  const external = isExternal(spec);
  const inside = spec.type !== 'ExternalName';
  const traffic = {
    ...(inside && { internalTrafficPolicy: 'Cluster', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }),
    ...(external && { externalTrafficPolicy: 'Cluster' }),
    ...(spec.type === 'LoadBalancer' && { allocateLoadBalancerNodePorts: true }),
  };
  return {
    ...object,
    spec: {
      ...withDefaults(traffic, spec),
      ...(inside && sameAddresses(spec)),
      ...affinity(spec),
      ...(ports && { ports: ports.map(defaultPort) }),
    },
  };
}

/** An update that names no node port keeps the one that the port (by name, else by number) had. */
function keptNodePorts(
  ports: readonly ServicePort[] | undefined,
  old: readonly ServicePort[] | undefined,
): readonly ServicePort[] | undefined {
  return ports?.map((port) => {
    if (port.nodePort) return port;
    const before = old?.find(
      (other) =>
        (other.name ?? '') === (port.name ?? '') && other.port === port.port && other.protocol === port.protocol,
    );
    return before?.nodePort ? { ...port, nodePort: before.nodePort } : port;
  });
}

/** A client that sends a service anew need not repeat what the server allocated. */
export function keepAllocated(object: Service, { spec: old }: Service): Service {
  const { spec } = object;
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return object;
  const address =
    spec.clusterIP || spec.clusterIPs?.length ? {} : { clusterIP: old.clusterIP, clusterIPs: old.clusterIPs };
  const ports = isExternal(spec) && isExternal(old) ? { ports: keptNodePorts(spec.ports, old.ports) } : {};
  return { ...object, spec: { ...spec, ...address, ...ports } };
}
