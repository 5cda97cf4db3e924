/** Query parameters, typed. A value that can't be read is the client's mistake and is told as such. */
import { type DeleteOptions, badRequest, invalidObject, unsupportedField } from '@flotilla/api';
import type { ListOptions, WatchOptions } from '../registry/read-options.ts';
import type { FieldValidation } from '../registry/request.ts';

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && /^-?\d+$/.test(text)) return value;
  throw badRequest(`the query parameter ${name} must be a whole number, not ${JSON.stringify(text)}`);
}

function boolean(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  // Go's own reading: everything but these is true, also the empty string.
  return text !== 'false' && text !== '0';
}

export function isWatch(query: URLSearchParams): boolean {
  return boolean(query, 'watch') === true;
}

export function listOptionsOf(query: URLSearchParams): ListOptions {
  return {
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    limit: Math.max(0, integer(query, 'limit') ?? 0),
    continue: query.get('continue') ?? '',
    sendInitialEvents: boolean(query, 'sendInitialEvents'),
  };
}

/** @param name of an object that is watched by its own path. */
export function watchOptionsOf(query: URLSearchParams, name: string): WatchOptions {
  const { limit: _, continue: __, ...options } = listOptionsOf(query);
  const selectors = [options.fieldSelector, name === '' ? '' : `metadata.name=${name}`];
  return {
    ...options,
    fieldSelector: selectors.filter((selector) => selector !== '').join(','),
    allowWatchBookmarks: boolean(query, 'allowWatchBookmarks') ?? false,
    timeoutSeconds: Math.max(0, integer(query, 'timeoutSeconds') ?? 0),
  };
}

export function fieldValidationOf(text: string | null): FieldValidation {
  switch (text ?? '') {
    // Kubernetes' default since 1.27.
    case '':
    case 'Warn':
      return 'Warn';
    case 'Ignore':
      return 'Ignore';
    case 'Strict':
      return 'Strict';
    default:
      throw invalidObject({ group: 'meta.k8s.io', kind: 'CreateOptions' }, '', [
        unsupportedField('fieldValidation', text, ['', 'Ignore', 'Strict', 'Warn']),
      ]);
  }
}

/** @throws ApiError Invalid for anything but `All`. */
export function dryRunOf(query: URLSearchParams): boolean {
  const values = query.getAll('dryRun');
  for (const value of values) {
    if (value === 'All') continue;
    const error = unsupportedField('dryRun', value, ['All']);
    throw invalidObject({ group: 'meta.k8s.io', kind: 'CreateOptions' }, '', [error]);
  }
  return values.length > 0;
}

/** What the query of a DELETE says; the body wins. */
export function deleteOptionsOf(query: URLSearchParams, body: DeleteOptions): DeleteOptions {
  const gracePeriodSeconds = integer(query, 'gracePeriodSeconds');
  const propagationPolicy = query.get('propagationPolicy') ?? undefined;
  const orphanDependents = boolean(query, 'orphanDependents');
  return {
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(propagationPolicy !== undefined && { propagationPolicy }),
    ...(orphanDependents !== undefined && { orphanDependents }),
    ...body,
  };
}
