/**
 * Strategic merge patch: a merge patch that knows, from the schema, which lists merge item by item and by which key
 * (apimachinery `util/strategicpatch`; the behaviour of kubectl apply rests on it). Where the schema has no more to say (unknown
 * fields), it works as a merge patch.
 *
 * Directives in a patch: `$patch: replace|delete|merge` in an object or list item, `$retainKeys: […]`, `$setElementOrder/<list>`,
 * `$deleteFromPrimitiveList/<list>`.
 *
 *     containers: [{name: a, image: 1}, {name: b}]   patched with
 *     containers: [{name: a, image: 2}, {name: b, $patch: delete}, {name: c}]   gives
 *     containers: [{name: a, image: 2}, {name: c}]
 */
import { badRequest } from '../status.ts';
import type { Field, Model, Schema } from '../schema/schema.ts';
import { isJsonObject, type JsonObject } from './json-value.ts';
import { mergeObjectLists, mergeScalarLists } from './strategic-lists.ts';

const patchDirective = '$patch';
const retainKeysDirective = '$retainKeys';
const setOrderPrefix = '$setElementOrder/';
const deleteItemsPrefix = '$deleteFromPrimitiveList/';

/** The fields of the schema at this place, or none where the schema says nothing. */
function fieldsOf(schema: Schema | undefined): Readonly<Record<string, Field>> {
  return schema?.type === 'model' ? schema.fields : {};
}

function schemaOfKey(schema: Schema | undefined, key: string): Schema | undefined {
  if (schema?.type === 'map') return schema.values;
  const fields = fieldsOf(schema);
  return Object.hasOwn(fields, key) ? fields[key]?.schema : undefined;
}

function listDirective(patch: JsonObject, key: string): readonly unknown[] | undefined {
  if (!Object.hasOwn(patch, key)) return undefined;
  const value = patch[key];
  if (!Array.isArray(value)) throw badRequest(`${key} in the patch must be a list`);
  return value as readonly unknown[];
}

/** Removes what is only a message to the merge, at any depth: a patch that becomes a value must not carry directives. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value
      .filter((item) => !isJsonObject(item) || item[patchDirective] === undefined || item[patchDirective] === 'merge')
      .map(withoutDirectives);
  }
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => inner !== null && !isDirective(key))
      .map(([key, inner]) => [key, withoutDirectives(inner)]),
  );
}

function isDirective(key: string): boolean {
  return (
    key === patchDirective ||
    key === retainKeysDirective ||
    key.startsWith(setOrderPrefix) ||
    key.startsWith(deleteItemsPrefix)
  );
}

/** Keys of the target that survive `$retainKeys`; the patch may only set keys that it retains. */
function retained(target: JsonObject, patch: JsonObject): JsonObject {
  const keys = listDirective(patch, retainKeysDirective);
  if (keys === undefined) return target;
  const keep = new Set(keys);
  for (const [key, value] of Object.entries(patch)) {
    if (!isDirective(key) && value !== null && !keep.has(key)) {
      throw badRequest(`$retainKeys directive must contain all the keys in the patch: ${key} is missing`);
    }
  }
  return Object.fromEntries(Object.entries(target).filter(([key]) => keep.has(key)));
}

function mergeList(
  target: readonly unknown[],
  patch: JsonObject,
  { key, field }: { readonly key: string; readonly field: Field | undefined },
): unknown {
  const given = patch[key];
  const items = Array.isArray(given) ? given : [];
  const { patchStrategy = '', patchMergeKey } = field?.merging ?? {};
  if (!patchStrategy.includes('merge')) return given === undefined ? target : withoutDirectives(items);
  const order = listDirective(patch, `${setOrderPrefix}${key}`);
  if (patchMergeKey === undefined) {
    return mergeScalarLists(target, {
      items,
      deleted: listDirective(patch, `${deleteItemsPrefix}${key}`) ?? [],
      order,
    });
  }
  const itemSchema = field?.schema.type === 'list' ? field.schema.items : undefined;
  return mergeObjectLists(target, {
    items,
    order,
    mergeKey: patchMergeKey,
    merge: (old, change) => mergeObject(itemSchema, old, change),
    fresh: (item) => mergeObject(itemSchema, {}, item),
  });
}

/** Keys of lists that the patch speaks of in any way. */
function patchedKeys(patch: JsonObject): Set<string> {
  const keys = Object.keys(patch).flatMap((key) => {
    if (key.startsWith(setOrderPrefix)) return [key.slice(setOrderPrefix.length)];
    if (key.startsWith(deleteItemsPrefix)) return [key.slice(deleteItemsPrefix.length)];
    return isDirective(key) ? [] : [key];
  });
  return new Set(keys);
}

function mergeKey(
  schema: Schema | undefined,
  { old, patch, key }: { readonly old: unknown; readonly patch: JsonObject; readonly key: string },
): unknown {
  const value = patch[key];
  const inner = schemaOfKey(schema, key);
  if (Array.isArray(value) || value === undefined) {
    if (old !== undefined && old !== null && !Array.isArray(old))
      return value === undefined ? old : withoutDirectives(value);
    const fields = fieldsOf(schema);
    return mergeList(Array.isArray(old) ? old : [], patch, {
      key,
      field: Object.hasOwn(fields, key) ? fields[key] : undefined,
    });
  }
  if (!isJsonObject(value)) return value;
  return mergeObject(inner, isJsonObject(old) ? old : {}, value);
}

function mergeObject(schema: Schema | undefined, target: JsonObject, patch: JsonObject): JsonObject {
  const directive = patch[patchDirective];
  if (directive === 'delete') return {};
  if (directive === 'replace')
    return Object.fromEntries(Object.entries(patch).filter(([key]) => key !== patchDirective));
  if (directive !== undefined && directive !== 'merge')
    throw badRequest(`Unknown patch type found: ${JSON.stringify(directive)}`);
  const merged = new Map(Object.entries(retained(target, patch)));
  for (const key of patchedKeys(patch)) {
    if (patch[key] === null) {
      merged.delete(key);
      continue;
    }
    const value = mergeKey(schema, { old: merged.get(key), patch, key });
    if (value !== undefined && (Object.hasOwn(patch, key) || merged.has(key))) merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

/** The patched JSON; `target` stays as it is. Throws BadRequest on directives that make no sense. */
export function applyStrategicMergePatch(model: Model, target: unknown, patch: JsonObject): JsonObject {
  return mergeObject(model, isJsonObject(target) ? target : {}, patch);
}
