/** The scale subresource, one shape for all kinds that have replicas. */
import { kindModel, type KubeObject } from '../../object.ts';
import { filled, int32, model, ref, required, string } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const scaleSpecFields = {
  replicas: int32('How many pods.'),
};

/** How many are wanted. */
export interface ScaleSpec extends Fields<typeof scaleSpecFields> {}
export const scaleSpec: Model<ScaleSpec> = model(
  'io.k8s.api.autoscaling.v1.ScaleSpec',
  'How many are wanted.',
  scaleSpecFields,
);

const scaleStatusFields = {
  replicas: required(int32('How many pods.')),
  selector: string('Which pods are counted, as a query string.'),
};

/** How many there are. */
export interface ScaleStatus extends Fields<typeof scaleStatusFields> {}
export const scaleStatus: Model<ScaleStatus> = model(
  'io.k8s.api.autoscaling.v1.ScaleStatus',
  'How many there are.',
  scaleStatusFields,
);

const scaleFields = {
  spec: filled(ref(scaleSpec, 'What is wanted.')),
  status: ref(scaleStatus, 'What is, as last reported.'),
};

/** The number of replicas of an object. */
export interface Scale extends KubeObject, Fields<typeof scaleFields> {}
export const scale: Model<Scale> = kindModel(
  'io.k8s.api.autoscaling.v1.Scale',
  'The number of replicas of an object.',
  scaleFields,
);
