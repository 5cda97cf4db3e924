/** The body of a DELETE. */
import { atomic, boolean, int64, model, ref, string, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const preconditionsFields = {
  resourceVersion: string('@Preconditions.resourceVersion'),
  uid: string('@Preconditions.uid'),
};

/** @Preconditions. */
export interface Preconditions extends Fields<typeof preconditionsFields> {}
export const preconditions: Model<Preconditions> = model('io.k8s.apimachinery.pkg.apis.meta.v1.Preconditions', '@Preconditions', preconditionsFields);

const deleteOptionsFields = {
  apiVersion: string('@DeleteOptions.apiVersion'),
  dryRun: strings('@DeleteOptions.dryRun', atomic),
  gracePeriodSeconds: int64('@DeleteOptions.gracePeriodSeconds'),
  ignoreStoreReadErrorWithClusterBreakingPotential: boolean('@DeleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential'),
  kind: string('@DeleteOptions.kind'),
  orphanDependents: boolean('@DeleteOptions.orphanDependents'),
  preconditions: ref(preconditions, '@DeleteOptions.preconditions'),
  propagationPolicy: string('@DeleteOptions.propagationPolicy'),
};

/** @DeleteOptions. */
export interface DeleteOptions extends Fields<typeof deleteOptionsFields> {}
export const deleteOptions: Model<DeleteOptions> = model('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions', '@DeleteOptions', deleteOptionsFields);
