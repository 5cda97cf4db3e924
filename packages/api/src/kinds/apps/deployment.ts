/** Deployments: pods that are replaced step by step when their template changes. */
import { ageColumn, integer, nameColumn, text } from '../../columns.ts';
import { forbidden, invalid, missing, notSupported, type FieldError } from '../../field-error.ts';
import { percentOf } from '../../int-or-percent.ts';
import { deepEqual } from '../../object-rules.ts';
import { templateColumns } from '../../pod/pod-columns.ts';
import { defaultPodTemplate, withDefaults } from '../../pod/pod-defaults.ts';
import { validateWorkloadTemplate } from '../../pod/validate-template.ts';
import { countOrPercent, nonNegative } from '../../validation/checks.ts';
import { immutable } from '../../validation/metadata.ts';
import { scale } from '../autoscaling/scale.ts';
import { defineKind } from '../../define-kind.ts';
import { dnsSubdomainProblems } from '../../validation/names.ts';
import { kindModel, type KubeObject } from '../../object.ts';
import { labelSelector } from '../../meta/label-selector-model.ts';
import { podTemplateSpec } from '../../pod/pod-spec.ts';
import {
  boolean,
  filled,
  int32,
  int64,
  intOrString,
  list,
  mergedBy,
  model,
  ref,
  required,
  string,
  time,
} from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const rollingUpdateDeploymentFields = {
  maxSurge: intOrString('How many pods more than wanted, as a count or a percentage.'),
  maxUnavailable: intOrString('How many pods fewer than wanted, as a count or a percentage.'),
};

/** How many pods may be missing or too many during a rollout. */
export interface RollingUpdateDeployment extends Fields<typeof rollingUpdateDeploymentFields> {}
export const rollingUpdateDeployment: Model<RollingUpdateDeployment> = model(
  'io.k8s.api.apps.v1.RollingUpdateDeployment',
  'How many pods may be missing or too many during a rollout.',
  rollingUpdateDeploymentFields,
);

const deploymentStrategyFields = {
  rollingUpdate: ref(rollingUpdateDeployment, 'Limits of a rolling update.'),
  type: string('RollingUpdate or Recreate.'),
};

/** How old pods are replaced by new ones. */
export interface DeploymentStrategy extends Fields<typeof deploymentStrategyFields> {}
export const deploymentStrategy: Model<DeploymentStrategy> = model(
  'io.k8s.api.apps.v1.DeploymentStrategy',
  'How old pods are replaced by new ones.',
  deploymentStrategyFields,
);

const deploymentSpecFields = {
  minReadySeconds: int32('How long a pod must be ready to count as available.'),
  paused: boolean('Whether rollouts wait.'),
  progressDeadlineSeconds: int32('How long a rollout may make no progress.'),
  replicas: int32('How many pods.'),
  revisionHistoryLimit: int32('How many old replica sets to keep.'),
  selector: required(ref(labelSelector, 'Which pods are its own; never changes.')),
  strategy: filled(ref(deploymentStrategy, 'How old pods are replaced.', { patchStrategy: 'retainKeys' })),
  template: required({ ...ref(podTemplateSpec, 'From which its pods are made.'), filled: true }),
};

/** What a deployment is meant to be. */
export interface DeploymentSpec extends Fields<typeof deploymentSpecFields> {}
export const deploymentSpec: Model<DeploymentSpec> = model(
  'io.k8s.api.apps.v1.DeploymentSpec',
  'What a deployment is meant to be.',
  deploymentSpecFields,
);

const deploymentConditionFields = {
  lastTransitionTime: time('When the status last changed.'),
  lastUpdateTime: time('When it was last reported.'),
  message: string('Why, in words for people.'),
  reason: string('Why, in a CamelCase word for programs.'),
  status: required(string('True, False or Unknown.')),
  type: required(string('Available, Progressing or ReplicaFailure.')),
};

/** One thing that holds of a deployment, or does not. */
export interface DeploymentCondition extends Fields<typeof deploymentConditionFields> {}
export const deploymentCondition: Model<DeploymentCondition> = model(
  'io.k8s.api.apps.v1.DeploymentCondition',
  'One thing that holds of a deployment, or does not.',
  deploymentConditionFields,
);

const deploymentStatusFields = {
  availableReplicas: int32('How many have been ready for long enough.'),
  collisionCount: int32('How often the hash of a template was taken.'),
  conditions: list(deploymentCondition, 'What holds of the object now, one entry a type.', mergedBy('type')),
  observedGeneration: int64('The generation that this was reported for.'),
  readyReplicas: int32('How many are ready.'),
  replicas: int32('How many pods.'),
  terminatingReplicas: int32('How many are ending.'),
  unavailableReplicas: int32('How many are missing.'),
  updatedReplicas: int32('How many are of the newest template.'),
};

/** What a deployment reports. */
export interface DeploymentStatus extends Fields<typeof deploymentStatusFields> {}
export const deploymentStatus: Model<DeploymentStatus> = model(
  'io.k8s.api.apps.v1.DeploymentStatus',
  'What a deployment reports.',
  deploymentStatusFields,
);

const deploymentFields = {
  spec: filled(ref(deploymentSpec, 'What is wanted.')),
  status: ref(deploymentStatus, 'What is, as last reported.'),
};

/** Keeps pods running and replaces them step by step when their template changes. */
export interface Deployment extends KubeObject, Fields<typeof deploymentFields> {}
export const deployment: Model<Deployment> = kindModel(
  'io.k8s.api.apps.v1.Deployment',
  'Keeps pods running and replaces them step by step when their template changes.',
  deploymentFields,
);

const quarter = '25%';

function defaultStrategy({ type = 'RollingUpdate', rollingUpdate }: DeploymentStrategy): DeploymentStrategy {
  if (type !== 'RollingUpdate') return { type, ...(rollingUpdate && { rollingUpdate }) };
  return { type, rollingUpdate: withDefaults({ maxUnavailable: quarter, maxSurge: quarter }, rollingUpdate ?? {}) };
}

function defaultDeployment(object: Deployment): Deployment {
  const { spec } = object;
  const defaulted = withDefaults({ replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }, spec);
  return {
    ...object,
    spec: { ...defaulted, strategy: defaultStrategy(spec.strategy), template: defaultPodTemplate(spec.template) },
  };
}

function validateRollingUpdate(
  { maxUnavailable = 0, maxSurge = 0 }: RollingUpdateDeployment,
  path: string,
): readonly FieldError[] {
  const nothingMoves = [maxUnavailable, maxSurge].every((value) => value === 0 || percentOf(value) === 0);
  return [
    ...countOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...countOrPercent(`${path}.maxSurge`, maxSurge),
    ...(nothingMoves ? [invalid(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0')] : []),
    ...((percentOf(maxUnavailable) ?? 0) > 100
      ? [invalid(`${path}.maxUnavailable`, maxUnavailable, 'must not be greater than 100%')]
      : []),
  ];
}

function validateStrategy({ type = '', rollingUpdate }: DeploymentStrategy, path: string): readonly FieldError[] {
  const at = `${path}.rollingUpdate`;
  switch (type) {
    case 'Recreate':
      return rollingUpdate ? [forbidden(at, "may not be specified when strategy `type` is 'Recreate'")] : [];
    case 'RollingUpdate':
      if (!rollingUpdate) return [missing(at, 'this should be defaulted and never be nil')];
      return validateRollingUpdate(rollingUpdate, at);
    default:
      return [notSupported(`${path}.type`, type, ['Recreate', 'RollingUpdate'])];
  }
}

function validateDeployment({ spec }: Deployment): readonly FieldError[] {
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec;
  const tooEarly = deadline !== undefined && deadline >= 0 && deadline <= minReadySeconds;
  return [
    ...nonNegative('spec.replicas', spec.replicas),
    ...validateWorkloadTemplate(spec, 'spec'),
    ...validateStrategy(spec.strategy, 'spec.strategy'),
    ...nonNegative('spec.minReadySeconds', minReadySeconds),
    ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...nonNegative('spec.progressDeadlineSeconds', deadline),
    ...(tooEarly ? [invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')] : []),
  ];
}

const counts = ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas'] as const;

function validateDeploymentStatus({ status = {} }: Deployment): readonly FieldError[] {
  const { replicas = 0, readyReplicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const more = 'cannot be greater than status.replicas';
  return [
    ...counts.flatMap((key) => nonNegative(`status.${key}`, status[key])),
    ...(updatedReplicas > replicas ? [invalid('status.updatedReplicas', updatedReplicas, more)] : []),
    ...(readyReplicas > replicas ? [invalid('status.readyReplicas', readyReplicas, more)] : []),
    ...(availableReplicas > replicas ? [invalid('status.availableReplicas', availableReplicas, more)] : []),
    ...(availableReplicas > readyReplicas
      ? [invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas')]
      : []),
  ];
}

export const deployments = defineKind<Deployment>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  model: deployment,
  nameRule: dnsSubdomainProblems,
  subresources: [
    {
      name: 'scale',
      responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      verbs: ['get', 'patch', 'update'],
      model: scale,
    },
  ],
  columns: [
    nameColumn,
    text(
      { name: 'Ready', description: 'Pods that are ready, of those wanted.' },
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    ),
    integer(
      { name: 'Up-to-date', description: 'Pods of the newest template.' },
      ({ status }) => status?.updatedReplicas ?? 0,
    ),
    integer(
      { name: 'Available', description: 'Pods that have been ready for long enough.' },
      ({ status }) => status?.availableReplicas ?? 0,
    ),
    ageColumn,
    ...templateColumns<Deployment>(),
  ],
  defaults: defaultDeployment,
  validate: validateDeployment,
  validateUpdate: (object, old) => [
    ...validateDeployment(object),
    ...immutable('spec.selector', object.spec.selector, old.spec.selector),
  ],
  validateStatusUpdate: validateDeploymentStatus,
  // Annotations of a deployment are copied to its replica sets, so their change is work too.
  raisesGeneration: (object, old) =>
    !deepEqual(object.spec, old.spec) || !deepEqual(object.metadata.annotations, old.metadata.annotations),
  strategy: {
    prepareForStatusUpdate: (object, { metadata }) => ({
      ...object,
      metadata: { ...object.metadata, labels: metadata.labels },
    }),
  },
});
