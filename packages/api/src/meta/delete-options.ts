/** The body of a DELETE. */
import { atomic, boolean, int64, model, ref, string, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const preconditionsFields = {
  resourceVersion: string('The object must be of this version.'),
  uid: string('The object must be this one.'),
};

/** What must hold for an operation to be done. */
export interface Preconditions extends Fields<typeof preconditionsFields> {}
export const preconditions: Model<Preconditions> = model(
  'io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions',
  'What must hold for an operation to be done.',
  preconditionsFields,
);

const deleteOptionsFields = {
  apiVersion: string('Group and version of the schema, such as apps/v1.'),
  dryRun: strings('With All, everything is done but the storing.', atomic),
  gracePeriodSeconds: int64('How long the object may take to end; 0 is now.'),
  ignoreStoreReadErrorWithClusterBreakingPotential: boolean(
    "Delete even what can't be read; leaves behind what the object owned.",
  ),
  kind: string('The kind, in CamelCase.'),
  orphanDependents: boolean('Old form of the propagation policy.'),
  preconditions: ref(preconditions, 'Delete only if these hold.'),
  propagationPolicy: string('What becomes of dependents: Orphan, Background or Foreground.'),
};

/** How to delete. */
export interface DeleteOptions extends Fields<typeof deleteOptionsFields> {}
export const deleteOptions: Model<DeleteOptions> = model(
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  'How to delete.',
  deleteOptionsFields,
);
