/** Discovery as it was: one document a level (`APIVersions`, `APIGroupList`, `APIGroup`, `APIResourceList`). */
import { apiVersionOf } from '../kind-registry.ts';
import type { Kind, Subresource } from '../kind.ts';
import { groupVersions, type GroupVersion } from './api-versions.ts';

interface VersionEntry {
  readonly groupVersion: string;
  readonly version: string;
}

export interface ApiVersions {
  readonly kind: 'APIVersions';
  readonly versions: readonly string[];
  readonly serverAddressByClientCIDRs: readonly { readonly clientCIDR: string; readonly serverAddress: string }[];
}

export interface ApiGroup {
  readonly name: string;
  readonly versions: readonly VersionEntry[];
  readonly preferredVersion: VersionEntry;
}

export interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  /** Only where they differ from the list's. */
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** GET /api. `serverAddress` is host and port. */
export function apiVersions(serverAddress: string): ApiVersions {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

function versionEntry({ apiVersion, version }: GroupVersion): VersionEntry {
  return { groupVersion: apiVersion, version };
}

function groups(kinds: readonly Kind[]): readonly ApiGroup[] {
  const named = groupVersions(kinds).filter(({ group }) => group !== '');
  const names = [...new Set(named.map(({ group }) => group))];
  return names.flatMap((name) => {
    const versions = named.filter(({ group }) => group === name).map(versionEntry);
    const [preferredVersion] = versions;
    return preferredVersion ? [{ name, versions, preferredVersion }] : [];
  });
}

/** GET /apis. */
export function apiGroupList(kinds: readonly Kind[]): {
  readonly kind: 'APIGroupList';
  readonly apiVersion: 'v1';
  readonly groups: readonly ApiGroup[];
} {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups(kinds) };
}

/** GET /apis/GROUP; undefined for a group that is not served. */
export function apiGroup(
  kinds: readonly Kind[],
  group: string,
): (ApiGroup & { readonly kind: 'APIGroup'; readonly apiVersion: 'v1' }) | undefined {
  const found = groups(kinds).find(({ name }) => name === group);
  return found && { kind: 'APIGroup', apiVersion: 'v1', ...found };
}

function resourceEntry(kind: Kind): ApiResource {
  const { plural, singular, namespaced, verbs, shortNames, categories } = kind;
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind: kind.kind,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
  };
}

function subresourceEntry(kind: Kind, { name, responseKind, verbs }: Subresource): ApiResource {
  const { group, version } = responseKind;
  const foreign = apiVersionOf(responseKind) !== kind.apiVersion;
  return {
    name: `${kind.plural}/${name}`,
    singularName: '',
    namespaced: kind.namespaced,
    ...(foreign && { group, version }),
    kind: responseKind.kind,
    verbs,
  };
}

/** GET /api/v1 or /apis/GROUP/VERSION; undefined for a version that is not served. */
export function apiResourceList(
  kinds: readonly Kind[],
  apiVersion: string,
):
  | {
      readonly kind: 'APIResourceList';
      readonly apiVersion: 'v1';
      readonly groupVersion: string;
      readonly resources: readonly ApiResource[];
    }
  | undefined {
  const members = kinds.filter((kind) => kind.apiVersion === apiVersion);
  if (members.length === 0) return undefined;
  const resources = members.flatMap((kind) => [
    resourceEntry(kind),
    ...kind.subresources.map((subresource) => subresourceEntry(kind, subresource)),
  ]);
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion, resources };
}
