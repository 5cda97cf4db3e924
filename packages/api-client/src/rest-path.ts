/** Paths and queries of the REST interface. */
import type { ResourceRef } from './transport.ts';

/** `/api/v1/namespaces/default/pods/web/status`, `/apis/apps/v1/deployments`, … */
export function restPath({ group, version, resource, namespace, name, subresource }: ResourceRef): string {
  const segments = group === '' ? ['api', version] : ['apis', group, version];
  if (namespace !== undefined && namespace !== '') segments.push('namespaces', namespace);
  segments.push(resource);
  if (name !== undefined && name !== '') segments.push(name);
  if (subresource !== undefined && subresource !== '') segments.push(subresource);
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

/** `?a=1&b=2`, or the empty string; absent, empty and false values are left out. */
export function restQuery(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined && value !== '' && value !== false && value !== 0) query.set(key, String(value));
  }
  return query.size === 0 ? '' : `?${query.toString()}`;
}
