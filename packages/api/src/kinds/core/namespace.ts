/** Namespaces. One that is deleted stays, Terminating, until its `spec.finalizers` are gone; only the finalize endpoint removes them. */
import { ageColumn, nameColumn, text } from '../../columns.ts';
import { defineKind } from '../../define-kind.ts';
import { dnsLabelProblems } from '../../validation/names.ts';
import { kindModel, type KubeObject } from '../../object.ts';
import { atomic, filled, list, mergedBy, model, ref, required, string, strings, time } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const namespaceSpecFields = {
  finalizers: strings('Who must let go before it vanishes.', atomic),
};

/** What a namespace is meant to be. */
export interface NamespaceSpec extends Fields<typeof namespaceSpecFields> {}
export const namespaceSpec: Model<NamespaceSpec> = model(
  'io.k8s.api.core.v1.NamespaceSpec',
  'What a namespace is meant to be.',
  namespaceSpecFields,
);

const namespaceConditionFields = {
  lastTransitionTime: time('When the status last changed.'),
  message: string('Why, in words for people.'),
  reason: string('Why, in a CamelCase word for programs.'),
  status: required(string('True, False or Unknown.')),
  type: required(string('What it is about.')),
};

/** One thing that holds of a namespace, or does not. */
export interface NamespaceCondition extends Fields<typeof namespaceConditionFields> {}
export const namespaceCondition: Model<NamespaceCondition> = model(
  'io.k8s.api.core.v1.NamespaceCondition',
  'One thing that holds of a namespace, or does not.',
  namespaceConditionFields,
);

const namespaceStatusFields = {
  conditions: list(namespaceCondition, 'What holds of the object now, one entry a type.', mergedBy('type')),
  phase: string('Active or Terminating.'),
};

/** What a namespace reports. */
export interface NamespaceStatus extends Fields<typeof namespaceStatusFields> {}
export const namespaceStatus: Model<NamespaceStatus> = model(
  'io.k8s.api.core.v1.NamespaceStatus',
  'What a namespace reports.',
  namespaceStatusFields,
);

const namespaceFields = {
  spec: filled(ref(namespaceSpec, 'What is wanted.')),
  status: ref(namespaceStatus, 'What is, as last reported.'),
};

/** A space in which names are unique. */
export interface Namespace extends KubeObject, Fields<typeof namespaceFields> {}
export const namespace: Model<Namespace> = kindModel(
  'io.k8s.api.core.v1.Namespace',
  'A space in which names are unique.',
  namespaceFields,
);

/** Holds a namespace until it is empty. */
export const namespaceFinalizer = 'kubernetes';
const nameLabel = 'kubernetes.io/metadata.name';

export const namespaces = defineKind<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  model: namespace,
  nameRule: dnsLabelProblems,
  subresources: [
    {
      name: 'finalize',
      responseKind: { group: '', version: 'v1', kind: 'Namespace' },
      verbs: ['update'],
      model: namespace,
    },
  ],
  fieldSelectors: { 'status.phase': ({ status }) => status?.phase ?? '', name: ({ metadata }) => metadata.name },
  columns: [
    nameColumn,
    text(
      { name: 'Status', description: 'Active, or Terminating while it is being emptied.' },
      ({ status }) => status?.phase ?? '',
    ),
    ageColumn,
  ],
  defaults: (object) => {
    const { name, labels } = object.metadata;
    return name === ''
      ? object
      : { ...object, metadata: { ...object.metadata, labels: { ...labels, [nameLabel]: name } } };
  },
  strategy: {
    prepareForCreate: (object) => ({
      ...object,
      spec: { ...object.spec, finalizers: [...new Set([...(object.spec.finalizers ?? []), namespaceFinalizer])] },
      status: { phase: 'Active' },
    }),
    // Finalizers change through the finalize endpoint only.
    prepareForUpdate: (object, { spec }) => ({ ...object, spec }),
  },
});
