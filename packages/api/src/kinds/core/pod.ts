/** @kinds/core/pod */
import { kindModel, type KubeObject } from '../../object.ts';
import { podSpec } from '../../pod/pod-spec.ts';
import { podStatus } from '../../pod/pod-status.ts';
import { filled, ref } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const podFields = {
  spec: filled(ref(podSpec, '@Pod.spec')),
  status: ref(podStatus, '@Pod.status'),
};

/** @Pod. */
export interface Pod extends KubeObject, Fields<typeof podFields> {}
export const pod: Model<Pod> = kindModel('io.k8s.api.core.v1.Pod', '@Pod', podFields);
