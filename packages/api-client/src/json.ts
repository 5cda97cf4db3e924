/** The edge where bytes of an API server become values: what has no place among objects is refused here, once. */
import { ApiError, type KubeObject, type Status, statusCodes } from '@flotilla/api';
import { OperatingError } from '@flotilla/base';

const decoder = new TextDecoder();

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws OperatingError code `API_BAD_RESPONSE` */
export function parseJson(bytes: Uint8Array | string): unknown {
  try {
    const value: unknown = JSON.parse(typeof bytes === 'string' ? bytes : decoder.decode(bytes));
    return value;
  } catch (cause) {
    throw badResponse('its body is not JSON', cause);
  }
}

/** @throws OperatingError code `API_BAD_RESPONSE` when the value is no object with metadata. */
export function asObject(value: unknown): KubeObject {
  if (!isRecord(value) || !isRecord(value['metadata'])) throw badResponse('an object without metadata');
  return value as unknown as KubeObject;
}

export function parseObject(bytes: Uint8Array | string): KubeObject {
  return asObject(parseJson(bytes));
}

/** A Status, if the value is one. */
export function asStatus(value: unknown): Status | undefined {
  return isRecord(value) && value['kind'] === 'Status' ? value : undefined;
}

/** The error of an answer with HTTP code `code` whose body is a Status, or anything else. */
export function apiErrorOf(code: number, body: unknown, cause?: unknown): ApiError {
  const status = asStatus(body);
  if (status) return new ApiError(status, { cause });
  const [reason] = Object.entries(statusCodes).find(([, known]) => known === code) ?? ['InternalError'];
  const message = typeof body === 'string' && body !== '' ? body : `the server answered with status ${code}`;
  return new ApiError({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code }, { cause });
}

export function badResponse(what: string, cause?: unknown): OperatingError {
  return new OperatingError('API_BAD_RESPONSE', `the API server sent what no API server sends: ${what}`, { cause });
}
