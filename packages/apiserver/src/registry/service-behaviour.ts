/**
 * Services and their cluster addresses: taken from the service range with the write that needs one, given back with the
 * write that ends the need (deletion, or a change to ExternalName).
 */
import { type KubeObject, type Service, internalError, invalidField, invalidObject, services } from '@flotilla/api';
import type { AddressRange } from './address-range.ts';
import { type Behaviour, type Plan, plainBehaviour } from './behaviour.ts';
import type { Reservations } from './reservations.ts';

const headless = 'None';

/** @param range absent when the server has none: then only headless services and external names can be made. */
export function serviceBehaviour(range: AddressRange | undefined, addresses: Reservations): Behaviour {
  const owned = (object: KubeObject | undefined): string | undefined => {
    const address = object && (object as Service).spec.clusterIP;
    return address === undefined || address === '' || address === headless ? undefined : address;
  };

  return {
    ...plainBehaviour,
    async plan(object, old, signal) {
      const service = object as Service;
      const had = owned(old);
      if (service.spec.type === 'ExternalName') {
        return {
          object: withAddress(service, undefined),
          guards: [],
          operations: had === undefined ? [] : [addresses.release(had)],
        };
      }
      const wanted = service.spec.clusterIP ?? '';
      if (wanted === headless) return kept(withAddress(service, headless));
      if (had !== undefined && (wanted === '' || wanted === had)) return kept(withAddress(service, had));
      return takeAddress(service, wanted, signal);
    },
    release: (object) => {
      const address = owned(object);
      return address === undefined ? [] : [addresses.release(address)];
    },
  };

  async function takeAddress(service: Service, wanted: string, signal: AbortSignal): Promise<Plan> {
    if (!range) throw internalError('failed to allocate IP: the API server has no --service-cluster-ip-range');
    if (wanted !== '' && !range.contains(wanted)) {
      throw refused(
        service,
        wanted,
        `failed to allocate IP ${wanted}: the provided IP is not in the valid range. The range of valid IPs is ${range.cidr}`,
      );
    }
    const address = wanted === '' ? await addresses.draw(range, signal) : wanted;
    if (address === undefined) throw internalError('failed to allocate IP: range is full');
    const { namespace = '', name, uid = '' } = service.metadata;
    const { guard, operation } = addresses.take(address, `${namespace}/${name}/${uid}`, () => {
      return wanted === ''
        ? 'retry'
        : refused(service, wanted, `failed to allocate IP ${wanted}: provided IP is already allocated`);
    });
    return { object: withAddress(service, address), guards: [guard], operations: [operation] };
  }
}

function kept(object: KubeObject): Plan {
  return { object, guards: [], operations: [] };
}

function refused(service: Service, address: string, detail: string): Error {
  return invalidObject(services, service.metadata.name, [invalidField('spec.clusterIPs', [address], detail)]);
}

function withAddress(service: Service, address: string | undefined): Service {
  const { clusterIP: _, clusterIPs: __, ipFamilies, ipFamilyPolicy, ...spec } = service.spec;
  if (address === undefined) return { ...service, spec };
  return {
    ...service,
    spec: {
      ...spec,
      clusterIP: address,
      clusterIPs: [address],
      ipFamilies: ipFamilies ?? ['IPv4'],
      ipFamilyPolicy: ipFamilyPolicy ?? 'SingleStack',
    },
  };
}
