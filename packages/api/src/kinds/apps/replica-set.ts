/** @kinds/apps/replica-set */
import { kindModel, type KubeObject } from '../../object.ts';
import { labelSelector } from '../../meta/label-selector-model.ts';
import { podTemplateSpec } from '../../pod/pod-spec.ts';
import { filled, int32, int64, list, mergedBy, model, ref, required, string, time } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const replicaSetSpecFields = {
  minReadySeconds: int32('@ReplicaSetSpec.minReadySeconds'),
  replicas: int32('@ReplicaSetSpec.replicas'),
  selector: required(ref(labelSelector, '@ReplicaSetSpec.selector')),
  template: filled(ref(podTemplateSpec, '@ReplicaSetSpec.template')),
};

/** @ReplicaSetSpec. */
export interface ReplicaSetSpec extends Fields<typeof replicaSetSpecFields> {}
export const replicaSetSpec: Model<ReplicaSetSpec> = model('io.k8s.api.apps.v1.ReplicaSetSpec', '@ReplicaSetSpec', replicaSetSpecFields);

const replicaSetConditionFields = {
  lastTransitionTime: time('@ReplicaSetCondition.lastTransitionTime'),
  message: string('@ReplicaSetCondition.message'),
  reason: string('@ReplicaSetCondition.reason'),
  status: required(string('@ReplicaSetCondition.status')),
  type: required(string('@ReplicaSetCondition.type')),
};

/** @ReplicaSetCondition. */
export interface ReplicaSetCondition extends Fields<typeof replicaSetConditionFields> {}
export const replicaSetCondition: Model<ReplicaSetCondition> = model('io.k8s.api.apps.v1.ReplicaSetCondition', '@ReplicaSetCondition', replicaSetConditionFields);

const replicaSetStatusFields = {
  availableReplicas: int32('@ReplicaSetStatus.availableReplicas'),
  conditions: list(replicaSetCondition, '@ReplicaSetStatus.conditions', mergedBy('type')),
  fullyLabeledReplicas: int32('@ReplicaSetStatus.fullyLabeledReplicas'),
  observedGeneration: int64('@ReplicaSetStatus.observedGeneration'),
  readyReplicas: int32('@ReplicaSetStatus.readyReplicas'),
  replicas: required(int32('@ReplicaSetStatus.replicas')),
  terminatingReplicas: int32('@ReplicaSetStatus.terminatingReplicas'),
};

/** @ReplicaSetStatus. */
export interface ReplicaSetStatus extends Fields<typeof replicaSetStatusFields> {}
export const replicaSetStatus: Model<ReplicaSetStatus> = model('io.k8s.api.apps.v1.ReplicaSetStatus', '@ReplicaSetStatus', replicaSetStatusFields);

const replicaSetFields = {
  spec: filled(ref(replicaSetSpec, '@ReplicaSet.spec')),
  status: ref(replicaSetStatus, '@ReplicaSet.status'),
};

/** @ReplicaSet. */
export interface ReplicaSet extends KubeObject, Fields<typeof replicaSetFields> {}
export const replicaSet: Model<ReplicaSet> = kindModel('io.k8s.api.apps.v1.ReplicaSet', '@ReplicaSet', replicaSetFields);
