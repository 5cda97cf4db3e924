/** What a pod is meant to be. */
import { affinity } from './affinity.ts';
import { container, ephemeralContainer } from './container.ts';
import { localObjectReference } from '../kinds/core/references.ts';
import { podReadinessGate, podSchedulingGate, toleration, topologySpreadConstraint } from './scheduling.ts';
import { resourceRequirements } from './resources.ts';
import { podSecurityContext } from './security.ts';
import { volume } from './volume.ts';
import { objectMeta } from '../meta/object-meta.ts';
import { atomic, boolean, filled, int32, int64, list, mergedBy, model, ref, required, resourceList, string, stringMap, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const hostAliasFields = {
  hostnames: strings('@HostAlias.hostnames', atomic),
  ip: required(string('@HostAlias.ip')),
};

/** @HostAlias. */
export interface HostAlias extends Fields<typeof hostAliasFields> {}
export const hostAlias: Model<HostAlias> = model('io.k8s.api.core.v1.HostAlias', '@HostAlias', hostAliasFields);

const podOSFields = {
  name: required(string('@PodOS.name')),
};

/** @PodOS. */
export interface PodOS extends Fields<typeof podOSFields> {}
export const podOS: Model<PodOS> = model('io.k8s.api.core.v1.PodOS', '@PodOS', podOSFields);

const podDNSConfigOptionFields = {
  name: string('@PodDNSConfigOption.name'),
  value: string('@PodDNSConfigOption.value'),
};

/** @PodDNSConfigOption. */
export interface PodDNSConfigOption extends Fields<typeof podDNSConfigOptionFields> {}
export const podDNSConfigOption: Model<PodDNSConfigOption> = model('io.k8s.api.core.v1.PodDNSConfigOption', '@PodDNSConfigOption', podDNSConfigOptionFields);

const podDNSConfigFields = {
  nameservers: strings('@PodDNSConfig.nameservers', atomic),
  options: list(podDNSConfigOption, '@PodDNSConfig.options', atomic),
  searches: strings('@PodDNSConfig.searches', atomic),
};

/** @PodDNSConfig. */
export interface PodDNSConfig extends Fields<typeof podDNSConfigFields> {}
export const podDNSConfig: Model<PodDNSConfig> = model('io.k8s.api.core.v1.PodDNSConfig', '@PodDNSConfig', podDNSConfigFields);

const podResourceClaimFields = {
  name: required(string('@PodResourceClaim.name')),
  resourceClaimName: string('@PodResourceClaim.resourceClaimName'),
  resourceClaimTemplateName: string('@PodResourceClaim.resourceClaimTemplateName'),
};

/** @PodResourceClaim. */
export interface PodResourceClaim extends Fields<typeof podResourceClaimFields> {}
export const podResourceClaim: Model<PodResourceClaim> = model('io.k8s.api.core.v1.PodResourceClaim', '@PodResourceClaim', podResourceClaimFields);

const podSpecFields = {
  activeDeadlineSeconds: int64('@PodSpec.activeDeadlineSeconds'),
  affinity: ref(affinity, '@PodSpec.affinity'),
  automountServiceAccountToken: boolean('@PodSpec.automountServiceAccountToken'),
  containers: required(list(container, '@PodSpec.containers', mergedBy('name'))),
  dnsConfig: ref(podDNSConfig, '@PodSpec.dnsConfig'),
  dnsPolicy: string('@PodSpec.dnsPolicy'),
  enableServiceLinks: boolean('@PodSpec.enableServiceLinks'),
  ephemeralContainers: list(ephemeralContainer, '@PodSpec.ephemeralContainers', mergedBy('name')),
  hostAliases: list(hostAlias, '@PodSpec.hostAliases', mergedBy('ip')),
  hostIPC: boolean('@PodSpec.hostIPC'),
  hostNetwork: boolean('@PodSpec.hostNetwork'),
  hostPID: boolean('@PodSpec.hostPID'),
  hostUsers: boolean('@PodSpec.hostUsers'),
  hostname: string('@PodSpec.hostname'),
  hostnameOverride: string('@PodSpec.hostnameOverride'),
  imagePullSecrets: list(localObjectReference, '@PodSpec.imagePullSecrets', mergedBy('name')),
  initContainers: list(container, '@PodSpec.initContainers', mergedBy('name')),
  nodeName: string('@PodSpec.nodeName'),
  nodeSelector: stringMap('@PodSpec.nodeSelector', { mapType: 'atomic' }),
  os: ref(podOS, '@PodSpec.os'),
  overhead: resourceList('@PodSpec.overhead'),
  preemptionPolicy: string('@PodSpec.preemptionPolicy'),
  priority: int32('@PodSpec.priority'),
  priorityClassName: string('@PodSpec.priorityClassName'),
  readinessGates: list(podReadinessGate, '@PodSpec.readinessGates', atomic),
  resourceClaims: list(podResourceClaim, '@PodSpec.resourceClaims', { ...mergedBy('name'), patchStrategy: 'merge,retainKeys' }),
  resources: ref(resourceRequirements, '@PodSpec.resources'),
  restartPolicy: string('@PodSpec.restartPolicy'),
  runtimeClassName: string('@PodSpec.runtimeClassName'),
  schedulerName: string('@PodSpec.schedulerName'),
  schedulingGates: list(podSchedulingGate, '@PodSpec.schedulingGates', mergedBy('name')),
  securityContext: ref(podSecurityContext, '@PodSpec.securityContext'),
  serviceAccount: string('@PodSpec.serviceAccount'),
  serviceAccountName: string('@PodSpec.serviceAccountName'),
  setHostnameAsFQDN: boolean('@PodSpec.setHostnameAsFQDN'),
  shareProcessNamespace: boolean('@PodSpec.shareProcessNamespace'),
  subdomain: string('@PodSpec.subdomain'),
  terminationGracePeriodSeconds: int64('@PodSpec.terminationGracePeriodSeconds'),
  tolerations: list(toleration, '@PodSpec.tolerations', atomic),
  topologySpreadConstraints: list(topologySpreadConstraint, '@PodSpec.topologySpreadConstraints', mergedBy('topologyKey', 'whenUnsatisfiable')),
  volumes: list(volume, '@PodSpec.volumes', { ...mergedBy('name'), patchStrategy: 'merge,retainKeys' }),
};

/** @PodSpec. */
export interface PodSpec extends Fields<typeof podSpecFields> {}
export const podSpec: Model<PodSpec> = model('io.k8s.api.core.v1.PodSpec', '@PodSpec', podSpecFields);

const podTemplateSpecFields = {
  metadata: filled(ref(objectMeta, '@PodTemplateSpec.metadata')),
  spec: filled(ref(podSpec, '@PodTemplateSpec.spec')),
};

/** @PodTemplateSpec. */
export interface PodTemplateSpec extends Fields<typeof podTemplateSpecFields> {}
export const podTemplateSpec: Model<PodTemplateSpec> = model('io.k8s.api.core.v1.PodTemplateSpec', '@PodTemplateSpec', podTemplateSpecFields);
