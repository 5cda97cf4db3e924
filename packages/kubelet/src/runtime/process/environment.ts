/**
 * The environment a container's process starts with: the pod's own variables over a small base. Nothing else of the kubelet's own
 * environment gets through: it may hold secrets.
 */
import { createRequire } from 'node:module';
import { userInfo } from 'node:os';
import { delimiter, dirname } from 'node:path';
import type { KeyValue } from '../cri.ts';

/** Names the container in the environment of all its processes: `<runtime id>/<container id>`. */
export const markerVariable = 'FLOTILLA_CONTAINER';

const passedOn = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SHELL'];
/** By name, not by place: this file may have been bundled elsewhere. */
const preloadPath = createRequire(import.meta.url).resolve('@flotilla/kubelet/preload');

export interface ProcessEnvironment {
  readonly envs: readonly KeyValue[];
  readonly marker: string;
  /** The pod's own address, or undefined in the host's network. */
  readonly address: string | undefined;
  readonly hostname: string;
  /** The container's own directory. */
  readonly home: string;
}

export function processEnvironment({ envs, marker, address, hostname, home }: ProcessEnvironment): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  for (const name of passedOn) {
    if (process.env[name] !== undefined) environment[name] = process.env[name];
  }
  // Programs for Node run wherever the kubelet does, however it was installed.
  environment['PATH'] = [environment['PATH'], dirname(process.execPath)].filter(Boolean).join(delimiter);
  Object.assign(environment, { HOME: home, USER: userInfo().username, HOSTNAME: hostname, CONTAINER_ROOT: home });
  if (address !== undefined) environment['POD_IP'] = address;
  for (const { key, value } of envs) environment[key] = value;
  environment[markerVariable] = marker;
  if (address !== undefined) environment['NODE_OPTIONS'] = withPreload(environment['NODE_OPTIONS']);
  return environment;
}

/** Node splits NODE_OPTIONS at blanks; a quoted part may hold them, with backslashes doubled. */
function withPreload(options: string | undefined): string {
  const quoted = preloadPath.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  const preload = `--require "${quoted}"`;
  return options === undefined || options === '' ? preload : `${preload} ${options}`;
}
