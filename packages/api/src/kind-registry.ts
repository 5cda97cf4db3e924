/** Finds kinds by what a request or an object names. A plain value: a server that learns a kind at run time makes a new one. */
import type { GroupVersionKind, GroupVersionResource, Kind } from './kind.ts';
import { kinds } from './kinds/index.ts';

export interface KindRegistry {
  readonly kinds: readonly Kind[];
  byResource(resource: GroupVersionResource): Kind | undefined;
  byKind(kind: GroupVersionKind): Kind | undefined;
  /** By `apiVersion` and `kind`, as they stand in an object. */
  byType(type: { readonly apiVersion: string; readonly kind: string }): Kind | undefined;
}

/** Throws on two kinds that would share a URL or a type. */
export function kindRegistry(rows: readonly Kind[]): KindRegistry {
  const byResource = new Map<string, Kind>();
  const byType = new Map<string, Kind>();
  for (const row of rows) {
    put(byResource, `${row.apiVersion} ${row.plural}`, row);
    put(byType, `${row.apiVersion} ${row.kind}`, row);
  }
  return {
    kinds: rows,
    byResource: ({ group, version, resource }) => byResource.get(`${apiVersionOf({ group, version })} ${resource}`),
    byKind: ({ group, version, kind }) => byType.get(`${apiVersionOf({ group, version })} ${kind}`),
    byType: ({ apiVersion, kind }) => byType.get(`${apiVersion} ${kind}`),
  };
}

function put(map: Map<string, Kind>, key: string, row: Kind): void {
  if (map.has(key)) throw new Error(`two kinds are registered as ${key}`);
  map.set(key, row);
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The inverse of `apiVersionOf`. */
export function parseApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  if (slash < 0) return { group: '', version: apiVersion };
  return { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** The registry of the kinds that are built in. */
export const builtinKinds: KindRegistry = kindRegistry(kinds);
