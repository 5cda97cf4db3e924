/** @kinds/core/namespace */
import { kindModel, type KubeObject } from '../../object.ts';
import { atomic, filled, list, mergedBy, model, ref, required, string, strings, time } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const namespaceSpecFields = {
  finalizers: strings('@NamespaceSpec.finalizers', atomic),
};

/** @NamespaceSpec. */
export interface NamespaceSpec extends Fields<typeof namespaceSpecFields> {}
export const namespaceSpec: Model<NamespaceSpec> = model('io.k8s.api.core.v1.NamespaceSpec', '@NamespaceSpec', namespaceSpecFields);

const namespaceConditionFields = {
  lastTransitionTime: time('@NamespaceCondition.lastTransitionTime'),
  message: string('@NamespaceCondition.message'),
  reason: string('@NamespaceCondition.reason'),
  status: required(string('@NamespaceCondition.status')),
  type: required(string('@NamespaceCondition.type')),
};

/** @NamespaceCondition. */
export interface NamespaceCondition extends Fields<typeof namespaceConditionFields> {}
export const namespaceCondition: Model<NamespaceCondition> = model('io.k8s.api.core.v1.NamespaceCondition', '@NamespaceCondition', namespaceConditionFields);

const namespaceStatusFields = {
  conditions: list(namespaceCondition, '@NamespaceStatus.conditions', mergedBy('type')),
  phase: string('@NamespaceStatus.phase'),
};

/** @NamespaceStatus. */
export interface NamespaceStatus extends Fields<typeof namespaceStatusFields> {}
export const namespaceStatus: Model<NamespaceStatus> = model('io.k8s.api.core.v1.NamespaceStatus', '@NamespaceStatus', namespaceStatusFields);

const namespaceFields = {
  spec: filled(ref(namespaceSpec, '@Namespace.spec')),
  status: ref(namespaceStatus, '@Namespace.status'),
};

/** @Namespace. */
export interface Namespace extends KubeObject, Fields<typeof namespaceFields> {}
export const namespace: Model<Namespace> = kindModel('io.k8s.api.core.v1.Namespace', '@Namespace', namespaceFields);
