/** A PATCH request: content type and body in, the new object out, with the Status that a client gets when it can't be. */
import { messageOf } from '@flotilla/base';
import { decodeObject, strictDecodingText, type BodyType, type FieldValidation } from '../decode-body.ts';
import { invalid } from '../field-error.ts';
import type { KubeObject } from '../object.ts';
import { parseJson } from '../parse-json.ts';
import type { Decoded } from '../schema/decode.ts';
import { duplicateKeys } from '../schema/duplicate-keys.ts';
import { ApiError, badRequest, invalidObject, unsupportedMediaType } from '../status.ts';
import { applyJsonPatch } from './json-patch.ts';
import { isJsonObject } from './json-value.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

export const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
] as const;
export type PatchType = (typeof patchTypes)[number];

export interface PatchRequest<T> {
  readonly type: BodyType<T>;
  readonly current: T;
  /** The content type, with or without parameters. */
  readonly contentType: string;
  readonly body: string;
  readonly fieldValidation: FieldValidation;
}

function isPatchType(value: string): value is PatchType {
  return patchTypes.some((type) => type === value);
}

function parsePatch(body: string): unknown {
  try {
    return parseJson(body);
  } catch (error) {
    throw badRequest(`error decoding patch: ${messageOf(error)}`, error);
  }
}

function patched<T extends KubeObject>(
  { type, current }: PatchRequest<T>,
  patchType: PatchType,
  patch: unknown,
): unknown {
  if (patchType === 'application/json-patch+json') return applyJsonPatch(current, patch);
  if (!isJsonObject(patch)) throw badRequest('error decoding patch: json: cannot unmarshal the patch into an object');
  if (patchType === 'application/merge-patch+json') return applyMergePatch(current, patch);
  return applyStrategicMergePatch(type.model, current, patch);
}

/** What a patch breaks is told as an invalid field named `patch`, as the apiserver does. */
function invalidPatch(body: string, detail: string): ApiError {
  return invalidObject({ group: '', kind: '' }, '', [invalid('patch', body, detail)]);
}

/** Applies a patch and decodes the result. Unknown fields are refused, warned of or dropped as `fieldValidation` says. */
export function patchObject<T extends KubeObject>(request: PatchRequest<T>): Decoded<T> {
  const { type, body, contentType, fieldValidation } = request;
  const mediaType = contentType.split(';')[0]?.trim() ?? '';
  if (!isPatchType(mediaType)) throw unsupportedMediaType(patchTypes);
  const value = patched(request, mediaType, parsePatch(body));
  const { object, strictProblems: unknown } = decodePatched(type, value, body);
  if (fieldValidation === 'Ignore') return { object, strictProblems: [] };
  const duplicates = duplicateKeys(body).map((path) => `duplicate field ${JSON.stringify(path)}`);
  const strictProblems = [...duplicates, ...unknown];
  if (fieldValidation === 'Strict' && strictProblems.length > 0)
    throw invalidPatch(body, strictDecodingText(strictProblems));
  return { object, strictProblems };
}

function decodePatched<T extends KubeObject>(type: BodyType<T>, value: unknown, body: string): Decoded<T> {
  try {
    return decodeObject(type, value);
  } catch (error) {
    throw invalidPatch(body, messageOf(error));
  }
}
