/** Names of slices: the service's, and a hash of what the slice is for, so that making a slice twice makes it once. */
import { createHash } from 'node:crypto';
import type { EndpointPort, Service } from '@flotilla/api';
import type { AddressFamily } from './endpoints.ts';

interface Purpose {
  readonly family: AddressFamily;
  readonly ports: readonly EndpointPort[];
}

/** @param taken names that are in use already: the next free one is given. */
export function sliceName({ metadata }: Service, purpose: Purpose, taken: ReadonlySet<string>): string {
  for (let ordinal = 0; ; ordinal++) {
    const text = JSON.stringify([metadata.uid, purpose.family, purpose.ports, ordinal]);
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 10);
    const name = `${metadata.name.slice(0, 52)}-${hash}`;
    if (!taken.has(name)) return name;
  }
}
