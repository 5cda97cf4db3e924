/**
 * A pod's volumes as directories of the node: `emptyDir`, `configMap`, `secret` and `hostPath`. They are made before the first
 * container and go with the pod. The files of ConfigMaps and Secrets are those of that moment: later changes are not followed.
 */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { KeyToPath, Pod, Volume } from '@flotilla/api';
import { OperatingError } from '@flotilla/base';
import type { Mount } from '../runtime/cri.ts';
import type { ConfigObjectName, ConfigValues } from './config-objects.ts';
import { expand } from './expand.ts';

export interface VolumeSources {
  /** The pod's own directory for volumes. */
  readonly directory: string;
  read(name: ConfigObjectName): Promise<ConfigValues | undefined>;
}

/** Volume name → directory or file of the node. */
export type VolumePaths = ReadonlyMap<string, string>;

/** May be repeated: what is there stays. @throws OperatingError `VOLUME_UNSUPPORTED`, `CONTAINER_CONFIG` */
export async function prepareVolumes(pod: Pod, sources: VolumeSources): Promise<VolumePaths> {
  const paths = new Map<string, string>();
  const namespace = pod.metadata.namespace ?? 'default';
  for (const volume of pod.spec.volumes ?? []) {
    paths.set(volume.name, await prepareVolume(volume, { namespace, sources }));
  }
  return paths;
}

/** @throws OperatingError `CONTAINER_CONFIG` for a mount of a volume that the pod lacks, or of a path outside of it */
export function mountsOf(
  container: Pod['spec']['containers'][number],
  { volumes, variables }: { readonly volumes: VolumePaths; readonly variables: ReadonlyMap<string, string> },
): Mount[] {
  return (container.volumeMounts ?? []).map(({ name, mountPath, subPath, subPathExpr, readOnly = false }) => {
    const directory = volumes.get(name);
    if (directory === undefined) throw new OperatingError('CONTAINER_CONFIG', `there is no volume "${name}"`);
    const within = subPath ?? (subPathExpr === undefined ? '' : expand(subPathExpr, variables));
    const path = join(directory, insideVolume(within));
    if (within !== '' && !existsSync(path)) mkdirSync(path, { recursive: true });
    return { container_path: mountPath, host_path: path, readonly: readOnly };
  });
}

interface VolumeContext {
  readonly namespace: string;
  readonly sources: VolumeSources;
}

async function prepareVolume(volume: Volume, { namespace, sources }: VolumeContext): Promise<string> {
  const { name, emptyDir, configMap, secret, hostPath } = volume;
  const path = join(sources.directory, name);
  if (hostPath) return hostPath.path;
  if (!emptyDir && !configMap && !secret) {
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';
    throw new OperatingError(
      'VOLUME_UNSUPPORTED',
      `volume "${name}": this kubelet has no ${kind} volumes, only emptyDir, configMap, secret and hostPath`,
    );
  }
  if (existsSync(path)) return path;
  if (emptyDir) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o777);
    return path;
  }
  const { items, defaultMode = 0o644, optional = false } = configMap ?? secret ?? {};
  const values = await sources.read({
    kind: configMap ? 'configmap' : 'secret',
    namespace,
    name: configMap?.name ?? secret?.secretName ?? '',
    optional,
  });
  writeFiles(path, { values: values ?? new Map(), items, defaultMode });
  return path;
}

interface VolumeFiles {
  readonly values: ConfigValues;
  readonly items: readonly KeyToPath[] | undefined;
  readonly defaultMode: number;
}

function writeFiles(directory: string, { values, items, defaultMode }: VolumeFiles): void {
  const wanted = items ?? [...values.keys()].map((key): KeyToPath => ({ key, path: key }));
  for (const { key } of wanted) {
    if (!values.has(key)) throw new OperatingError('CONTAINER_CONFIG', `references non-existent config key: ${key}`);
  }
  mkdirSync(directory, { recursive: true });
  for (const { key, path, mode = defaultMode } of wanted) {
    const file = join(directory, insideVolume(path));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, values.get(key) ?? '');
    chmodSync(file, mode);
  }
}

function insideVolume(path: string): string {
  const plain = normalize(path);
  if (plain === '..' || plain.startsWith('../') || plain.startsWith('/')) {
    throw new OperatingError('CONTAINER_CONFIG', `the path "${path}" lies outside the volume`);
  }
  return plain;
}
