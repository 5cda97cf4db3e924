/** EndpointSlice: the slices of a service with a selector list the pods that it selects, and whether they can be used. */
import {
  type EndpointSlice,
  type Pod,
  type Service,
  deepEqual,
  endpointSlices,
  matchesLabels,
  requirementsOfMap,
} from '@flotilla/api';
import { type WorkQueue, isAlreadyExists, isNotFound, keyOf, namespaceIndex } from '@flotilla/api-client';
import { serviceIndex } from '../caches.ts';
import type { ControllerContext, ControllerDefinition } from '../controller.ts';
import { createOwnWrites } from '../own-writes.ts';
import { controllerReference } from '../owner-references.ts';
import { type AddressFamily, endpointGroups } from './endpoints.ts';
import { headlessLabel, managedByLabel, managedByThisController, serviceNameLabel } from './labels.ts';
import { type PlacedSlice, hasPorts, place } from './placement.ts';
import { sliceName } from './slice-name.ts';

/** A key that was written for is seen again after this long, even if no event brings it back. */
const recheckMs = 1000;

export const endpointSliceController: ControllerDefinition = {
  name: 'endpointslice-controller',
  workers: 5,
  register(context, queue) {
    const { caches, client } = context;
    const resource = client.resource(endpointSlices);
    const written = createOwnWrites();

    const remove = async ({ metadata }: EndpointSlice, signal: AbortSignal): Promise<void> => {
      const { name, namespace, uid = '' } = metadata;
      try {
        await resource.delete({ name, namespace }, { preconditions: { uid } }, { signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    };
    const write = async (slice: EndpointSlice, signal: AbortSignal): Promise<EndpointSlice> => {
      if (slice.metadata.resourceVersion !== undefined) return await resource.update(slice, { signal });
      try {
        return await resource.create(slice, { signal });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        const { name, namespace } = slice.metadata;
        return await resource.get({ name, namespace }, { signal });
      }
    };

    return {
      unregister: enqueueServices(context, queue),
      async reconcile(key, signal) {
        if (!written.areSeen(key, caches.endpointSlices.revision)) return { requeueAfterMs: recheckMs };
        const service = caches.services.get(key);
        const slices = caches.endpointSlices.byIndex(serviceIndex, key).filter(isOurs);
        if (!service || service.metadata.deletionTimestamp !== undefined) {
          for (const slice of slices) await remove(slice, signal);
          return undefined;
        }
        // Without a selector the slices are somebody else's.
        if (Object.keys(service.spec.selector ?? {}).length === 0) return undefined;
        const wanted = wantedSlices(context, service, slices);
        const used = new Set(wanted.map(({ metadata }) => metadata.uid));
        for (const slice of wanted) {
          const old = slices.find(({ metadata }) => metadata.name === slice.metadata.name);
          if (old && deepEqual(old, slice)) continue;
          written.wrote(key, await write(slice, signal));
        }
        for (const slice of slices) if (!used.has(slice.metadata.uid)) await remove(slice, signal);
        return undefined;
      },
    };
  },
};

function isOurs({ metadata }: EndpointSlice): boolean {
  return metadata.labels?.[managedByLabel] === managedByThisController;
}

/** The slices as they should be: existing ones changed, new ones without a version. */
function wantedSlices(
  { caches }: ControllerContext,
  service: Service,
  slices: readonly EndpointSlice[],
): readonly EndpointSlice[] {
  const selector = requirementsOfMap(service.spec.selector);
  const pods = caches.pods
    .byIndex(namespaceIndex, service.metadata.namespace ?? '')
    .filter(({ metadata }) => matchesLabels(selector, metadata.labels))
    .sort(byAge);
  const families = (service.spec.ipFamilies ?? ['IPv4']) as readonly AddressFamily[];
  const taken = new Set(slices.map(({ metadata }) => metadata.name));
  return families.flatMap((family) => {
    const groups = endpointGroups({ service, pods, nodeOf: (name) => caches.nodes.get(name) }, family);
    const ofFamily = slices.filter(({ addressType }) => addressType === family);
    return [...groups.values()].flatMap((group) => {
      const placed = place(
        group,
        ofFamily.filter((slice) => hasPorts(slice, group.ports)),
      );
      return placed.filter(({ endpoints }) => endpoints.length > 0).map((one) => sliceOf(service, family, one, taken));
    });
  });
}

function byAge(a: Pod, b: Pod): number {
  const age = ({ metadata }: Pod): string => `${metadata.creationTimestamp} ${metadata.name}`;
  return age(a) < age(b) ? -1 : 1;
}

function sliceOf(service: Service, family: AddressFamily, placed: PlacedSlice, taken: Set<string>): EndpointSlice {
  const { existing, ports, endpoints } = placed;
  const labels = {
    ...service.metadata.labels,
    [serviceNameLabel]: service.metadata.name,
    [managedByLabel]: managedByThisController,
    ...(service.spec.clusterIP === 'None' && { [headlessLabel]: '' }),
  };
  if (existing) return { ...existing, metadata: { ...existing.metadata, labels }, ports, endpoints };
  const name = sliceName(service, { family, ports }, taken);
  taken.add(name);
  const ownerReferences = [controllerReference(service)];
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: service.metadata.namespace, labels, ownerReferences },
    addressType: family,
    ports,
    endpoints,
  };
}

function enqueueServices({ caches }: ControllerContext, queue: WorkQueue): () => void {
  const enqueue = (service: Service): void => queue.add(keyOf(service));
  const enqueueForPod = (pod: Pod): void => {
    for (const service of caches.services.byIndex(namespaceIndex, pod.metadata.namespace ?? '')) {
      const { selector = {} } = service.spec;
      if (Object.keys(selector).length === 0) continue;
      if (matchesLabels(requirementsOfMap(selector), pod.metadata.labels)) enqueue(service);
    }
  };
  const enqueueForSlice = ({ metadata }: EndpointSlice): void => {
    const service = metadata.labels?.[serviceNameLabel];
    if (service !== undefined) queue.add(`${metadata.namespace}/${service}`);
  };
  const offs = [
    caches.services.onChange({ added: enqueue, updated: (_, service) => enqueue(service), deleted: enqueue }),
    caches.pods.onChange({
      added: enqueueForPod,
      updated(old, pod) {
        if (!deepEqual(old.metadata.labels, pod.metadata.labels)) enqueueForPod(old);
        enqueueForPod(pod);
      },
      deleted: enqueueForPod,
    }),
    caches.endpointSlices.onChange({
      added: enqueueForSlice,
      updated: (_, slice) => enqueueForSlice(slice),
      deleted: enqueueForSlice,
    }),
  ];
  return () => {
    for (const off of offs) off();
  };
}
