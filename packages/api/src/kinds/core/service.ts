/** Services: one address for many pods. Addresses and node ports are allocated by the registry, not here. */
import { ageColumn, joined, labelsText, nameColumn, none, text, wide } from '../../columns.ts';
import type { Column } from '../../kind.ts';
import { defaultService, keepAllocated } from './service-defaults.ts';
import { validateService, validateServiceUpdate } from './service-validation.ts';
import { defineKind } from '../../define-kind.ts';
import { dns1035LabelProblems } from '../../validation/names.ts';
import { kindModel, type KubeObject } from '../../object.ts';
import { condition } from '../../meta/condition.ts';
import {
  atomic,
  boolean,
  filled,
  int32,
  intOrString,
  list,
  mergedBy,
  model,
  ref,
  required,
  string,
  stringMap,
  strings,
} from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const servicePortFields = {
  appProtocol: string('Protocol spoken above the transport, as a hint.'),
  name: string('Name, unique in the service.'),
  nodePort: int32('Port opened on every node.'),
  port: required(int32('Port on which the service is reached.')),
  protocol: string('TCP, UDP or SCTP.'),
  targetPort: intOrString('Number or name of the port of the pods; as port where nothing is said.'),
};

/** A port of a service. */
export interface ServicePort extends Fields<typeof servicePortFields> {}
export const servicePort: Model<ServicePort> = model(
  'io.k8s.api.core.v1.ServicePort',
  'A port of a service.',
  servicePortFields,
);

const clientIPConfigFields = {
  timeoutSeconds: int32('How long a client stays with a pod.'),
};

/** Affinity by the client's address. */
export interface ClientIPConfig extends Fields<typeof clientIPConfigFields> {}
export const clientIPConfig: Model<ClientIPConfig> = model(
  'io.k8s.api.core.v1.ClientIPConfig',
  "Affinity by the client's address.",
  clientIPConfigFields,
);

const sessionAffinityConfigFields = {
  clientIP: ref(clientIPConfig, "By the client's address."),
};

/** Details of the affinity. */
export interface SessionAffinityConfig extends Fields<typeof sessionAffinityConfigFields> {}
export const sessionAffinityConfig: Model<SessionAffinityConfig> = model(
  'io.k8s.api.core.v1.SessionAffinityConfig',
  'Details of the affinity.',
  sessionAffinityConfigFields,
);

const portStatusFields = {
  error: string('What is wrong with it.'),
  port: required(int32('Number of the port.')),
  protocol: required(string('TCP, UDP or SCTP.')),
};

/** A port of a load balancer. */
export interface PortStatus extends Fields<typeof portStatusFields> {}
export const portStatus: Model<PortStatus> = model(
  'io.k8s.api.core.v1.PortStatus',
  'A port of a load balancer.',
  portStatusFields,
);

const loadBalancerIngressFields = {
  hostname: string('Its name.'),
  ip: string('The address.'),
  ipMode: string('VIP or Proxy.'),
  ports: list(portStatus, 'Its ports.', atomic),
};

/** A way in through a load balancer. */
export interface LoadBalancerIngress extends Fields<typeof loadBalancerIngressFields> {}
export const loadBalancerIngress: Model<LoadBalancerIngress> = model(
  'io.k8s.api.core.v1.LoadBalancerIngress',
  'A way in through a load balancer.',
  loadBalancerIngressFields,
);

const loadBalancerStatusFields = {
  ingress: list(loadBalancerIngress, 'The ways in.', atomic),
};

/** What a load balancer reports. */
export interface LoadBalancerStatus extends Fields<typeof loadBalancerStatusFields> {}
export const loadBalancerStatus: Model<LoadBalancerStatus> = model(
  'io.k8s.api.core.v1.LoadBalancerStatus',
  'What a load balancer reports.',
  loadBalancerStatusFields,
);

const serviceSpecFields = {
  allocateLoadBalancerNodePorts: boolean('Whether a load balancer gets node ports.'),
  clusterIP: string('Address inside the cluster; None for a headless service.'),
  clusterIPs: strings('Addresses inside the cluster.', atomic),
  externalIPs: strings('More addresses whose traffic nodes accept.', atomic),
  externalName: string('Name that an ExternalName service stands for.'),
  externalTrafficPolicy: string('Cluster, or Local for pods of the node only.'),
  healthCheckNodePort: int32('Port where load balancers ask whether a node has pods.'),
  internalTrafficPolicy: string('Cluster, or Local for pods of the node only.'),
  ipFamilies: strings('IPv4, IPv6 or both.', atomic),
  ipFamilyPolicy: string('SingleStack, PreferDualStack or RequireDualStack.'),
  loadBalancerClass: string('Which load balancer.'),
  loadBalancerIP: string('Address wished for the load balancer.'),
  loadBalancerSourceRanges: strings('From where the load balancer takes traffic.', atomic),
  ports: list(servicePort, 'Its ports.', mergedBy('port', 'protocol')),
  publishNotReadyAddresses: boolean('Whether pods that are not ready count.'),
  selector: stringMap('Labels of the pods that answer.', { mapType: 'atomic' }),
  sessionAffinity: string('None or ClientIP.'),
  sessionAffinityConfig: ref(sessionAffinityConfig, 'Details of the affinity.'),
  trafficDistribution: string('Which pods are preferred, such as those close by.'),
  type: string('ClusterIP, NodePort, LoadBalancer or ExternalName.'),
};

/** What a service is meant to be. */
export interface ServiceSpec extends Fields<typeof serviceSpecFields> {}
export const serviceSpec: Model<ServiceSpec> = model(
  'io.k8s.api.core.v1.ServiceSpec',
  'What a service is meant to be.',
  serviceSpecFields,
);

const serviceStatusFields = {
  conditions: list(condition, 'What holds of the object now, one entry a type.', mergedBy('type')),
  loadBalancer: ref(loadBalancerStatus, 'Its load balancer.'),
};

/** What a service reports. */
export interface ServiceStatus extends Fields<typeof serviceStatusFields> {}
export const serviceStatus: Model<ServiceStatus> = model(
  'io.k8s.api.core.v1.ServiceStatus',
  'What a service reports.',
  serviceStatusFields,
);

const serviceFields = {
  spec: filled(ref(serviceSpec, 'What is wanted.')),
  status: ref(serviceStatus, 'What is, as last reported.'),
};

/** One address for many pods. */
export interface Service extends KubeObject, Fields<typeof serviceFields> {}
export const service: Model<Service> = kindModel(
  'io.k8s.api.core.v1.Service',
  'One address for many pods.',
  serviceFields,
);

function externalText({ spec, status }: Service): string {
  const { type, externalIPs = [], externalName = '' } = spec;
  if (type === 'ExternalName') return externalName;
  if (type !== 'LoadBalancer') return joined(externalIPs);
  const balanced = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []);
  return balanced.length + externalIPs.length === 0 ? '<pending>' : [...balanced, ...externalIPs].join(',');
}

function portText({ port, nodePort = 0, protocol = '' }: ServicePort): string {
  return nodePort === 0 ? `${port}/${protocol}` : `${port}:${nodePort}/${protocol}`;
}

const columns: readonly Column<Service>[] = [
  nameColumn,
  text({ name: 'Type', description: 'How the service is reached.' }, ({ spec }) => spec.type ?? ''),
  text(
    { name: 'Cluster-IP', description: 'Address inside the cluster.' },
    ({ spec }) => spec.clusterIPs?.[0] ?? (spec.clusterIP || none),
  ),
  text({ name: 'External-IP', description: 'Addresses outside the cluster.' }, externalText),
  text({ name: 'Port(s)', description: 'Ports, with node ports after the colon.' }, ({ spec }) =>
    joined(spec.ports?.map(portText)),
  ),
  ageColumn,
  wide(text({ name: 'Selector', description: 'Which pods answer.' }, ({ spec }) => labelsText(spec.selector))),
];

export const services = defineKind<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  model: service,
  storagePrefix: '/registry/services/specs/',
  nameRule: dns1035LabelProblems,
  fieldSelectors: {
    'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '',
    'spec.type': ({ spec }) => spec.type ?? '',
  },
  columns,
  defaults: defaultService,
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  strategy: {
    allowCreateOnUpdate: true,
    prepareForCreate: (object) => ({ ...object, status: { loadBalancer: {} } }),
    prepareForUpdate: keepAllocated,
  },
});
