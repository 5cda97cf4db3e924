/** Aggregated discovery: all groups, versions and resources in one document (`apidiscovery.k8s.io/v2`). */
import type { GroupVersionKind, Kind, Subresource } from '../kind.ts';
import { groupVersions, type GroupVersion } from './api-versions.ts';

export interface SubresourceDiscovery {
  readonly subresource: string;
  readonly responseKind: GroupVersionKind;
  readonly verbs: readonly string[];
}

export interface ResourceDiscovery {
  readonly resource: string;
  readonly responseKind: GroupVersionKind;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly singularResource: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly SubresourceDiscovery[];
}

export interface VersionDiscovery {
  readonly version: string;
  readonly resources: readonly ResourceDiscovery[];
  readonly freshness: 'Current';
}

export interface GroupDiscovery {
  readonly metadata: { readonly name?: string; readonly creationTimestamp: null };
  readonly versions: readonly VersionDiscovery[];
}

export interface GroupDiscoveryList {
  readonly kind: 'APIGroupDiscoveryList';
  readonly apiVersion: 'apidiscovery.k8s.io/v2';
  readonly metadata: Readonly<Record<string, never>>;
  readonly items: readonly GroupDiscovery[];
}

function subresourceOf({ name, responseKind, verbs }: Subresource): SubresourceDiscovery {
  return { subresource: name, responseKind, verbs };
}

function resourceOf(row: Kind): ResourceDiscovery {
  const { group, version, kind, plural, singular, namespaced, verbs, shortNames, categories, subresources } = row;
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && { subresources: subresources.map(subresourceOf) }),
  };
}

function versionOf({ version, kinds }: GroupVersion): VersionDiscovery {
  return { version, resources: kinds.map(resourceOf), freshness: 'Current' };
}

/** The document of GET /api (`core`: the group without a name) or of GET /apis (`named`: the others). */
export function groupDiscoveryList(kinds: readonly Kind[], which: 'core' | 'named'): GroupDiscoveryList {
  const served = groupVersions(kinds).filter(({ group }) => (group === '') === (which === 'core'));
  const names = [...new Set(served.map(({ group }) => group))];
  const items = names.map((name) => ({
    metadata: { ...(name !== '' && { name }), creationTimestamp: null },
    versions: served.filter(({ group }) => group === name).map(versionOf),
  }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}
