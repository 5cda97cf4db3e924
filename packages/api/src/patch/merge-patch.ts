/** JSON merge patch (RFC 7386): objects merge key by key, null removes, everything else replaces. */
import { isJsonObject } from './json-value.ts';

/** The patched value; `target` stays as it is. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const merged = new Map(isJsonObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, applyMergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}
