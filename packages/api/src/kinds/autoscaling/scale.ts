/** The scale subresource, one shape for all kinds that have replicas. */
import { kindModel, type KubeObject } from '../../object.ts';
import { filled, int32, model, ref, required, string } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const scaleSpecFields = {
  replicas: int32('@ScaleSpec.replicas'),
};

/** @ScaleSpec. */
export interface ScaleSpec extends Fields<typeof scaleSpecFields> {}
export const scaleSpec: Model<ScaleSpec> = model('io.k8s.api.autoscaling.v1.ScaleSpec', '@ScaleSpec', scaleSpecFields);

const scaleStatusFields = {
  replicas: required(int32('@ScaleStatus.replicas')),
  selector: string('@ScaleStatus.selector'),
};

/** @ScaleStatus. */
export interface ScaleStatus extends Fields<typeof scaleStatusFields> {}
export const scaleStatus: Model<ScaleStatus> = model('io.k8s.api.autoscaling.v1.ScaleStatus', '@ScaleStatus', scaleStatusFields);

const scaleFields = {
  spec: filled(ref(scaleSpec, '@Scale.spec')),
  status: ref(scaleStatus, '@Scale.status'),
};

/** @Scale. */
export interface Scale extends KubeObject, Fields<typeof scaleFields> {}
export const scale: Model<Scale> = kindModel('io.k8s.api.autoscaling.v1.Scale', '@Scale', scaleFields);
