/** From the text of a request to an object: JSON, decoding, and the Status that a client gets when either fails. */
import { messageOf } from '@flotilla/base';
import type { KubeObject } from './object.ts';
import { parseJson } from './parse-json.ts';
import { decode, type Decoded } from './schema/decode.ts';
import { duplicateKeys } from './schema/duplicate-keys.ts';
import type { Model } from './schema/schema.ts';
import { badRequest, type ApiError } from './status.ts';

/** What a body is read as: a kind, or the body of a subresource such as Binding. */
export interface BodyType<T> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly model: Model<T>;
}

/** How unknown and duplicate fields are met: the query parameter `fieldValidation`. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** `Pod in version "v1" cannot be handled as a Pod: …`, as the apiserver introduces every decoding failure. */
function cannotHandle({ apiVersion, kind }: BodyType<unknown>, text: string, cause?: unknown): ApiError {
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1);
  return badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${text}`, cause);
}

export function strictDecodingText(problems: readonly string[]): string {
  return `strict decoding error: ${problems.join(', ')}`;
}

function parseBody(text: string, type: BodyType<unknown>): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw cannotHandle(type, `json parse error: ${messageOf(error)}`, error);
  }
}

/** A body may leave out its type, but not name another one. */
function checkType(value: unknown, type: BodyType<unknown>): void {
  if (typeof value !== 'object' || value === null) return;
  const { apiVersion, kind } = value as Partial<Record<'apiVersion' | 'kind', unknown>>;
  if (typeof kind === 'string' && kind !== '' && kind !== type.kind) {
    throw badRequest(`the kind in the data (${kind}) does not match the expected kind (${type.kind})`);
  }
  if (typeof apiVersion === 'string' && apiVersion !== '' && apiVersion !== type.apiVersion) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${type.apiVersion})`,
    );
  }
}

/** Decodes a parsed value; throws BadRequest. `apiVersion` and `kind` are filled in. */
export function decodeObject<T extends Partial<Pick<KubeObject, 'apiVersion' | 'kind'>>>(
  type: BodyType<T>,
  value: unknown,
): Decoded<T> {
  checkType(value, type);
  try {
    const { object, strictProblems } = decode(type.model, value);
    return { object: { ...object, apiVersion: type.apiVersion, kind: type.kind }, strictProblems };
  } catch (error) {
    throw cannotHandle(type, messageOf(error), error);
  }
}

/** Decodes the text of a body. With `Strict`, throws on unknown and duplicate fields; with `Warn` they are in the result. */
export function decodeBody<T extends Partial<Pick<KubeObject, 'apiVersion' | 'kind'>>>(
  type: BodyType<T>,
  text: string,
  fieldValidation: FieldValidation,
): Decoded<T> {
  const { object, strictProblems: unknown } = decodeObject(type, parseBody(text, type));
  if (fieldValidation === 'Ignore') return { object, strictProblems: [] };
  const duplicates = duplicateKeys(text).map((path) => `duplicate field ${JSON.stringify(path)}`);
  const strictProblems = [...duplicates, ...unknown];
  if (fieldValidation === 'Strict' && strictProblems.length > 0)
    throw cannotHandle(type, strictDecodingText(strictProblems));
  return { object, strictProblems };
}
