/** ReplicaSets: a number of equal pods. */
import { ageColumn, integer, nameColumn } from '../../columns.ts';
import { invalid, type FieldError } from '../../field-error.ts';
import { changed } from '../../object-rules.ts';
import { templateColumns } from '../../pod/pod-columns.ts';
import { defaultPodTemplate, withDefaults } from '../../pod/pod-defaults.ts';
import { validateWorkloadTemplate } from '../../pod/validate-template.ts';
import { nonNegative } from '../../validation/checks.ts';
import { immutable } from '../../validation/metadata.ts';
import { scale } from '../autoscaling/scale.ts';
import { defineKind } from '../../define-kind.ts';
import { dnsSubdomainProblems } from '../../validation/names.ts';
import { kindModel, type KubeObject } from '../../object.ts';
import { labelSelector } from '../../meta/label-selector-model.ts';
import { podTemplateSpec } from '../../pod/pod-spec.ts';
import { filled, int32, int64, list, mergedBy, model, ref, required, string, time } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const replicaSetSpecFields = {
  minReadySeconds: int32('How long a pod must be ready to count as available.'),
  replicas: int32('How many pods.'),
  selector: required(ref(labelSelector, 'Which pods are its own.')),
  template: filled(ref(podTemplateSpec, 'From which its pods are made.')),
};

/** What a replica set is meant to be. */
export interface ReplicaSetSpec extends Fields<typeof replicaSetSpecFields> {}
export const replicaSetSpec: Model<ReplicaSetSpec> = model(
  'io.k8s.api.apps.v1.ReplicaSetSpec',
  'What a replica set is meant to be.',
  replicaSetSpecFields,
);

const replicaSetConditionFields = {
  lastTransitionTime: time('When the status last changed.'),
  message: string('Why, in words for people.'),
  reason: string('Why, in a CamelCase word for programs.'),
  status: required(string('True, False or Unknown.')),
  type: required(string('What it is about.')),
};

/** One thing that holds of a replica set, or does not. */
export interface ReplicaSetCondition extends Fields<typeof replicaSetConditionFields> {}
export const replicaSetCondition: Model<ReplicaSetCondition> = model(
  'io.k8s.api.apps.v1.ReplicaSetCondition',
  'One thing that holds of a replica set, or does not.',
  replicaSetConditionFields,
);

const replicaSetStatusFields = {
  availableReplicas: int32('How many have been ready for long enough.'),
  conditions: list(replicaSetCondition, 'What holds of the object now, one entry a type.', mergedBy('type')),
  fullyLabeledReplicas: int32('How many have all labels of the template.'),
  observedGeneration: int64('The generation that this was reported for.'),
  readyReplicas: int32('How many are ready.'),
  replicas: required(int32('How many pods.')),
  terminatingReplicas: int32('How many are ending.'),
};

/** What a replica set reports. */
export interface ReplicaSetStatus extends Fields<typeof replicaSetStatusFields> {}
export const replicaSetStatus: Model<ReplicaSetStatus> = model(
  'io.k8s.api.apps.v1.ReplicaSetStatus',
  'What a replica set reports.',
  replicaSetStatusFields,
);

const replicaSetFields = {
  spec: filled(ref(replicaSetSpec, 'What is wanted.')),
  status: ref(replicaSetStatus, 'What is, as last reported.'),
};

/** Keeps a number of equal pods running. */
export interface ReplicaSet extends KubeObject, Fields<typeof replicaSetFields> {}
export const replicaSet: Model<ReplicaSet> = kindModel(
  'io.k8s.api.apps.v1.ReplicaSet',
  'Keeps a number of equal pods running.',
  replicaSetFields,
);

function validateReplicaSet({ spec }: ReplicaSet): readonly FieldError[] {
  return [
    ...nonNegative('spec.replicas', spec.replicas),
    ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...validateWorkloadTemplate(spec, 'spec'),
  ];
}

const counts = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;

function validateReplicaSetStatus({ status }: ReplicaSet): readonly FieldError[] {
  const { replicas = 0, fullyLabeledReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = status ?? {};
  const more = 'cannot be greater than status.replicas';
  return [
    ...counts.flatMap((key) => nonNegative(`status.${key}`, status?.[key])),
    ...(fullyLabeledReplicas > replicas ? [invalid('status.fullyLabeledReplicas', fullyLabeledReplicas, more)] : []),
    ...(readyReplicas > replicas ? [invalid('status.readyReplicas', readyReplicas, more)] : []),
    ...(availableReplicas > replicas ? [invalid('status.availableReplicas', availableReplicas, more)] : []),
    ...(availableReplicas > readyReplicas
      ? [invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas')]
      : []),
  ];
}

export const replicaSets = defineKind<ReplicaSet>({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  model: replicaSet,
  nameRule: dnsSubdomainProblems,
  subresources: [
    {
      name: 'scale',
      responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      verbs: ['get', 'patch', 'update'],
      model: scale,
    },
  ],
  fieldSelectors: { 'status.replicas': ({ status }) => String(status?.replicas ?? 0) },
  columns: [
    nameColumn,
    integer({ name: 'Desired', description: 'How many pods are wanted.' }, ({ spec }) => spec.replicas ?? 0),
    integer({ name: 'Current', description: 'How many pods there are.' }, ({ status }) => status?.replicas ?? 0),
    integer({ name: 'Ready', description: 'How many of them are ready.' }, ({ status }) => status?.readyReplicas ?? 0),
    ageColumn,
    ...templateColumns<ReplicaSet>(),
  ],
  defaults: (object) => ({
    ...object,
    spec: { ...withDefaults({ replicas: 1 }, object.spec), template: defaultPodTemplate(object.spec.template) },
  }),
  validate: validateReplicaSet,
  validateUpdate: (object, old) => [
    ...validateReplicaSet(object),
    ...immutable('spec.selector', object.spec.selector, old.spec.selector),
  ],
  validateStatusUpdate: validateReplicaSetStatus,
  raisesGeneration: changed('spec'),
  strategy: { prepareForCreate: (object) => ({ ...object, status: { replicas: 0 } }) },
});
