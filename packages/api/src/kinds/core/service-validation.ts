/** Validation of services. */
import { isIP } from 'node:net';
import { duplicate, forbidden, invalid, missing, type FieldError } from '../../field-error.ts';
import { protocols } from '../../pod/validate-container.ts';
import { each, oneOf, optionalOneOf, portReference, repeated, within } from '../../validation/checks.ts';
import { fieldIsImmutable, invalidAll, validateLabels } from '../../validation/metadata.ts';
import { dnsLabelProblems, dnsSubdomainProblems, portNumberProblems } from '../../validation/names.ts';
import { isExternal } from './service-defaults.ts';
import type { Service, ServicePort, ServiceSpec } from './service.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const policies = ['Cluster', 'Local'];
/** One day. */
const affinityMaxSeconds = 86_400;

interface PortContext {
  readonly several: boolean;
  readonly external: boolean;
}

function portErrors(servicePort: ServicePort, path: string, { several, external }: PortContext): readonly FieldError[] {
  const { name = '', port, protocol, targetPort, nodePort = 0 } = servicePort;
  return [
    ...(name === ''
      ? several
        ? [missing(`${path}.name`)]
        : []
      : invalidAll(`${path}.name`, name, dnsLabelProblems(name))),
    ...invalidAll(`${path}.port`, port, portNumberProblems(port)),
    ...oneOf(`${path}.protocol`, protocol, protocols),
    ...(targetPort === undefined ? [] : portReference(`${path}.targetPort`, targetPort)),
    ...(nodePort !== 0 && !external
      ? [forbidden(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'")]
      : []),
  ];
}

function validatePorts(spec: ServiceSpec): readonly FieldError[] {
  const { ports = [] } = spec;
  const context = { several: ports.length > 1, external: isExternal(spec) };
  const sameName = repeated(ports, ({ name = '' }) => name);
  const samePort = repeated(ports, ({ port, protocol = '' }) => `${protocol}/${port}`);
  return each(ports, 'spec.ports', (port, at, index) => [
    ...portErrors(port, at, context),
    ...(sameName.has(index) ? [duplicate(`${at}.name`, port.name)] : []),
    ...(samePort.has(index) ? [duplicate(at, { protocol: port.protocol, port: port.port })] : []),
  ]);
}

function validateAddresses({ clusterIPs = [], type = '', externalIPs }: ServiceSpec): readonly FieldError[] {
  const headless = clusterIPs[0] === 'None';
  const noIp = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
  return [
    ...(headless && isExternal({ type })
      ? [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)]
      : []),
    ...each(headless ? clusterIPs.slice(1) : clusterIPs, 'spec.clusterIPs', (ip, at) =>
      isIP(ip) === 0 ? [invalid(at, ip, noIp)] : [],
    ),
    ...each(externalIPs, 'spec.externalIPs', (ip, at) => (isIP(ip) === 0 ? [invalid(at, ip, noIp)] : [])),
  ];
}

function validateExternalName({
  clusterIP = '',
  clusterIPs = [],
  externalName = '',
}: ServiceSpec): readonly FieldError[] {
  const address = 'may not be set for ExternalName services';
  return [
    ...(clusterIPs.length > 0 ? [forbidden('spec.clusterIPs', address)] : []),
    ...(clusterIP !== '' && clusterIPs.length === 0 ? [forbidden('spec.clusterIP', address)] : []),
    ...(externalName === ''
      ? [missing('spec.externalName')]
      : invalidAll('spec.externalName', externalName, dnsSubdomainProblems(externalName))),
  ];
}

export function validateService({ spec }: Service): readonly FieldError[] {
  const { ports = [], type, sessionAffinity, sessionAffinityConfig, internalTrafficPolicy } = spec;
  const headless = spec.clusterIP === 'None';
  const external = type === 'ExternalName';
  return [
    ...(ports.length === 0 && !headless && !external ? [missing('spec.ports')] : []),
    ...validatePorts(spec),
    ...validateLabels(spec.selector, 'spec.selector'),
    ...oneOf('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None']),
    ...within('spec.sessionAffinityConfig.clientIP.timeoutSeconds', sessionAffinityConfig?.clientIP?.timeoutSeconds, {
      min: 1,
      max: affinityMaxSeconds,
    }),
    ...oneOf('spec.type', type, types),
    ...(external ? validateExternalName(spec) : validateAddresses(spec)),
    ...optionalOneOf('spec.internalTrafficPolicy', internalTrafficPolicy, policies),
    ...optionalOneOf('spec.externalTrafficPolicy', spec.externalTrafficPolicy, policies),
  ];
}

/** A service keeps its address while its type needs one. */
export function validateServiceUpdate(object: Service, { spec: old }: Service): readonly FieldError[] {
  const { spec } = object;
  const keeps = spec.type !== 'ExternalName' && old.type !== 'ExternalName' && (old.clusterIP ?? '') !== '';
  const moved = keeps && spec.clusterIP !== old.clusterIP;
  return [
    ...(moved ? [invalid('spec.clusterIPs[0]', spec.clusterIPs ?? [], `may not change once set`)] : []),
    ...(moved ? [invalid('spec.clusterIP', spec.clusterIP ?? '', fieldIsImmutable)] : []),
    ...validateService(object),
  ];
}
