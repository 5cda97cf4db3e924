/** @kinds/core/service */
import { kindModel, type KubeObject } from '../../object.ts';
import { condition } from '../../meta/condition.ts';
import { atomic, boolean, filled, int32, intOrString, list, mergedBy, model, ref, required, string, stringMap, strings } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const servicePortFields = {
  appProtocol: string('@ServicePort.appProtocol'),
  name: string('@ServicePort.name'),
  nodePort: int32('@ServicePort.nodePort'),
  port: required(int32('@ServicePort.port')),
  protocol: string('@ServicePort.protocol'),
  targetPort: intOrString('@ServicePort.targetPort'),
};

/** @ServicePort. */
export interface ServicePort extends Fields<typeof servicePortFields> {}
export const servicePort: Model<ServicePort> = model('io.k8s.api.core.v1.ServicePort', '@ServicePort', servicePortFields);

const clientIPConfigFields = {
  timeoutSeconds: int32('@ClientIPConfig.timeoutSeconds'),
};

/** @ClientIPConfig. */
export interface ClientIPConfig extends Fields<typeof clientIPConfigFields> {}
export const clientIPConfig: Model<ClientIPConfig> = model('io.k8s.api.core.v1.ClientIPConfig', '@ClientIPConfig', clientIPConfigFields);

const sessionAffinityConfigFields = {
  clientIP: ref(clientIPConfig, '@SessionAffinityConfig.clientIP'),
};

/** @SessionAffinityConfig. */
export interface SessionAffinityConfig extends Fields<typeof sessionAffinityConfigFields> {}
export const sessionAffinityConfig: Model<SessionAffinityConfig> = model('io.k8s.api.core.v1.SessionAffinityConfig', '@SessionAffinityConfig', sessionAffinityConfigFields);

const portStatusFields = {
  error: string('@PortStatus.error'),
  port: required(int32('@PortStatus.port')),
  protocol: required(string('@PortStatus.protocol')),
};

/** @PortStatus. */
export interface PortStatus extends Fields<typeof portStatusFields> {}
export const portStatus: Model<PortStatus> = model('io.k8s.api.core.v1.PortStatus', '@PortStatus', portStatusFields);

const loadBalancerIngressFields = {
  hostname: string('@LoadBalancerIngress.hostname'),
  ip: string('@LoadBalancerIngress.ip'),
  ipMode: string('@LoadBalancerIngress.ipMode'),
  ports: list(portStatus, '@LoadBalancerIngress.ports', atomic),
};

/** @LoadBalancerIngress. */
export interface LoadBalancerIngress extends Fields<typeof loadBalancerIngressFields> {}
export const loadBalancerIngress: Model<LoadBalancerIngress> = model('io.k8s.api.core.v1.LoadBalancerIngress', '@LoadBalancerIngress', loadBalancerIngressFields);

const loadBalancerStatusFields = {
  ingress: list(loadBalancerIngress, '@LoadBalancerStatus.ingress', atomic),
};

/** @LoadBalancerStatus. */
export interface LoadBalancerStatus extends Fields<typeof loadBalancerStatusFields> {}
export const loadBalancerStatus: Model<LoadBalancerStatus> = model('io.k8s.api.core.v1.LoadBalancerStatus', '@LoadBalancerStatus', loadBalancerStatusFields);

const serviceSpecFields = {
  allocateLoadBalancerNodePorts: boolean('@ServiceSpec.allocateLoadBalancerNodePorts'),
  clusterIP: string('@ServiceSpec.clusterIP'),
  clusterIPs: strings('@ServiceSpec.clusterIPs', atomic),
  externalIPs: strings('@ServiceSpec.externalIPs', atomic),
  externalName: string('@ServiceSpec.externalName'),
  externalTrafficPolicy: string('@ServiceSpec.externalTrafficPolicy'),
  healthCheckNodePort: int32('@ServiceSpec.healthCheckNodePort'),
  internalTrafficPolicy: string('@ServiceSpec.internalTrafficPolicy'),
  ipFamilies: strings('@ServiceSpec.ipFamilies', atomic),
  ipFamilyPolicy: string('@ServiceSpec.ipFamilyPolicy'),
  loadBalancerClass: string('@ServiceSpec.loadBalancerClass'),
  loadBalancerIP: string('@ServiceSpec.loadBalancerIP'),
  loadBalancerSourceRanges: strings('@ServiceSpec.loadBalancerSourceRanges', atomic),
  ports: list(servicePort, '@ServiceSpec.ports', mergedBy('port', 'protocol')),
  publishNotReadyAddresses: boolean('@ServiceSpec.publishNotReadyAddresses'),
  selector: stringMap('@ServiceSpec.selector', { mapType: 'atomic' }),
  sessionAffinity: string('@ServiceSpec.sessionAffinity'),
  sessionAffinityConfig: ref(sessionAffinityConfig, '@ServiceSpec.sessionAffinityConfig'),
  trafficDistribution: string('@ServiceSpec.trafficDistribution'),
  type: string('@ServiceSpec.type'),
};

/** @ServiceSpec. */
export interface ServiceSpec extends Fields<typeof serviceSpecFields> {}
export const serviceSpec: Model<ServiceSpec> = model('io.k8s.api.core.v1.ServiceSpec', '@ServiceSpec', serviceSpecFields);

const serviceStatusFields = {
  conditions: list(condition, '@ServiceStatus.conditions', mergedBy('type')),
  loadBalancer: ref(loadBalancerStatus, '@ServiceStatus.loadBalancer'),
};

/** @ServiceStatus. */
export interface ServiceStatus extends Fields<typeof serviceStatusFields> {}
export const serviceStatus: Model<ServiceStatus> = model('io.k8s.api.core.v1.ServiceStatus', '@ServiceStatus', serviceStatusFields);

const serviceFields = {
  spec: filled(ref(serviceSpec, '@Service.spec')),
  status: ref(serviceStatus, '@Service.status'),
};

/** @Service. */
export interface Service extends KubeObject, Fields<typeof serviceFields> {}
export const service: Model<Service> = kindModel('io.k8s.api.core.v1.Service', '@Service', serviceFields);
