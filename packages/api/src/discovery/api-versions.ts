/** The order of groups and versions in discovery and OpenAPI, and grouping of kinds by them. */
import type { Kind } from '../kind.ts';

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly kinds: readonly Kind[];
}

/** By group and version, in the order in which the kinds are registered. */
export function groupVersions(kinds: readonly Kind[]): readonly GroupVersion[] {
  const byApiVersion = new Map<string, Kind[]>();
  for (const kind of kinds) byApiVersion.set(kind.apiVersion, [...(byApiVersion.get(kind.apiVersion) ?? []), kind]);
  return [...byApiVersion].flatMap(([apiVersion, members]) => {
    const [first] = members;
    return first ? [{ group: first.group, version: first.version, apiVersion, kinds: members }] : [];
  });
}
