/** The answer that is not an object: how a request failed, or that it succeeded. */
import { listMeta } from './object-meta.ts';
import { atomic, int32, list, model, ref, string } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const statusCauseFields = {
  field: string('@StatusCause.field'),
  message: string('@StatusCause.message'),
  reason: string('@StatusCause.reason'),
};

/** @StatusCause. */
export interface StatusCause extends Fields<typeof statusCauseFields> {}
export const statusCause: Model<StatusCause> = model('io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause', '@StatusCause', statusCauseFields);

const statusDetailsFields = {
  causes: list(statusCause, '@StatusDetails.causes', atomic),
  group: string('@StatusDetails.group'),
  kind: string('@StatusDetails.kind'),
  name: string('@StatusDetails.name'),
  retryAfterSeconds: int32('@StatusDetails.retryAfterSeconds'),
  uid: string('@StatusDetails.uid'),
};

/** @StatusDetails. */
export interface StatusDetails extends Fields<typeof statusDetailsFields> {}
export const statusDetails: Model<StatusDetails> = model('io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails', '@StatusDetails', statusDetailsFields);

const statusFields = {
  apiVersion: string('@Status.apiVersion'),
  code: int32('@Status.code'),
  details: ref(statusDetails, '@Status.details'),
  kind: string('@Status.kind'),
  message: string('@Status.message'),
  metadata: ref(listMeta, '@Status.metadata'),
  reason: string('@Status.reason'),
  status: string('@Status.status'),
};

/** @Status. */
export interface Status extends Fields<typeof statusFields> {}
export const status: Model<Status> = model('io.k8s.apimachinery.pkg.apis.meta.v1.Status', '@Status', statusFields);
