/**
 * Which endpoint goes into which slice. An endpoint stays where it is, new ones fill the gaps, and only what is left over opens
 * new slices: a change of one pod is a change of one slice.
 */
import { type Endpoint, type EndpointPort, type EndpointSlice, deepEqual } from '@flotilla/api';
import type { EndpointGroup } from './endpoints.ts';

export const maxEndpointsPerSlice = 100;

export interface PlacedSlice {
  /** The slice to update, or undefined to make a new one. */
  readonly existing: EndpointSlice | undefined;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** @param existing the service's slices of this address family with exactly these ports. */
export function place(group: EndpointGroup, existing: readonly EndpointSlice[]): readonly PlacedSlice[] {
  const left = new Map(group.endpoints.map((endpoint) => [identityOf(endpoint), endpoint]));
  const kept = existing.map((slice) => ({ existing: slice, endpoints: takeKnown(slice, left) }));
  const fresh = [...left.values()];
  for (const { endpoints } of kept) endpoints.push(...fresh.splice(0, maxEndpointsPerSlice - endpoints.length));
  const placed: PlacedSlice[] = kept.map(({ existing: slice, endpoints }) => ({
    existing: slice,
    ports: group.ports,
    endpoints,
  }));
  while (fresh.length > 0) {
    placed.push({ existing: undefined, ports: group.ports, endpoints: fresh.splice(0, maxEndpointsPerSlice) });
  }
  return placed;
}

/** Takes the endpoints that the slice held already out of `left`, in the slice's order. */
function takeKnown({ endpoints }: EndpointSlice, left: Map<string, Endpoint>): Endpoint[] {
  return endpoints.flatMap((old) => {
    const id = identityOf(old);
    const endpoint = left.get(id);
    left.delete(id);
    return endpoint ? [endpoint] : [];
  });
}

function identityOf({ targetRef, addresses }: Endpoint): string {
  return targetRef?.uid ?? addresses.join();
}

export function hasPorts({ ports }: EndpointSlice, wanted: readonly EndpointPort[]): boolean {
  return deepEqual(ports ?? [], wanted);
}
