/** JSON patch (RFC 6902), by the `rfc6902` library; this file checks the operations, bounds them, and words the failures. */
import { applyPatch, type Operation } from 'rfc6902';
import { badRequest, requestEntityTooLarge, unprocessable } from '../status.ts';
import { isJsonObject } from './json-value.ts';

/** Kubernetes' own limit. */
export const jsonPatchMaxOperations = 10_000;

const needsValue = new Set(['add', 'replace', 'test']);
const needsFrom = new Set(['move', 'copy']);

function isPointer(value: unknown): value is string {
  return typeof value === 'string' && (value === '' || value.startsWith('/'));
}

function isOperation(value: unknown): value is Operation {
  if (!isJsonObject(value) || typeof value['op'] !== 'string' || !isPointer(value['path'])) return false;
  const { op } = value;
  if (needsValue.has(op)) return 'value' in value;
  return op === 'remove' || (needsFrom.has(op) && isPointer(value['from']));
}

function operationsOf(patch: unknown): Operation[] {
  if (!Array.isArray(patch))
    throw badRequest('error decoding patch: json: cannot unmarshal the patch into a list of operations');
  if (patch.length > jsonPatchMaxOperations) {
    throw requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${jsonPatchMaxOperations}, got ${patch.length}`,
    );
  }
  const bad = patch.findIndex((operation) => !isOperation(operation));
  if (bad >= 0)
    throw badRequest(
      `error decoding patch: operation ${bad} is no JSON patch operation: ${JSON.stringify(patch[bad])}`,
    );
  return patch.filter(isOperation);
}

/** The patched value; `target` stays as it is. A failed `test` or a path that is not there is 422. */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  const holder = { root: structuredClone(target) };
  for (const operation of operationsOf(patch)) {
    const path = `/root${operation.path}`;
    const moved = 'from' in operation ? { ...operation, path, from: `/root${operation.from}` } : { ...operation, path };
    const [failure] = applyPatch(holder, [moved]);
    if (failure) throw unprocessable(jsonPatchFailure(operation, failure));
  }
  return holder.root;
}

function jsonPatchFailure(operation: Operation, failure: Error): string {
  if (operation.op === 'test') return `testing value ${operation.path} failed`;
  const missing = failure.name === 'MissingError' ? 'missing path' : failure.message;
  return `${operation.op} operation does not apply: doc is missing path: ${JSON.stringify(operation.path)}: ${missing}`;
}
