/** What a pod is meant to be. */
import { affinity } from './affinity.ts';
import { container, ephemeralContainer } from './container.ts';
import { localObjectReference } from '../kinds/core/references.ts';
import { podReadinessGate, podSchedulingGate, toleration, topologySpreadConstraint } from './scheduling.ts';
import { resourceRequirements } from './resources.ts';
import { podSecurityContext } from './security.ts';
import { volume } from './volume.ts';
import { objectMeta } from '../meta/object-meta.ts';
import {
  atomic,
  boolean,
  filled,
  int32,
  int64,
  list,
  mergedBy,
  model,
  ref,
  required,
  resourceList,
  string,
  stringMap,
  strings,
} from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const hostAliasFields = {
  hostnames: strings('Names of the address.', atomic),
  ip: required(string('The address.')),
};

/** An entry of the hosts file. */
export interface HostAlias extends Fields<typeof hostAliasFields> {}
export const hostAlias: Model<HostAlias> = model(
  'io.k8s.api.core.v1.HostAlias',
  'An entry of the hosts file.',
  hostAliasFields,
);

const podOSFields = {
  name: required(string('linux or windows.')),
};

/** Operating system that a pod is for. */
export interface PodOS extends Fields<typeof podOSFields> {}
export const podOS: Model<PodOS> = model(
  'io.k8s.api.core.v1.PodOS',
  'Operating system that a pod is for.',
  podOSFields,
);

const podDNSConfigOptionFields = {
  name: string('Its name.'),
  value: string('The value.'),
};

/** An option of the resolver. */
export interface PodDNSConfigOption extends Fields<typeof podDNSConfigOptionFields> {}
export const podDNSConfigOption: Model<PodDNSConfigOption> = model(
  'io.k8s.api.core.v1.PodDNSConfigOption',
  'An option of the resolver.',
  podDNSConfigOptionFields,
);

const podDNSConfigFields = {
  nameservers: strings('Addresses of name servers.', atomic),
  options: list(podDNSConfigOption, 'Options.', atomic),
  searches: strings('Domains to search in.', atomic),
};

/** Settings of the resolver, beyond those of the DNS policy. */
export interface PodDNSConfig extends Fields<typeof podDNSConfigFields> {}
export const podDNSConfig: Model<PodDNSConfig> = model(
  'io.k8s.api.core.v1.PodDNSConfig',
  'Settings of the resolver, beyond those of the DNS policy.',
  podDNSConfigFields,
);

const podResourceClaimFields = {
  name: required(string('Its name.')),
  resourceClaimName: string('Name of the claim.'),
  resourceClaimTemplateName: string('Template from which a claim is made.'),
};

/** A claim of devices, under a name of the pod. */
export interface PodResourceClaim extends Fields<typeof podResourceClaimFields> {}
export const podResourceClaim: Model<PodResourceClaim> = model(
  'io.k8s.api.core.v1.PodResourceClaim',
  'A claim of devices, under a name of the pod.',
  podResourceClaimFields,
);

const podSpecFields = {
  activeDeadlineSeconds: int64('How long the pod may live after its start.'),
  affinity: ref(affinity, 'Which nodes it wants, and near which pods.'),
  automountServiceAccountToken: boolean('Whether containers get a token of the service account.'),
  containers: required(list(container, 'The programs that run.', mergedBy('name'))),
  dnsConfig: ref(podDNSConfig, 'Settings of the resolver.'),
  dnsPolicy: string('ClusterFirst, ClusterFirstWithHostNet, Default or None.'),
  enableServiceLinks: boolean('Whether services of the namespace become variables.'),
  ephemeralContainers: list(ephemeralContainer, 'Containers added to look into the pod.', mergedBy('name')),
  hostAliases: list(hostAlias, 'Entries of the hosts file.', mergedBy('ip')),
  hostIPC: boolean("Use the node's IPC namespace."),
  hostNetwork: boolean("Use the node's network."),
  hostPID: boolean("See the node's processes."),
  hostUsers: boolean("Use the node's users."),
  hostname: string("Host name; the pod's name where nothing is said."),
  hostnameOverride: string('Host name, used as it is.'),
  imagePullSecrets: list(localObjectReference, 'Secrets for registries.', mergedBy('name')),
  initContainers: list(
    container,
    'Containers that end, one after the other, before the others start.',
    mergedBy('name'),
  ),
  nodeName: string('Node on which it runs; the scheduler sets it.'),
  nodeSelector: stringMap('Labels that the node must have.', { mapType: 'atomic' }),
  os: ref(podOS, 'Operating system that it is for.'),
  overhead: resourceList('What running it costs beyond its containers.'),
  preemptionPolicy: string('Whether it may displace others: PreemptLowerPriority or Never.'),
  priority: int32('How important it is; higher goes first.'),
  priorityClassName: string('Class that gives the priority.'),
  readinessGates: list(podReadinessGate, 'More conditions for being ready.', atomic),
  resourceClaims: list(podResourceClaim, 'Claims of devices.', {
    ...mergedBy('name'),
    patchStrategy: 'merge,retainKeys',
  }),
  resources: ref(resourceRequirements, 'What the pod as a whole asks for and may use.'),
  restartPolicy: string('Always, OnFailure or Never.'),
  runtimeClassName: string('Class of the runtime.'),
  schedulerName: string('Which scheduler places it.'),
  schedulingGates: list(podSchedulingGate, 'What must be removed before it is scheduled.', mergedBy('name')),
  securityContext: ref(podSecurityContext, 'With which rights its containers run.'),
  serviceAccount: string('Old name of serviceAccountName.'),
  serviceAccountName: string('Identity of the pod towards the API.'),
  setHostnameAsFQDN: boolean('Use the whole domain name as host name.'),
  shareProcessNamespace: boolean("Let its containers see each other's processes."),
  subdomain: string("Domain below the namespace's."),
  terminationGracePeriodSeconds: int64('How long it may take to end when told to.'),
  tolerations: list(toleration, 'Taints that it bears.', atomic),
  topologySpreadConstraints: list(
    topologySpreadConstraint,
    'How it is spread with its like.',
    mergedBy('topologyKey', 'whenUnsatisfiable'),
  ),
  volumes: list(volume, 'Storage that its containers can mount.', {
    ...mergedBy('name'),
    patchStrategy: 'merge,retainKeys',
  }),
};

/** What a pod is meant to be. */
export interface PodSpec extends Fields<typeof podSpecFields> {}
export const podSpec: Model<PodSpec> = model('io.k8s.api.core.v1.PodSpec', 'What a pod is meant to be.', podSpecFields);

const podTemplateSpecFields = {
  metadata: filled(ref(objectMeta, 'Labels and annotations of the pods.')),
  spec: filled(ref(podSpec, 'What the pods are meant to be.')),
};

/** From which pods are made. */
export interface PodTemplateSpec extends Fields<typeof podTemplateSpecFields> {}
export const podTemplateSpec: Model<PodTemplateSpec> = model(
  'io.k8s.api.core.v1.PodTemplateSpec',
  'From which pods are made.',
  podTemplateSpecFields,
);
