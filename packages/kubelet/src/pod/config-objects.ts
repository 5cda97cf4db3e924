/** ConfigMaps and Secrets of a pod's namespace, read when a container is made. */
import { configMaps, secrets } from '@flotilla/api';
import { isNotFound, type ApiClient } from '@flotilla/api-client';
import { OperatingError } from '@flotilla/base';

export type ConfigObjectKind = 'configmap' | 'secret';

export interface ConfigObjectName {
  readonly kind: ConfigObjectKind;
  readonly namespace: string;
  readonly name: string;
  /** An absent object is then no error. */
  readonly optional: boolean;
}

/** Key → bytes. */
export type ConfigValues = ReadonlyMap<string, Buffer>;

/**
 * Reads an object; undefined when an optional one is absent.
 * @throws OperatingError `CONTAINER_CONFIG` when it is absent
 */
export async function readConfigObject(
  client: ApiClient,
  { kind, namespace, name, optional }: ConfigObjectName,
  signal: AbortSignal,
): Promise<ConfigValues | undefined> {
  try {
    return kind === 'configmap'
      ? await readConfigMap(client, { namespace, name }, signal)
      : await readSecret(client, { namespace, name }, signal);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    if (optional) return undefined;
    throw new OperatingError('CONTAINER_CONFIG', `${kind} "${name}" not found`, { cause: error });
  }
}

interface InNamespace {
  readonly namespace: string;
  readonly name: string;
}

async function readConfigMap(client: ApiClient, at: InNamespace, signal: AbortSignal): Promise<ConfigValues> {
  const { data, binaryData } = await client.resource(configMaps).get(at, { signal });
  const values = new Map<string, Buffer>();
  for (const [key, text] of Object.entries(data ?? {})) values.set(key, Buffer.from(text));
  for (const [key, base64] of Object.entries(binaryData ?? {})) values.set(key, Buffer.from(base64, 'base64'));
  return values;
}

async function readSecret(client: ApiClient, at: InNamespace, signal: AbortSignal): Promise<ConfigValues> {
  const { data } = await client.resource(secrets).get(at, { signal });
  return new Map(Object.entries(data ?? {}).map(([key, base64]) => [key, Buffer.from(base64, 'base64')]));
}
