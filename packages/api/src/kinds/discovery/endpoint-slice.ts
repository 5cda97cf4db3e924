/** @kinds/discovery/endpoint-slice */
import { kindModel, type KubeObject } from '../../object.ts';
import { objectReference } from '../core/references.ts';
import { atomic, boolean, int32, list, model, ref, required, set, string, stringMap, strings } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const endpointConditionsFields = {
  ready: boolean('@EndpointConditions.ready'),
  serving: boolean('@EndpointConditions.serving'),
  terminating: boolean('@EndpointConditions.terminating'),
};

/** @EndpointConditions. */
export interface EndpointConditions extends Fields<typeof endpointConditionsFields> {}
export const endpointConditions: Model<EndpointConditions> = model('io.k8s.api.discovery.v1.EndpointConditions', '@EndpointConditions', endpointConditionsFields);

const forNodeFields = {
  name: required(string('@ForNode.name')),
};

/** @ForNode. */
export interface ForNode extends Fields<typeof forNodeFields> {}
export const forNode: Model<ForNode> = model('io.k8s.api.discovery.v1.ForNode', '@ForNode', forNodeFields);

const forZoneFields = {
  name: required(string('@ForZone.name')),
};

/** @ForZone. */
export interface ForZone extends Fields<typeof forZoneFields> {}
export const forZone: Model<ForZone> = model('io.k8s.api.discovery.v1.ForZone', '@ForZone', forZoneFields);

const endpointHintsFields = {
  forNodes: list(forNode, '@EndpointHints.forNodes', atomic),
  forZones: list(forZone, '@EndpointHints.forZones', atomic),
};

/** @EndpointHints. */
export interface EndpointHints extends Fields<typeof endpointHintsFields> {}
export const endpointHints: Model<EndpointHints> = model('io.k8s.api.discovery.v1.EndpointHints', '@EndpointHints', endpointHintsFields);

const endpointFields = {
  addresses: required(strings('@Endpoint.addresses', set)),
  conditions: ref(endpointConditions, '@Endpoint.conditions'),
  deprecatedTopology: stringMap('@Endpoint.deprecatedTopology'),
  hints: ref(endpointHints, '@Endpoint.hints'),
  hostname: string('@Endpoint.hostname'),
  nodeName: string('@Endpoint.nodeName'),
  targetRef: ref(objectReference, '@Endpoint.targetRef'),
  zone: string('@Endpoint.zone'),
};

/** @Endpoint. */
export interface Endpoint extends Fields<typeof endpointFields> {}
export const endpoint: Model<Endpoint> = model('io.k8s.api.discovery.v1.Endpoint', '@Endpoint', endpointFields);

const endpointPortFields = {
  appProtocol: string('@EndpointPort.appProtocol'),
  name: string('@EndpointPort.name'),
  port: int32('@EndpointPort.port'),
  protocol: string('@EndpointPort.protocol'),
};

/** @EndpointPort. */
export interface EndpointPort extends Fields<typeof endpointPortFields> {}
export const endpointPort: Model<EndpointPort> = model('io.k8s.api.discovery.v1.EndpointPort', '@EndpointPort', endpointPortFields, { atomic: true });

const endpointSliceFields = {
  addressType: required(string('@EndpointSlice.addressType')),
  endpoints: required(list(endpoint, '@EndpointSlice.endpoints', atomic)),
  ports: list(endpointPort, '@EndpointSlice.ports', atomic),
};

/** @EndpointSlice. */
export interface EndpointSlice extends KubeObject, Fields<typeof endpointSliceFields> {}
export const endpointSlice: Model<EndpointSlice> = kindModel('io.k8s.api.discovery.v1.EndpointSlice', '@EndpointSlice', endpointSliceFields);
