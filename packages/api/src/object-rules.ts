/**
 * What the strategies of most kinds have in common. `deepEqual` compares JSON; a field that is `undefined` equals an absent one.
 */
import type { KubeObject } from './object.ts';

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => deepEqual(item, b[index]));
  }
  if (!isRecord(a) || !isRecord(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) if (!deepEqual(a[key], b[key])) return false;
  return true;
}

export function withGeneration<T extends KubeObject>(object: T, generation: number | undefined): T {
  return { ...object, metadata: { ...object.metadata, generation } };
}

type WithSpec = KubeObject & { readonly spec?: unknown };

/** Generation counts changes of the spec; clients can't set it. */
export function generationAfter<T extends WithSpec>(object: T, old: T): T {
  const generation = old.metadata.generation ?? 0;
  return withGeneration(object, deepEqual(object.spec, old.spec) ? old.metadata.generation : generation + 1);
}
