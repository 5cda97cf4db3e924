/** What a container may ask about its own pod: `fieldRef` and `resourceFieldRef` of environment variables. */
import { quantityMillis, quantityUnits, type Container, type Pod } from '@flotilla/api';
import { OperatingError } from '@flotilla/base';

export interface PodPlace {
  readonly nodeName: string;
  readonly podAddress: string;
  readonly hostAddress: string;
  /** What limits are when a container sets none. */
  readonly allocatable: { readonly cpu: string; readonly memory: string };
}

const mapField = /^metadata\.(labels|annotations)\['(.+)'\]$/;

/** @throws OperatingError `CONTAINER_CONFIG` for a path that is not supported */
export function fieldValue(pod: Pod, path: string, place: PodPlace): string {
  const [, map, key] = mapField.exec(path) ?? [];
  if (map !== undefined && key !== undefined) {
    return (map === 'labels' ? pod.metadata.labels : pod.metadata.annotations)?.[key] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid ?? '';
    case 'metadata.labels':
      return mapLines(pod.metadata.labels);
    case 'metadata.annotations':
      return mapLines(pod.metadata.annotations);
    case 'spec.nodeName':
      return place.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? '';
    case 'status.podIP':
    case 'status.podIPs':
      return place.podAddress;
    case 'status.hostIP':
    case 'status.hostIPs':
      return place.hostAddress;
    default:
      throw new OperatingError('CONTAINER_CONFIG', `unsupported fieldPath: ${path}`);
  }
}

/** `limits.cpu` and the like, in units of the divisor, rounded up. @throws OperatingError `CONTAINER_CONFIG` */
export function resourceValue(
  container: Container,
  path: string,
  options: { divisor: string; place: PodPlace },
): string {
  const [, kind, resource] = /^(limits|requests)\.(cpu|memory)$/.exec(path) ?? [];
  if (kind === undefined || (resource !== 'cpu' && resource !== 'memory')) {
    throw new OperatingError('CONTAINER_CONFIG', `unsupported container resource: ${path}`);
  }
  const { limits, requests } = container.resources ?? {};
  const fallback = kind === 'limits' ? options.place.allocatable[resource] : '0';
  const amount = (kind === 'limits' ? limits : requests)?.[resource] ?? fallback;
  const measure = resource === 'cpu' ? quantityMillis : quantityUnits;
  const divisor = measure(options.divisor === '0' ? '1' : options.divisor);
  return String(Math.ceil(measure(amount) / divisor));
}

/** `key="value"` lines in the order of the keys, as in a downward file. */
function mapLines(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}
