/** What a terminating namespace says of the content that it still has. */
import { type KubeObject, type NamespaceCondition, deepEqual } from '@flotilla/api';

type Content = ReadonlyMap<string, readonly KubeObject[]>;

/** @returns `known` itself when it says all this already. */
export function contentConditions(
  known: readonly NamespaceCondition[],
  content: Content,
  now: string,
): readonly NamespaceCondition[] {
  const counts = [...content].map(([resource, objects]) => `${resource} has ${objects.length} resource instances`);
  const finalizers = finalizerCounts(content);
  const wanted = [
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: `Some resources are remaining: ${counts.sort().join(', ')}`,
    },
    finalizers.length === 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${finalizers.join(', ')}`,
        },
  ];
  const merged = [
    ...known.filter(({ type }) => wanted.every((one) => one.type !== type)),
    ...wanted.map((one) => {
      const old = known.find(({ type }) => type === one.type);
      const lastTransitionTime = old?.status === one.status ? old.lastTransitionTime : now;
      return { ...one, lastTransitionTime };
    }),
  ];
  return deepEqual(sorted(merged), sorted(known)) ? known : merged;
}

function sorted(conditions: readonly NamespaceCondition[]): readonly NamespaceCondition[] {
  return [...conditions].sort((a, b) => (a.type < b.type ? -1 : 1));
}

function finalizerCounts(content: Content): readonly string[] {
  const counts = new Map<string, number>();
  for (const { metadata } of [...content.values()].flat()) {
    for (const finalizer of metadata.finalizers ?? []) counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1);
  }
  return [...counts].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).sort();
}
