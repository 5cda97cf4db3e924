/** @kinds/apps/deployment */
import { kindModel, type KubeObject } from '../../object.ts';
import { labelSelector } from '../../meta/label-selector-model.ts';
import { podTemplateSpec } from '../../pod/pod-spec.ts';
import { boolean, filled, int32, int64, intOrString, list, mergedBy, model, ref, required, string, time } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const rollingUpdateDeploymentFields = {
  maxSurge: intOrString('@RollingUpdateDeployment.maxSurge'),
  maxUnavailable: intOrString('@RollingUpdateDeployment.maxUnavailable'),
};

/** @RollingUpdateDeployment. */
export interface RollingUpdateDeployment extends Fields<typeof rollingUpdateDeploymentFields> {}
export const rollingUpdateDeployment: Model<RollingUpdateDeployment> = model('io.k8s.api.apps.v1.RollingUpdateDeployment', '@RollingUpdateDeployment', rollingUpdateDeploymentFields);

const deploymentStrategyFields = {
  rollingUpdate: ref(rollingUpdateDeployment, '@DeploymentStrategy.rollingUpdate'),
  type: string('@DeploymentStrategy.type'),
};

/** @DeploymentStrategy. */
export interface DeploymentStrategy extends Fields<typeof deploymentStrategyFields> {}
export const deploymentStrategy: Model<DeploymentStrategy> = model('io.k8s.api.apps.v1.DeploymentStrategy', '@DeploymentStrategy', deploymentStrategyFields);

const deploymentSpecFields = {
  minReadySeconds: int32('@DeploymentSpec.minReadySeconds'),
  paused: boolean('@DeploymentSpec.paused'),
  progressDeadlineSeconds: int32('@DeploymentSpec.progressDeadlineSeconds'),
  replicas: int32('@DeploymentSpec.replicas'),
  revisionHistoryLimit: int32('@DeploymentSpec.revisionHistoryLimit'),
  selector: required(ref(labelSelector, '@DeploymentSpec.selector')),
  strategy: filled(ref(deploymentStrategy, '@DeploymentSpec.strategy', { patchStrategy: 'retainKeys' })),
  template: required({ ...ref(podTemplateSpec, '@DeploymentSpec.template'), filled: true }),
};

/** @DeploymentSpec. */
export interface DeploymentSpec extends Fields<typeof deploymentSpecFields> {}
export const deploymentSpec: Model<DeploymentSpec> = model('io.k8s.api.apps.v1.DeploymentSpec', '@DeploymentSpec', deploymentSpecFields);

const deploymentConditionFields = {
  lastTransitionTime: time('@DeploymentCondition.lastTransitionTime'),
  lastUpdateTime: time('@DeploymentCondition.lastUpdateTime'),
  message: string('@DeploymentCondition.message'),
  reason: string('@DeploymentCondition.reason'),
  status: required(string('@DeploymentCondition.status')),
  type: required(string('@DeploymentCondition.type')),
};

/** @DeploymentCondition. */
export interface DeploymentCondition extends Fields<typeof deploymentConditionFields> {}
export const deploymentCondition: Model<DeploymentCondition> = model('io.k8s.api.apps.v1.DeploymentCondition', '@DeploymentCondition', deploymentConditionFields);

const deploymentStatusFields = {
  availableReplicas: int32('@DeploymentStatus.availableReplicas'),
  collisionCount: int32('@DeploymentStatus.collisionCount'),
  conditions: list(deploymentCondition, '@DeploymentStatus.conditions', mergedBy('type')),
  observedGeneration: int64('@DeploymentStatus.observedGeneration'),
  readyReplicas: int32('@DeploymentStatus.readyReplicas'),
  replicas: int32('@DeploymentStatus.replicas'),
  terminatingReplicas: int32('@DeploymentStatus.terminatingReplicas'),
  unavailableReplicas: int32('@DeploymentStatus.unavailableReplicas'),
  updatedReplicas: int32('@DeploymentStatus.updatedReplicas'),
};

/** @DeploymentStatus. */
export interface DeploymentStatus extends Fields<typeof deploymentStatusFields> {}
export const deploymentStatus: Model<DeploymentStatus> = model('io.k8s.api.apps.v1.DeploymentStatus', '@DeploymentStatus', deploymentStatusFields);

const deploymentFields = {
  spec: filled(ref(deploymentSpec, '@Deployment.spec')),
  status: ref(deploymentStatus, '@Deployment.status'),
};

/** @Deployment. */
export interface Deployment extends KubeObject, Fields<typeof deploymentFields> {}
export const deployment: Model<Deployment> = kindModel('io.k8s.api.apps.v1.Deployment', '@Deployment', deploymentFields);
