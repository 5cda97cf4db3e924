/** Nodes: the machines. Stored under `minions`, as they were first called. */
import { ageColumn, joined, nameColumn, none, text, wide } from '../../columns.ts';
import { duplicate, forbidden, invalid, type FieldError } from '../../field-error.ts';
import type { Column } from '../../kind.ts';
import { taintEffects } from '../../pod/validate-scheduling.ts';
import { each, oneOf, repeated } from '../../validation/checks.ts';
import { invalidAll } from '../../validation/metadata.ts';
import { defineKind } from '../../define-kind.ts';
import { dnsSubdomainProblems, labelValueProblems, qualifiedNameProblems } from '../../validation/names.ts';
import { kindModel, type KubeObject } from '../../object.ts';
import { nodeConfigSource, nodeStatus } from './node-status.ts';
import { atomic, boolean, filled, list, model, ref, required, string, strings, time } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const taintFields = {
  effect: required(string('NoSchedule, PreferNoSchedule or NoExecute.')),
  key: required(string('The key.')),
  timeAdded: time('When it was added.'),
  value: string('The value.'),
};

/** Keeps pods off a node that don't tolerate it. */
export interface Taint extends Fields<typeof taintFields> {}
export const taint: Model<Taint> = model(
  'io.k8s.api.core.v1.Taint',
  "Keeps pods off a node that don't tolerate it.",
  taintFields,
);

const nodeSpecFields = {
  configSource: ref(nodeConfigSource, 'No longer used.'),
  externalID: string('No longer used.'),
  podCIDR: string("Range of its pods' addresses."),
  podCIDRs: strings("Ranges of its pods' addresses.", { patchStrategy: 'merge', listType: 'set' }),
  providerID: string('Identity of the machine at its provider.'),
  taints: list(taint, 'What keeps pods off it.', atomic),
  unschedulable: boolean('Whether it takes no new pods.'),
};

/** What a node is meant to be. */
export interface NodeSpec extends Fields<typeof nodeSpecFields> {}
export const nodeSpec: Model<NodeSpec> = model(
  'io.k8s.api.core.v1.NodeSpec',
  'What a node is meant to be.',
  nodeSpecFields,
);

const nodeFields = {
  spec: filled(ref(nodeSpec, 'What is wanted.')),
  status: ref(nodeStatus, 'What is, as last reported.'),
};

/** A machine that runs pods. */
export interface Node extends KubeObject, Fields<typeof nodeFields> {}
export const node: Model<Node> = kindModel('io.k8s.api.core.v1.Node', 'A machine that runs pods.', nodeFields);

const unknown = '<unknown>';
const rolePrefix = 'node-role.kubernetes.io/';

function statusText({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec.unschedulable === true ? `${word},SchedulingDisabled` : word;
}

function rolesText({ metadata }: Node): string {
  const roles = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(rolePrefix)) return key.slice(rolePrefix.length) || [];
    return key === 'kubernetes.io/role' && value !== '' ? [value] : [];
  });
  return joined([...new Set(roles)].sort());
}

function addressText({ status }: Node, type: string): string {
  return status?.addresses?.find((address) => address.type === type)?.address ?? none;
}

type InfoKey = 'osImage' | 'kernelVersion' | 'containerRuntimeVersion';

function infoText({ status }: Node, key: InfoKey): string {
  return status?.nodeInfo?.[key] || unknown;
}

const columns: readonly Column<Node>[] = [
  nameColumn,
  text({ name: 'Status', description: 'Whether the node is ready and takes new pods.' }, statusText),
  text({ name: 'Roles', description: 'Roles that labels give the node.' }, rolesText),
  ageColumn,
  text(
    { name: 'Version', description: 'Version of the kubelet.' },
    ({ status }) => status?.nodeInfo?.kubeletVersion ?? '',
  ),
  wide(
    text({ name: 'Internal-IP', description: 'Address inside the cluster.' }, (object) =>
      addressText(object, 'InternalIP'),
    ),
  ),
  wide(
    text({ name: 'External-IP', description: 'Address outside the cluster.' }, (object) =>
      addressText(object, 'ExternalIP'),
    ),
  ),
  wide(text({ name: 'OS-Image', description: 'Operating system.' }, (object) => infoText(object, 'osImage'))),
  wide(text({ name: 'Kernel-Version', description: 'Kernel.' }, (object) => infoText(object, 'kernelVersion'))),
  wide(
    text({ name: 'Container-Runtime', description: 'What runs the containers.' }, (object) =>
      infoText(object, 'containerRuntimeVersion'),
    ),
  ),
];

function validateTaint({ key, value = '', effect }: Taint, path: string): readonly FieldError[] {
  const problems = labelValueProblems(value);
  return [
    ...invalidAll(`${path}.key`, key, qualifiedNameProblems(key)),
    ...(problems.length === 0 ? [] : [invalid(`${path}.value`, value, problems.join(';'))]),
    ...oneOf(`${path}.effect`, effect, taintEffects),
  ];
}

function validateNode({ spec }: Node): readonly FieldError[] {
  const path = 'spec.taints';
  const again = repeated(spec.taints, ({ key, effect }) => `${key}:${effect}`);
  return each(spec.taints, path, (taint, at, index) => [
    ...validateTaint(taint, at),
    ...(again.has(index)
      ? [
          {
            ...duplicate(at, taint),
            message: `${duplicate(at, taint).message}: taints must be unique by key and effect pair`,
          },
        ]
      : []),
  ]);
}

/** Set once, then fixed. */
function validateNodeUpdate(object: Node, { spec: old }: Node): readonly FieldError[] {
  const { podCIDR = '', providerID = '' } = object.spec;
  return [
    ...validateNode(object),
    ...((old.podCIDR ?? '') !== '' && old.podCIDR !== podCIDR
      ? [forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid')]
      : []),
    ...((old.providerID ?? '') !== '' && old.providerID !== providerID
      ? [forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid')]
      : []),
  ];
}

export const nodes = defineKind<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  model: node,
  storagePrefix: '/registry/minions/',
  nameRule: dnsSubdomainProblems,
  fieldSelectors: { 'spec.unschedulable': ({ spec }) => String(spec.unschedulable ?? false) },
  columns,
  // What a node has, it can give, unless it says otherwise.
  defaults: (object) => {
    const { status } = object;
    return status?.capacity && !status.allocatable
      ? { ...object, status: { ...status, allocatable: status.capacity } }
      : object;
  },
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  // A kubelet registers its node with a status.
  strategy: { prepareForCreate: (object) => object },
});
