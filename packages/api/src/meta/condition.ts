/** The condition shape that newer statuses share. */
import { int64, model, required, string, time } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const conditionFields = {
  lastTransitionTime: required(time('When the status last changed.')),
  message: required(string('Why, in words for people.')),
  observedGeneration: int64('The generation that this was reported for.'),
  reason: required(string('Why, in a CamelCase word for programs.')),
  status: required(string('True, False or Unknown.')),
  type: required(string('What it is about.')),
};

/** One thing that holds of an object, or does not. */
export interface Condition extends Fields<typeof conditionFields> {}
export const condition: Model<Condition> = model(
  'io.k8s.apimachinery.pkg.apis.meta.v1.Condition',
  'One thing that holds of an object, or does not.',
  conditionFields,
);
