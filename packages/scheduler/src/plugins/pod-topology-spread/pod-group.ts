/** The group that a pod is spread with: what its services and its owner select, all of it at once. */
import {
  type LabelRequirements,
  type Pod,
  type ReplicaSet,
  type Service,
  controllerOf,
  matchesLabels,
  requirementsOf,
  requirementsOfMap,
} from '@flotilla/api';
import { type ReadonlyIndexer, nameKey, namespaceIndex } from '@flotilla/api-client';

export interface GroupSources {
  readonly services: ReadonlyIndexer<Service>;
  readonly replicaSets: ReadonlyIndexer<ReplicaSet>;
}

/** Requirements that select the pod's group; undefined when no service and no owner selects the pod. */
export function groupSelectorOf({ services, replicaSets }: GroupSources) {
  return (pod: Pod): LabelRequirements | undefined => {
    const { namespace = '', labels } = pod.metadata;
    const requirements: LabelRequirements[] = [];
    for (const { spec } of services.byIndex(namespaceIndex, namespace)) {
      const selector = requirementsOfMap(spec?.selector);
      if (selector.length > 0 && matchesLabels(selector, labels)) requirements.push(selector);
    }
    const owner = controllerOf(pod);
    if (owner?.kind === 'ReplicaSet') {
      const replicaSet = replicaSets.get(nameKey({ namespace, name: owner.name }));
      if (replicaSet?.spec) requirements.push(requirementsOf(replicaSet.spec.selector));
    }
    return requirements.length === 0 ? undefined : requirements.flat();
  };
}
