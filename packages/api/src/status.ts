/**
 * Failures of the API as data: an `ApiError` carries the `Status` that goes over the wire, whatever the transport. The message
 * texts are Kubernetes' own (apimachinery `api/errors`): kubectl prints them, clients match on them.
 */
import { messageOf } from '@flotilla/base';
import { fieldErrorText, type FieldError } from './field-error.ts';
import type { Status, StatusDetails } from './meta/status-model.ts';
import { statusCodes, type CauseReason, type StatusReason } from './status-reasons.ts';

export class ApiError extends Error {
  readonly status: Status;

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? 'unknown', options);
    this.name = 'ApiError';
    this.status = status;
  }

  /** The reason, or the empty string where a foreign server gave none. */
  get reason(): string {
    return this.status.reason ?? '';
  }

  get code(): number {
    return this.status.code ?? 500;
  }
}

/** Narrows a caught value to an API failure with this reason. */
export function isReason(error: unknown, reason: StatusReason): error is ApiError {
  return error instanceof ApiError && error.reason === reason;
}

/** Where an error happened: the group and resource of the URL, e.g. `{ group: 'apps', resource: 'deployments' }`. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

interface Failure {
  readonly reason: StatusReason;
  readonly message: string;
  readonly details?: StatusDetails;
}

function failure({ reason, message, details }: Failure, cause?: unknown): ApiError {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details && { details }),
    code: statusCodes[reason],
  };
  return new ApiError(status, cause === undefined ? undefined : { cause });
}

/** `deployments.apps`, or `pods` for the core group. */
function qualified({ group, resource }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function about({ group, resource }: GroupResource, name: string): StatusDetails {
  return { name, ...(group !== '' && { group }), kind: resource };
}

export function notFound(resource: GroupResource, name: string): ApiError {
  return failure({
    reason: 'NotFound',
    message: `${qualified(resource)} ${JSON.stringify(name)} not found`,
    details: about(resource, name),
  });
}

/** The URL names no resource at all. */
export function unknownResource(): ApiError {
  return failure({ reason: 'NotFound', message: 'the server could not find the requested resource', details: {} });
}

export function alreadyExists(resource: GroupResource, name: string): ApiError {
  const message = `${qualified(resource)} ${JSON.stringify(name)} already exists`;
  return failure({ reason: 'AlreadyExists', message, details: about(resource, name) });
}

/** Eight generated names in a row were taken. */
export function generateNameConflict(resource: GroupResource, name: string): ApiError {
  const message = `${qualified(resource)} ${JSON.stringify(name)} already exists, the server was not able to generate a unique name for the object`;
  return failure({ reason: 'AlreadyExists', message, details: { ...about(resource, name), retryAfterSeconds: 1 } });
}

export const objectModified =
  'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(resource: GroupResource, name: string, detail: string = objectModified): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} ${JSON.stringify(name)}: ${detail}`;
  return failure({ reason: 'Conflict', message, details: about(resource, name) });
}

/** The fence of a leader's write no longer holds: another leads. Ends the term; never retried. */
export function leaderFenced(resource: GroupResource, name: string, election: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} ${JSON.stringify(name)}: the writer no longer leads the election ${JSON.stringify(election)}`;
  return failure({ reason: 'LeaderFenced', message, details: about(resource, name) });
}

/** Validation failed. `group` and `kind` name the kind, as in `Deployment.apps "web" is invalid: …`. */
export function invalidObject(
  { group, kind }: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): ApiError {
  const texts = [...new Set(errors.map(fieldErrorText))];
  const summary = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return failure({
    reason: 'Invalid',
    message: `${group === '' ? kind : `${kind}.${group}`} ${JSON.stringify(name)} is invalid: ${summary}`,
    details: {
      name,
      ...(group !== '' && { group }),
      kind,
      causes: errors.map(({ type, field, message }) => ({ reason: type, message, field })),
    },
  });
}

/** The request is well-formed but can't be done, such as a JSON patch whose test fails. */
export function unprocessable(detail: string): ApiError {
  return failure({
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
    details: { causes: [{ reason: 'UnexpectedServerResponse', message: detail }] },
  });
}

export function badRequest(message: string, cause?: unknown): ApiError {
  return failure({ reason: 'BadRequest', message }, cause);
}

export function forbidden(
  resource: GroupResource,
  name: string,
  detail: string,
  causes?: StatusDetails['causes'],
): ApiError {
  const message =
    name === ''
      ? `${qualified(resource)} is forbidden: ${detail}`
      : `${qualified(resource)} ${JSON.stringify(name)} is forbidden: ${detail}`;
  return failure({ reason: 'Forbidden', message, details: { ...about(resource, name), ...(causes && { causes }) } });
}

export function unauthorized(message = 'Unauthorized'): ApiError {
  return failure({ reason: 'Unauthorized', message });
}

export function methodNotAllowed(resource: GroupResource, action: string): ApiError {
  const message = `${action} is not supported on resources of kind ${JSON.stringify(qualified(resource))}`;
  return failure({ reason: 'MethodNotAllowed', message, details: { ...about(resource, ''), name: undefined } });
}

export function notAcceptable(accepted: readonly string[]): ApiError {
  return failure({
    reason: 'NotAcceptable',
    message: `only the following media types are accepted: ${accepted.join(', ')}`,
  });
}

export function unsupportedMediaType(supported: readonly string[]): ApiError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${supported.join(', ')}`;
  return failure({ reason: 'UnsupportedMediaType', message });
}

/** The version asked for is compacted; the client lists again. `continueToken` lets a paged list go on inconsistently. */
export function expired(message: string, continueToken?: string): ApiError {
  const error = failure({ reason: 'Expired', message });
  if (continueToken === undefined) return error;
  return new ApiError({ ...error.status, metadata: { continue: continueToken } });
}

export function gone(message: string): ApiError {
  return failure({ reason: 'Gone', message });
}

export function tooManyRequests(
  message: string,
  retryAfterSeconds: number,
  causes?: StatusDetails['causes'],
): ApiError {
  return failure({ reason: 'TooManyRequests', message, details: { retryAfterSeconds, ...(causes && { causes }) } });
}

export function requestEntityTooLarge(message: string): ApiError {
  return failure({ reason: 'RequestEntityTooLarge', message });
}

export function timeout(message: string, retryAfterSeconds: number): ApiError {
  return failure({ reason: 'Timeout', message: `Timeout: ${message}`, details: { retryAfterSeconds } });
}

/** The version asked for lies in the future; the client tries again. */
export function resourceVersionTooLarge({
  requested,
  current,
}: {
  readonly requested: number;
  readonly current: number;
}): ApiError {
  const reason: CauseReason = 'ResourceVersionTooLarge';
  return failure({
    reason: 'Timeout',
    message: `Too large resource version: ${requested}, current: ${current}`,
    details: { causes: [{ reason, message: 'Too large resource version' }], retryAfterSeconds: 1 },
  });
}

/** The server could not do in time what it normally can. */
export function serverTimeout(resource: GroupResource, operation: string, retryAfterSeconds: number): ApiError {
  const message = `The ${operation} operation against ${qualified(resource)} could not be completed at this time, please try again.`;
  return failure({ reason: 'ServerTimeout', message, details: { ...about(resource, operation), retryAfterSeconds } });
}

export function serviceUnavailable(message: string): ApiError {
  return failure({ reason: 'ServiceUnavailable', message });
}

export function internalError(cause: unknown): ApiError {
  const text = messageOf(cause);
  return failure(
    { reason: 'InternalError', message: `Internal error occurred: ${text}`, details: { causes: [{ message: text }] } },
    cause,
  );
}

/** The answer to a delete that left nothing behind. */
export function deleted({ group, resource }: GroupResource, name: string, uid: string): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group !== '' && { group }), kind: resource, uid },
  };
}
