/** Reads a kubeconfig: server, authority and credential of its current context (or of a named one). */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { OperatingError, messageOf } from '@flotilla/base';
import type { ApiClientOptions } from './client.ts';
import { isRecord } from './json.ts';

/** What `createApiClient` needs of a kubeconfig; the transport is the caller's choice. */
export type KubeconfigOptions = Required<Pick<ApiClientOptions, 'server'>> & Pick<ApiClientOptions, 'tls' | 'token'>;

type Section = Readonly<Record<string, unknown>>;

/** @throws OperatingError code `INVALID_KUBECONFIG`, naming the file and what is wrong with it. */
export async function loadKubeconfig(
  path: string,
  options: { readonly context?: string } = {},
): Promise<KubeconfigOptions> {
  try {
    const config = await parse(await readFile(path, 'utf8'));
    if (!isRecord(config)) throw new Error('it holds no configuration');
    return await optionsOf(config, { contextName: options.context, directory: dirname(path) });
  } catch (cause) {
    throw new OperatingError('INVALID_KUBECONFIG', `kubeconfig ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** JSON as well as YAML; the parser of YAML is loaded only where it is needed. */
async function parse(text: string): Promise<unknown> {
  if (text.trimStart().startsWith('{')) return JSON.parse(text) as unknown;
  const yaml = await import('yaml');
  return yaml.parse(text) as unknown;
}

interface Where {
  readonly contextName: string | undefined;
  /** Relative file names in a kubeconfig start where it lies. */
  readonly directory: string;
}

async function optionsOf(config: Section, { contextName, directory }: Where): Promise<KubeconfigOptions> {
  const context = named(config, {
    list: 'contexts',
    entry: 'context',
    name: contextName ?? text(config, 'current-context'),
  });
  const cluster = named(config, { list: 'clusters', entry: 'cluster', name: text(context, 'cluster') });
  const user = named(config, { list: 'users', entry: 'user', name: text(context, 'user') });
  for (const unsupported of ['exec', 'auth-provider', 'username']) {
    if (unsupported in user) throw new Error(`credentials by "${unsupported}" are not supported`);
  }
  const pem = (section: Section, field: string) => material(section, field, directory);
  const [ca, cert, key, tokenFile] = await Promise.all([
    pem(cluster, 'certificate-authority'),
    pem(user, 'client-certificate'),
    pem(user, 'client-key'),
    pem(user, 'tokenFile'),
  ]);
  const server = text(cluster, 'server');
  if (server === undefined) throw new Error('its cluster has no server');
  return {
    server,
    token: text(user, 'token') ?? tokenFile?.trim(),
    tls: ca === undefined ? undefined : { ca, cert, key, serverName: text(cluster, 'tls-server-name') },
  };
}

function text(section: Section, field: string): string | undefined {
  const value = section[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

interface Wanted {
  readonly list: string;
  readonly entry: string;
  readonly name: string | undefined;
}

/** The entry of that name, e.g. of `clusters: [{name, cluster}]`. */
function named(config: Section, { list, entry, name }: Wanted): Section {
  if (name === undefined) throw new Error(`it names no ${entry}`);
  const rows: unknown = config[list];
  const row: unknown = Array.isArray(rows)
    ? rows.find((one: unknown) => isRecord(one) && one['name'] === name)
    : undefined;
  const found = isRecord(row) ? row[entry] : undefined;
  if (!isRecord(found)) throw new Error(`it has no ${entry} "${name}"`);
  return found;
}

/** PEM or token from `FIELD-data` (base64) or the file that `FIELD` names. */
async function material(section: Section, field: string, directory: string): Promise<string | undefined> {
  const data = text(section, `${field}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const file = text(section, field);
  return file === undefined ? undefined : await readFile(resolve(directory, file), 'utf8');
}
