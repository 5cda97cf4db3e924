/**
 * The label value that tells apart the replica sets of a deployment. Equal templates give equal hashes, whatever the order of
 * their keys. It is not the hash that Kubernetes computes (that one is over Go's memory layout); nothing depends on its value.
 */
import type { PodTemplateSpec } from './pod/pod-spec.ts';
import { safeEncoded } from './random-name.ts';

const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

function fnv1a(text: string): number {
  let hash = fnvOffset;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, fnvPrime);
  return hash >>> 0;
}

/** JSON with sorted keys; what is undefined is left out. */
function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** `collisionCount` is the deployment's: it rises when another template took the hash. */
export function podTemplateHash(template: PodTemplateSpec, collisionCount = 0): string {
  return safeEncoded(String(fnv1a(`${stableJson(template)}#${collisionCount}`)));
}
