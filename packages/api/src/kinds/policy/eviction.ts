/** The body of POST pods/NAME/eviction: deletes a pod if its disruption budgets allow. */
import { kindModel, type KubeObject } from '../../object.ts';
import { deleteOptions } from '../../meta/delete-options.ts';
import { ref } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const evictionFields = {
  deleteOptions: ref(deleteOptions, 'How to delete it.'),
};

/** Deletes a pod if its disruption budgets allow. */
export interface Eviction extends KubeObject, Fields<typeof evictionFields> {}
export const eviction: Model<Eviction> = kindModel(
  'io.k8s.api.policy.v1.Eviction',
  'Deletes a pod if its disruption budgets allow.',
  evictionFields,
);
