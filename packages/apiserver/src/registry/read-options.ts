/** What a list or watch may ask for, and which combinations make no sense. */
import {
  ApiError,
  type FieldError,
  badRequest,
  forbiddenField,
  invalidField,
  invalidObject,
  unsupportedField,
} from '@flotilla/api';

export interface ReadOptions {
  /** Empty: the newest. `0`: whatever the cache has. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
}

export interface ListOptions extends ReadOptions {
  /** 0: all. */
  readonly limit: number;
  readonly continue: string;
  readonly sendInitialEvents: boolean | undefined;
}

export interface WatchOptions extends ReadOptions {
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  /** 0: the server decides. */
  readonly timeoutSeconds: number;
}

function refused(errors: readonly FieldError[]): ApiError {
  return invalidObject({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
}

/** @returns the version asked for as a number; undefined when none was. @throws ApiError Invalid. */
export function parseResourceVersion(text: string): number | undefined {
  if (text === '') return undefined;
  const revision = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(revision)) return revision;
  throw refused([invalidField('resourceVersion', text, 'must be a decimal number')]);
}

/** @throws ApiError Invalid or BadRequest. */
export function checkListOptions(options: ListOptions): void {
  const { resourceVersion, resourceVersionMatch: match, sendInitialEvents } = options;
  const errors: FieldError[] = [];
  if (sendInitialEvents !== undefined) {
    errors.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  if (match !== '') {
    const forbid = (detail: string): unknown => errors.push(forbiddenField('resourceVersionMatch', detail));
    if (options.continue !== '') forbid('resourceVersionMatch is forbidden when continue is provided');
    if (resourceVersion === '') forbid('resourceVersionMatch is forbidden unless resourceVersion is provided');
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      errors.push(unsupportedField('resourceVersionMatch', match, ['Exact', 'NotOlderThan']));
    }
    if (match === 'Exact' && resourceVersion === '0') {
      forbid('resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
    }
  }
  if (errors.length > 0) throw refused(errors);
  if (options.continue !== '' && resourceVersion !== '' && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
}

/** @throws ApiError Invalid. */
export function checkWatchOptions({ resourceVersionMatch: match, sendInitialEvents }: WatchOptions): void {
  const errors: FieldError[] = [];
  if (sendInitialEvents === undefined && match !== '') {
    const detail = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
    errors.push(forbiddenField('resourceVersionMatch', detail));
  }
  if (sendInitialEvents !== undefined && match === '') {
    const detail = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    errors.push(forbiddenField('resourceVersionMatch', detail));
  }
  if (match !== '' && match !== 'NotOlderThan')
    errors.push(unsupportedField('resourceVersionMatch', match, ['NotOlderThan']));
  if (errors.length > 0) throw refused(errors);
}
