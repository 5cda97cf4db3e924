/** Writes a kubeconfig: one cluster, one user. It holds a key: only its owner may read it. */
import { readFileSync } from 'node:fs';
import { replaceFile } from '../state/state-directory.ts';
import type { CertificateFiles } from './cluster-certificates.ts';

export interface KubeconfigOptions {
  readonly file: string;
  readonly clusterName: string;
  /** `https://host:port` */
  readonly server: string;
  /** The CA's certificate, as a file. */
  readonly authority: string;
  readonly user: string;
  /** The name to verify instead of the server's host. */
  readonly tlsServerName?: string;
  readonly credential: CertificateFiles;
}

export function writeKubeconfig({
  file,
  clusterName,
  server,
  authority,
  user,
  credential,
  tlsServerName,
}: KubeconfigOptions): void {
  const base64 = (path: string): string => readFileSync(path).toString('base64');
  const cluster = {
    server,
    'certificate-authority-data': base64(authority),
    ...(tlsServerName === undefined ? {} : { 'tls-server-name': tlsServerName }),
  };
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': clusterName,
    clusters: [{ name: clusterName, cluster }],
    users: [
      {
        name: user,
        user: { 'client-certificate-data': base64(credential.certificate), 'client-key-data': base64(credential.key) },
      },
    ],
    contexts: [{ name: clusterName, context: { cluster: clusterName, user, namespace: 'default' } }],
  };
  // JSON is YAML too, and components that read it need no YAML parser to start.
  replaceFile(file, `${JSON.stringify(kubeconfig, undefined, 2)}\n`);
}
