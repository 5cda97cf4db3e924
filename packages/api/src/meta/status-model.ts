/** The answer that is not an object: how a request failed, or that it succeeded. */
import { listMeta } from './object-meta.ts';
import { atomic, int32, list, model, ref, string } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const statusCauseFields = {
  field: string('Path of the field at fault, such as spec.containers[0].name.'),
  message: string('Why, in words for people.'),
  reason: string('Why, in a CamelCase word for programs.'),
};

/** One of several reasons for a failure. */
export interface StatusCause extends Fields<typeof statusCauseFields> {}
export const statusCause: Model<StatusCause> = model(
  'io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause',
  'One of several reasons for a failure.',
  statusCauseFields,
);

const statusDetailsFields = {
  causes: list(statusCause, 'The single reasons, where there are several.', atomic),
  group: string('Group of what it is about.'),
  kind: string('Kind or resource of what it is about.'),
  name: string('Its name.'),
  retryAfterSeconds: int32('When it is worth to try again.'),
  uid: string('Identity of one life of the object.'),
};

/** What a Status is about. */
export interface StatusDetails extends Fields<typeof statusDetailsFields> {}
export const statusDetails: Model<StatusDetails> = model(
  'io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails',
  'What a Status is about.',
  statusDetailsFields,
);

const statusFields = {
  apiVersion: string('Group and version of the schema, such as apps/v1.'),
  code: int32('HTTP code.'),
  details: ref(statusDetails, 'What failed, and how in detail.'),
  kind: string('The kind, in CamelCase.'),
  message: string('Why, in words for people.'),
  metadata: ref(listMeta, 'Of the list, where the request was about one.'),
  reason: string('Why, in a CamelCase word for programs.'),
  status: string('Success or Failure.'),
};

/** How a request ended that answers with no object. */
export interface Status extends Fields<typeof statusFields> {}
export const status: Model<Status> = model(
  'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
  'How a request ended that answers with no object.',
  statusFields,
);
