/** Pods: the containers that run together on one node. */
import { defaultPodOnly, defaultPodSpec } from '../../pod/pod-defaults.ts';
import { podColumns } from '../../pod/pod-columns.ts';
import { qosClassOf } from '../../pod/qos.ts';
import { validatePodSpec } from '../../pod/validate-pod-spec.ts';
import { validatePodStatusUpdate, validatePodUpdate } from '../../pod/validate-pod-update.ts';
import { changed } from '../../object-rules.ts';
import { eviction } from '../policy/eviction.ts';
import { binding } from './binding.ts';
import { defineKind } from '../../define-kind.ts';
import { dnsSubdomainProblems } from '../../validation/names.ts';
import { kindModel, type KubeObject } from '../../object.ts';
import { podSpec } from '../../pod/pod-spec.ts';
import { podStatus } from '../../pod/pod-status.ts';
import { filled, ref } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const podFields = {
  spec: filled(ref(podSpec, 'What is wanted.')),
  status: ref(podStatus, 'What is, as last reported.'),
};

/** A group of containers that run together on one node. */
export interface Pod extends KubeObject, Fields<typeof podFields> {}
export const pod: Model<Pod> = kindModel(
  'io.k8s.api.core.v1.Pod',
  'A group of containers that run together on one node.',
  podFields,
);

/** What was asked for, or what the pod asks for; a pod that runs nowhere (any more) goes at once. */
function gracePeriodSeconds({ spec, status }: Pod, requestedSeconds: number | undefined): number {
  const runs = (spec.nodeName ?? '') !== '' && status?.phase !== 'Failed' && status?.phase !== 'Succeeded';
  if (!runs) return 0;
  const seconds = requestedSeconds ?? spec.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
}

export const pods = defineKind<Pod>({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  model: pod,
  nameRule: dnsSubdomainProblems,
  subresources: [
    { name: 'binding', responseKind: { group: '', version: 'v1', kind: 'Binding' }, verbs: ['create'], model: binding },
    {
      name: 'eviction',
      responseKind: { group: 'policy', version: 'v1', kind: 'Eviction' },
      verbs: ['create'],
      model: eviction,
    },
    { name: 'log', responseKind: { group: '', version: 'v1', kind: 'Pod' }, verbs: ['get'] },
  ],
  fieldSelectors: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    'spec.host': ({ spec }) => spec.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
    'status.phase': ({ status }) => status?.phase ?? '',
    'status.podIP': ({ status }) => status?.podIPs?.[0]?.ip ?? status?.podIP ?? '',
    'status.podIPs': ({ status }) => status?.podIPs?.map(({ ip }) => ip).join(',') ?? '',
    'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
  },
  columns: podColumns,
  defaults: (object) => ({ ...object, spec: defaultPodOnly(defaultPodSpec(object.spec)) }),
  validate: ({ spec }) => validatePodSpec(spec, 'spec'),
  validateUpdate: (object, old) => validatePodUpdate(object, old),
  validateStatusUpdate: validatePodStatusUpdate,
  raisesGeneration: changed('spec'),
  strategy: {
    prepareForCreate: (object) => ({ ...object, status: { phase: 'Pending', qosClass: qosClassOf(object.spec) } }),
    // Owner references are not the kubelet's; the class was settled when the pod was made.
    prepareForStatusUpdate: (object, { metadata, status }) => ({
      ...object,
      metadata: { ...object.metadata, ownerReferences: metadata.ownerReferences },
      status: { ...object.status, qosClass: status?.qosClass },
    }),
    gracePeriodSeconds,
  },
});
