/** The condition shape that newer statuses share. */
import { int64, model, required, string, time } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const conditionFields = {
  lastTransitionTime: required(time('@Condition.lastTransitionTime')),
  message: required(string('@Condition.message')),
  observedGeneration: int64('@Condition.observedGeneration'),
  reason: required(string('@Condition.reason')),
  status: required(string('@Condition.status')),
  type: required(string('@Condition.type')),
};

/** @Condition. */
export interface Condition extends Fields<typeof conditionFields> {}
export const condition: Model<Condition> = model('io.k8s.apimachinery.pkg.apis.meta.v1.Condition', '@Condition', conditionFields);
