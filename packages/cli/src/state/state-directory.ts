/**
 * Where a cluster keeps what it must find again: `.flotilla/<name>/`.
 *
 *   kubeconfig           the admin's credential, mode 0600
 *   pki/                 the CA, and a certificate and key a component
 *   pki/store/           the CA of the store, and what its members and clients show, where they speak TLS
 *   kubeconfigs/<id>     the components' credentials
 *   brain/<member>/      the data of a member
 *   nodes/<node>/        the work of a kubelet
 *   logs/<process>.log   what a process wrote
 *   drawn.json           ports that were drawn for `ports: auto`
 *   running.json         the supervisor and its processes, while they run
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface StateDirectory {
  readonly root: string;
  readonly kubeconfig: string;
  readonly pki: string;
  readonly storePki: string;
  readonly drawn: string;
  readonly running: string;
  brain(member: string): string;
  node(name: string): string;
  log(process: string): string;
  /** The kubeconfig of a component's credential. */
  kubeconfigOf(credential: string): string;
}

/** @param base the directory of all clusters' states, `.flotilla` unless told. */
export function stateDirectory(cluster: string, base = '.flotilla'): StateDirectory {
  const root = resolve(base, cluster);
  return {
    root,
    kubeconfig: join(root, 'kubeconfig'),
    pki: join(root, 'pki'),
    storePki: join(root, 'pki', 'store'),
    drawn: join(root, 'drawn.json'),
    running: join(root, 'running.json'),
    brain: (member) => join(root, 'brain', member),
    node: (name) => join(root, 'nodes', name),
    log: (process) => join(root, 'logs', `${process}.log`),
    kubeconfigOf: (credential) => join(root, 'kubeconfigs', credential),
  };
}

/** Makes the directories that must be there before anything starts; only the owner may look inside. */
export function prepareStateDirectory(state: StateDirectory): void {
  const { root, pki, storePki } = state;
  for (const directory of [root, pki, storePki, join(root, 'kubeconfigs'), join(root, 'logs')]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }
}

/** Replaces a file in one step: a reader sees the old or the new content, never a part. */
export function replaceFile(file: string, content: string, mode = 0o600): void {
  const temporary = `${file}.${process.pid}.new`;
  writeFileSync(temporary, content, { mode });
  renameSync(temporary, file);
}
