/** What this machine is and has, as a Node says it. */
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { arch, availableParallelism, hostname, platform, release, totalmem } from 'node:os';
import { canonicalQuantity, type NodeSystemInfo } from '@flotilla/api';
import { readBootId } from '../runtime/process/process-table.ts';

export interface Capacity {
  readonly [resource: string]: string;
  readonly cpu: string;
  readonly memory: string;
  readonly pods: string;
  readonly 'ephemeral-storage': string;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** Go's word, as Kubernetes labels nodes. */
export const nodeArchitecture = architectures[arch()] ?? arch();
export const nodeOperatingSystem: string = platform() === 'win32' ? 'windows' : platform();
export const machineHostname = hostname().toLowerCase();

export function machineCapacity({
  maxPods,
  directory,
}: {
  readonly maxPods: number;
  readonly directory: string;
}): Capacity {
  const { blocks, bsize } = statfsSync(directory);
  return {
    cpu: String(availableParallelism()),
    memory: canonicalQuantity(`${Math.floor(totalmem() / 1024)}Ki`),
    pods: String(maxPods),
    'ephemeral-storage': canonicalQuantity(`${Math.floor((blocks * bsize) / 1024)}Ki`),
  };
}

export function systemInfo(versions: { readonly kubelet: string; readonly runtime: string }): NodeSystemInfo {
  const machineID = existsSync('/etc/machine-id') ? readFileSync('/etc/machine-id', 'utf8').trim() : '';
  return {
    architecture: nodeArchitecture,
    operatingSystem: nodeOperatingSystem,
    bootID: readBootId(),
    kernelVersion: release(),
    machineID,
    systemUUID: machineID,
    osImage: osImage(),
    containerRuntimeVersion: versions.runtime,
    kubeletVersion: versions.kubelet,
    kubeProxyVersion: '',
  };
}

function osImage(): string {
  const path = '/etc/os-release';
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? nodeOperatingSystem;
}
