/** The few verbs of `flotilla get|apply|delete|logs`, over REST as kubectl does them. */
import { OperatingError } from '@flotilla/base';
import { type ApiResource, discoverResources, findKind, findResource, resourcePath } from './discovery.ts';
import { type Fields, isFields, listOf, textOf } from './fields.ts';
import { type KubeConnection, successful } from './kube-connection.ts';
import type { Manifest } from './manifests.ts';
import { textTable } from './text-table.ts';

const tableAccept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export interface GetOptions {
  /** A resource's word, or several with commas. */
  readonly resource: string;
  readonly name?: string | undefined;
  readonly namespace: string;
  readonly allNamespaces: boolean;
  readonly selector?: string | undefined;
  readonly wide: boolean;
}

/** What the user asked for, as a text table. */
export async function getTable(connection: KubeConnection, options: GetOptions): Promise<string> {
  if (options.allNamespaces && options.name !== undefined) {
    throw new OperatingError(
      'INVALID_OPTIONS',
      'an object of all namespaces has no one name: leave out --all-namespaces or the name',
    );
  }
  const resources = await discoverResources(connection);
  const found = options.resource.split(',').map((word) => findResource(resources, word));
  const tables = await Promise.all(found.map((resource) => oneTable(connection, resource, options)));
  return tables.filter((table) => table !== '').join('\n\n') || 'No resources found';
}

async function oneTable(connection: KubeConnection, resource: ApiResource, options: GetOptions): Promise<string> {
  const { name, namespace, allNamespaces, selector, wide } = options;
  const path = resourcePath(resource, { name, namespace: allNamespaces ? undefined : namespace });
  const query = selector === undefined ? '' : `?labelSelector=${encodeURIComponent(selector)}`;
  const table = successful(await connection.send({ method: 'GET', path: path + query, accept: tableAccept }));
  if (!isFields(table)) return '';
  const columns = listOf(table['columnDefinitions']).map((column, i) => ({
    i,
    heading: textOf(column['name']).toUpperCase(),
    shown: wide || column['priority'] === 0 || column['priority'] === undefined,
  }));
  const shown = columns.filter((column) => column.shown);
  const rows = listOf(table['rows']);
  if (rows.length === 0) return '';
  const withNamespace = allNamespaces && resource.namespaced;
  return textTable([
    [...(withNamespace ? ['NAMESPACE'] : []), ...shown.map(({ heading }) => heading)],
    ...rows.map((row) => [...(withNamespace ? [namespaceOf(row)] : []), ...cellsOf(row, shown)]),
  ]);
}

function cellsOf(row: Fields, columns: readonly { i: number }[]): readonly string[] {
  const cells: unknown[] = Array.isArray(row['cells']) ? row['cells'] : [];
  return columns.map(({ i }) => {
    const cell = cells[i];
    return typeof cell === 'string' || typeof cell === 'number' || typeof cell === 'boolean' ? String(cell) : '';
  });
}

function namespaceOf(row: Fields): string {
  const object = isFields(row['object']) ? row['object'] : {};
  return isFields(object['metadata']) ? textOf(object['metadata']['namespace']) : '';
}

/** Creates each object, or changes it to what the manifest says. Calls `tell` after each. */
export async function applyManifests(
  connection: KubeConnection,
  manifests: readonly Manifest[],
  options: { namespace: string; tell: (line: string) => void },
): Promise<void> {
  const resources = await discoverResources(connection);
  for (const manifest of manifests) {
    const resource = findKind(resources, manifest.apiVersion, manifest.kind);
    const namespace = manifest.namespace ?? options.namespace;
    options.tell(
      `${label(resource, manifest.name)} ${await applyOne(connection, resource, { ...manifest, namespace })}`,
    );
  }
}

async function applyOne(connection: KubeConnection, resource: ApiResource, manifest: Manifest): Promise<string> {
  const { name, namespace, object } = manifest;
  const path = resourcePath(resource, { name, namespace });
  const query = '?fieldManager=flotilla&fieldValidation=Strict';
  const present = await connection.send({ method: 'GET', path });
  if (present.status === 404) {
    const collection = resourcePath(resource, { namespace });
    const body = { type: 'application/json', value: object };
    successful(await connection.send({ method: 'POST', path: collection + query, body }));
    return 'created';
  }
  const before = versionOf(successful(present));
  const body = { type: 'application/strategic-merge-patch+json', value: object };
  const after = successful(await connection.send({ method: 'PATCH', path: path + query, body }));
  return versionOf(after) === before ? 'unchanged' : 'configured';
}

function versionOf(object: unknown): string {
  const metadata = isFields(object) && isFields(object['metadata']) ? object['metadata'] : {};
  return textOf(metadata['resourceVersion']);
}

export interface DeleteTarget {
  readonly resource: ApiResource;
  readonly name: string;
  readonly namespace: string;
}

/** Deletes each; what is not there is said and not an error. */
export async function deleteTargets(
  connection: KubeConnection,
  targets: readonly DeleteTarget[],
  tell: (line: string) => void,
): Promise<void> {
  for (const { resource, name, namespace } of targets) {
    const body = { type: 'application/json', value: { propagationPolicy: 'Background' } };
    const answer = await connection.send({ method: 'DELETE', path: resourcePath(resource, { name, namespace }), body });
    if (answer.status !== 404) successful(answer);
    tell(`${label(resource, name)} ${answer.status === 404 ? 'not found' : 'deleted'}`);
  }
}

/** What `flotilla delete -f FILE` or `flotilla delete RESOURCE NAME…` means. */
export async function deletionTargets(
  connection: KubeConnection,
  what: { manifests: readonly Manifest[]; resource?: string | undefined; names: readonly string[]; namespace: string },
): Promise<readonly DeleteTarget[]> {
  const resources = await discoverResources(connection);
  const fromFiles = what.manifests.map(({ apiVersion, kind, name, namespace }) => ({
    resource: findKind(resources, apiVersion, kind),
    name,
    namespace: namespace ?? what.namespace,
  }));
  if (what.resource === undefined) return fromFiles;
  const resource = findResource(resources, what.resource);
  return [...fromFiles, ...what.names.map((name) => ({ resource, name, namespace: what.namespace }))];
}

function label({ plural, group }: ApiResource, name: string): string {
  return `${plural}${group === '' ? '' : `.${group}`}/${name}`;
}

export interface LogsOptions {
  /** A pod's name, or `deploy/NAME` for one of its pods. */
  readonly of: string;
  readonly namespace: string;
  readonly container?: string | undefined;
  readonly follow: boolean;
  readonly tail?: string | undefined;
  readonly signal: AbortSignal;
}

/** The log as it comes. */
export async function openLogs(connection: KubeConnection, options: LogsOptions): Promise<AsyncIterable<Buffer>> {
  const name = await podOf(connection, options);
  const query = new URLSearchParams();
  if (options.container !== undefined) query.set('container', options.container);
  if (options.follow) query.set('follow', 'true');
  if (options.tail !== undefined) query.set('tailLines', options.tail);
  const at = `/api/v1/namespaces/${encodeURIComponent(options.namespace)}/pods/${encodeURIComponent(name)}`;
  const path = `${at}/log?${query.toString()}`;
  return connection.stream({ method: 'GET', path, accept: '*/*', signal: options.signal });
}

async function podOf(connection: KubeConnection, { of, namespace }: LogsOptions): Promise<string> {
  const [word = '', name] = of.split('/');
  if (name === undefined) return word;
  const resource = findResource(await discoverResources(connection), word);
  if (resource.plural === 'pods') return name;
  const owner = successful(await connection.send({ method: 'GET', path: resourcePath(resource, { name, namespace }) }));
  const spec = isFields(owner) && isFields(owner['spec']) ? owner['spec'] : {};
  const selector = isFields(spec['selector']) ? spec['selector'] : {};
  const labels = isFields(selector['matchLabels']) ? selector['matchLabels'] : selector;
  const query = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`);
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?labelSelector=${encodeURIComponent(query.join(','))}`;
  const pods = successful(await connection.send({ method: 'GET', path }));
  const [first] = isFields(pods) ? listOf(pods['items']) : [];
  const pod = first && isFields(first['metadata']) ? textOf(first['metadata']['name']) : '';
  if (query.length === 0 || pod === '') throw new OperatingError('NO_PODS', `${of} has no pods`);
  return pod;
}
