/** Which resources a server has, and the one that a word of the user means: `po`, `pods`, `pod`, `deployments.apps`. */
import { OperatingError } from '@flotilla/base';
import { type KubeConnection, successful } from './kube-connection.ts';
import { type Fields, listOf, textOf } from './fields.ts';

export interface ApiResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
}

export async function discoverResources(connection: KubeConnection): Promise<readonly ApiResource[]> {
  const get = async (path: string): Promise<Fields> =>
    successful(await connection.send({ method: 'GET', path })) as Fields;
  const groups = listOf((await get('/apis'))['groups']);
  const versions = groups.map((group) => textOf((group['preferredVersion'] as Fields | undefined)?.['groupVersion']));
  const lists = await Promise.all([
    get('/api/v1').then((list) => resourcesOf('v1', list)),
    ...versions.map(async (groupVersion) => resourcesOf(groupVersion, await get(`/apis/${groupVersion}`))),
  ]);
  return lists.flat();
}

function resourcesOf(groupVersion: string, list: Fields): readonly ApiResource[] {
  const [version = '', group = ''] = groupVersion.split('/').reverse();
  return listOf(list['resources'])
    .filter((resource) => !textOf(resource['name']).includes('/'))
    .map((resource) => ({
      group,
      version,
      kind: textOf(resource['kind']),
      plural: textOf(resource['name']),
      singular: textOf(resource['singularName']),
      shortNames: Array.isArray(resource['shortNames']) ? resource['shortNames'].map(String) : [],
      namespaced: resource['namespaced'] === true,
    }));
}

/** @throws OperatingError `UNKNOWN_RESOURCE` */
export function findResource(resources: readonly ApiResource[], word: string): ApiResource {
  const wanted = word.toLowerCase();
  const found = resources.find(({ group, kind, plural, singular, shortNames }) =>
    [plural, singular, kind.toLowerCase(), `${plural}.${group}`, ...shortNames].includes(wanted),
  );
  if (found) return found;
  const known = resources.map(({ plural }) => plural).sort();
  throw new OperatingError('UNKNOWN_RESOURCE', `the server has no resource "${word}"; it has ${known.join(', ')}`);
}

/** @throws OperatingError `UNKNOWN_RESOURCE` */
export function findKind(resources: readonly ApiResource[], apiVersion: string, kind: string): ApiResource {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const found = resources.find((one) => one.kind === kind && one.group === group && one.version === version);
  if (found) return found;
  throw new OperatingError('UNKNOWN_RESOURCE', `the server has no kind ${kind} in ${apiVersion}`);
}

/** The path of a collection, or of an object in it. */
export function resourcePath(
  resource: ApiResource,
  at: { namespace?: string | undefined; name?: string | undefined },
): string {
  const { group, version, plural, namespaced } = resource;
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const namespace = namespaced && at.namespace !== undefined ? `/namespaces/${encodeURIComponent(at.namespace)}` : '';
  const name = at.name === undefined ? '' : `/${encodeURIComponent(at.name)}`;
  return `${base}${namespace}/${plural}${name}`;
}
