/** EndpointSlices: which addresses answer for a service. A service may have many slices of at most 1,000 endpoints. */
import { ageColumn, nameColumn, text } from '../../columns.ts';
import { invalid, missing, tooMany, type FieldError } from '../../field-error.ts';
import type { Column } from '../../kind.ts';
import { deepEqual } from '../../object-rules.ts';
import { protocols } from '../../pod/validate-container.ts';
import { withDefaults } from '../../pod/pod-defaults.ts';
import { each, oneOf, optionalOneOf } from '../../validation/checks.ts';
import { immutable, invalidAll } from '../../validation/metadata.ts';
import { isIP } from 'node:net';
import { defineKind } from '../../define-kind.ts';
import { dnsLabelProblems, dnsSubdomainProblems, portNameProblems } from '../../validation/names.ts';
import { kindModel, type KubeObject } from '../../object.ts';
import { objectReference } from '../core/references.ts';
import {
  atomic,
  boolean,
  int32,
  list,
  model,
  ref,
  required,
  set,
  string,
  stringMap,
  strings,
} from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const endpointConditionsFields = {
  ready: boolean('Whether it takes traffic.'),
  serving: boolean('Whether it could take traffic, even while ending.'),
  terminating: boolean('Whether it is ending.'),
};

/** How an endpoint does. */
export interface EndpointConditions extends Fields<typeof endpointConditionsFields> {}
export const endpointConditions: Model<EndpointConditions> = model(
  'io.k8s.api.discovery.v1.EndpointConditions',
  'How an endpoint does.',
  endpointConditionsFields,
);

const forNodeFields = {
  name: required(string('Its name.')),
};

/** A node for which an endpoint is meant. */
export interface ForNode extends Fields<typeof forNodeFields> {}
export const forNode: Model<ForNode> = model(
  'io.k8s.api.discovery.v1.ForNode',
  'A node for which an endpoint is meant.',
  forNodeFields,
);

const forZoneFields = {
  name: required(string('Its name.')),
};

/** A zone for which an endpoint is meant. */
export interface ForZone extends Fields<typeof forZoneFields> {}
export const forZone: Model<ForZone> = model(
  'io.k8s.api.discovery.v1.ForZone',
  'A zone for which an endpoint is meant.',
  forZoneFields,
);

const endpointHintsFields = {
  forNodes: list(forNode, 'Nodes.', atomic),
  forZones: list(forZone, 'Zones.', atomic),
};

/** For whom an endpoint is meant. */
export interface EndpointHints extends Fields<typeof endpointHintsFields> {}
export const endpointHints: Model<EndpointHints> = model(
  'io.k8s.api.discovery.v1.EndpointHints',
  'For whom an endpoint is meant.',
  endpointHintsFields,
);

const endpointFields = {
  addresses: required(strings('Its addresses; one stands for all.', set)),
  conditions: ref(endpointConditions, 'How it does.'),
  deprecatedTopology: stringMap('No longer used.'),
  hints: ref(endpointHints, 'For whom it is meant.'),
  hostname: string('Its host name.'),
  nodeName: string('Node that it is on.'),
  targetRef: ref(objectReference, 'The object behind it.'),
  zone: string('Zone that it is in.'),
};

/** Something that answers for a service. */
export interface Endpoint extends Fields<typeof endpointFields> {}
export const endpoint: Model<Endpoint> = model(
  'io.k8s.api.discovery.v1.Endpoint',
  'Something that answers for a service.',
  endpointFields,
);

const endpointPortFields = {
  appProtocol: string('Protocol spoken above the transport, as a hint.'),
  name: string('Name of the port, as in the service.'),
  port: int32('Number of the port.'),
  protocol: string('TCP, UDP or SCTP.'),
};

/** A port of the endpoints. */
export interface EndpointPort extends Fields<typeof endpointPortFields> {}
export const endpointPort: Model<EndpointPort> = model(
  'io.k8s.api.discovery.v1.EndpointPort',
  'A port of the endpoints.',
  endpointPortFields,
  { atomic: true },
);

const endpointSliceFields = {
  addressType: required(string('IPv4, IPv6 or FQDN.')),
  endpoints: required(list(endpoint, 'The endpoints.', atomic)),
  ports: list(endpointPort, 'Their ports.', atomic),
};

/** Some of the endpoints of a service. */
export interface EndpointSlice extends KubeObject, Fields<typeof endpointSliceFields> {}
export const endpointSlice: Model<EndpointSlice> = kindModel(
  'io.k8s.api.discovery.v1.EndpointSlice',
  'Some of the endpoints of a service.',
  endpointSliceFields,
);

const endpointsMax = 1000;
const addressesMax = 100;
const portsMax = 20_000;
const shownMax = 3;

/** `a,b,c + 2 more...` */
function firstOf(values: readonly string[]): string {
  if (values.length === 0) return '<unset>';
  const shown = values.slice(0, shownMax).join(',');
  return values.length > shownMax ? `${shown} + ${values.length - shownMax} more...` : shown;
}

const columns: readonly Column<EndpointSlice>[] = [
  nameColumn,
  text({ name: 'AddressType', description: 'What the addresses are.' }, ({ addressType }) => addressType),
  text({ name: 'Ports', description: 'The first ports.' }, ({ ports = [] }) =>
    firstOf(ports.map(({ port, name }) => String(port ?? (name || '*')))),
  ),
  text({ name: 'Endpoints', description: 'The first addresses.' }, ({ endpoints }) =>
    firstOf(endpoints.flatMap(({ addresses }) => addresses)),
  ),
  ageColumn,
];

/** Loopback addresses are allowed, unlike in Kubernetes: pods of the process runtime have theirs in 127.0.0.0/8. */
function addressErrors(address: string, type: string, path: string): readonly FieldError[] {
  if (type === 'FQDN') return invalidAll(path, address, address.split('.').flatMap(dnsLabelProblems));
  const version = type === 'IPv6' ? 6 : 4;
  if (isIP(address) === version) return [];
  return [invalid(path, address, `must be an ${type} address`)];
}

function validateSlice({ addressType, endpoints, ports = [] }: EndpointSlice): readonly FieldError[] {
  return [
    ...oneOf('addressType', addressType, ['FQDN', 'IPv4', 'IPv6']),
    ...(endpoints.length > endpointsMax ? [tooMany('endpoints', endpoints.length, endpointsMax)] : []),
    ...each(endpoints, 'endpoints', ({ addresses }, at) => [
      ...(addresses.length === 0 ? [missing(`${at}.addresses`, 'must contain at least 1 address')] : []),
      ...(addresses.length > addressesMax ? [tooMany(`${at}.addresses`, addresses.length, addressesMax)] : []),
      ...each(addresses, `${at}.addresses`, (address, addressAt) => addressErrors(address, addressType, addressAt)),
    ]),
    ...(ports.length > portsMax ? [tooMany('ports', ports.length, portsMax)] : []),
    ...each(ports, 'ports', ({ name = '', protocol }, at) => [
      ...(name === '' ? [] : invalidAll(`${at}.name`, name, portNameProblems(name))),
      ...optionalOneOf(`${at}.protocol`, protocol, protocols),
    ]),
  ];
}

export const endpointSlices = defineKind<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
  model: endpointSlice,
  nameRule: dnsSubdomainProblems,
  columns,
  defaults: (object) => ({
    ...object,
    ...(object.ports && { ports: object.ports.map((port) => withDefaults({ name: '', protocol: 'TCP' }, port)) }),
  }),
  validate: validateSlice,
  validateUpdate: (object, old) => [
    ...validateSlice(object),
    ...immutable('addressType', object.addressType, old.addressType),
  ],
  raisesGeneration: (object, old) => !deepEqual({ ...object, metadata: undefined }, { ...old, metadata: undefined }),
});
