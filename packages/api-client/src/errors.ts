/**
 * What a call can fail with: `ApiError` (from @flotilla/api) when the server refused, `OperatingError` with the codes below when
 * there was no answer. The predicates are what callers match on.
 */
import { ApiError, isReason } from '@flotilla/api';
import { OperatingError } from '@flotilla/base';

export { ApiError };

/** No server answered, or the connection was lost before the answer: a write may or may not have happened. */
export const apiUnreachable = 'API_UNREACHABLE';
/** The server, or the protocol in use, has no such call. */
export const apiUnimplemented = 'API_UNIMPLEMENTED';

export const isNotFound = (error: unknown): error is ApiError => isReason(error, 'NotFound');
/** The resourceVersion moved: read again and decide anew. Not a lost fence. */
export const isConflict = (error: unknown): error is ApiError => isReason(error, 'Conflict');
export const isAlreadyExists = (error: unknown): error is ApiError => isReason(error, 'AlreadyExists');
export const isInvalid = (error: unknown): error is ApiError => isReason(error, 'Invalid');
export const isForbidden = (error: unknown): error is ApiError => isReason(error, 'Forbidden');
/** The version asked for is compacted: list again. */
export const isExpired = (error: unknown): error is ApiError => isReason(error, 'Expired') || isReason(error, 'Gone');
/** Another leads: the term is over, and the write must never be tried again. */
export const isLeaderFenced = (error: unknown): error is ApiError => isReason(error, 'LeaderFenced');
export const isTooManyRequests = (error: unknown): error is ApiError => isReason(error, 'TooManyRequests');

/** The version asked for lies in the future of the server that was asked. */
export function isResourceVersionTooLarge(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  const causes = error.status.details?.causes ?? [];
  return causes.some(({ reason }) => reason === 'ResourceVersionTooLarge');
}

/** The namespace is being deleted: nothing can be created in it any more. */
export function isNamespaceTerminating(error: unknown): error is ApiError {
  if (!isForbidden(error)) return false;
  const causes = error.status.details?.causes ?? [];
  return causes.some(({ reason }) => reason === 'NamespaceTerminating');
}

export function isUnreachable(error: unknown): error is OperatingError {
  return error instanceof OperatingError && error.code === apiUnreachable;
}

export function isUnimplemented(error: unknown): error is OperatingError {
  return error instanceof OperatingError && error.code === apiUnimplemented;
}

export function unreachable(server: string, cause: unknown): OperatingError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new OperatingError(apiUnreachable, `the API server ${server} cannot be reached: ${why}`, { cause });
}

/** Whether the call ended because its own signal was aborted. */
export function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
