/** `running.json`: who runs a cluster now, so that `down`, `status` and a second `up` find it. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { OperatingError } from '@flotilla/base';
import type { StoreCredential } from '../supervisor/plan-store-tls.ts';
import { processIdentity } from '../supervisor/process-identity.ts';
import { replaceFile } from './state-directory.ts';

export interface RunningProcess {
  readonly name: string;
  readonly component: string;
  readonly pid: number | undefined;
  readonly state: string;
  readonly restarts: number;
}

export interface RunningCluster {
  readonly cluster: string;
  readonly configFile: string;
  /** The supervisor. */
  readonly pid: number;
  readonly identity: string;
  /** The kubeconfig's one address. */
  readonly server: string;
  readonly kubeconfig: string;
  /** `host:port` of each member, for etcd clients; a URL where it speaks TLS. */
  readonly brainEndpoints: readonly string[];
  /** What clients of members that speak TLS need. */
  readonly storeCredential?: StoreCredential | undefined;
  readonly apiServers: readonly { readonly name: string; readonly endpoint: string }[];
  /** Whether the cluster was ready once. */
  readonly ready: boolean;
  readonly processes: readonly RunningProcess[];
}

export function writeRunning(file: string, running: RunningCluster): void {
  replaceFile(file, `${JSON.stringify(running, undefined, 2)}\n`);
}

/** The cluster that runs; undefined when none does, whatever the file says. */
export function readRunning(file: string): RunningCluster | undefined {
  if (!existsSync(file)) return undefined;
  let running: RunningCluster;
  try {
    running = JSON.parse(readFileSync(file, 'utf8')) as RunningCluster;
  } catch (error) {
    throw new OperatingError('STATE_BROKEN', `${file} is damaged: remove it if no such cluster runs`, { cause: error });
  }
  return processIdentity(running.pid) === running.identity ? running : undefined;
}

export function removeRunning(file: string): void {
  rmSync(file, { force: true });
}
