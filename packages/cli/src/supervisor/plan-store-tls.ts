/**
 * TLS of a cluster's store: a CA of its own, so that the certificate of a kubelet or a user opens no door past the API server, and
 * the flags with which members and clients use what it signed.
 */
import type { ClusterConfig } from '../config/cluster-config.ts';
import { host } from '../config/draw-ports.ts';
import { type CertificateFiles, type CertificateSpec, certificatesIn } from '../pki/cluster-certificates.ts';
import { peerName } from '../pki/store-certificates.ts';
import type { StateDirectory } from '../state/state-directory.ts';

const ids = {
  /** Of the members' client ports. */
  server: (member: string): string => `${member}-server`,
  /** What members show to each other. */
  peer: (member: string): string => `${member}-peer`,
  apiServer: 'apiserver',
  admin: 'admin',
} as const;

/** What a client of the store needs, as files. */
export interface StoreCredential extends CertificateFiles {
  readonly authority: string;
}

/** None without TLS. */
export function planStoreCertificates({ brain }: ClusterConfig): readonly CertificateSpec[] {
  if (!brain.tls) return [];
  const hosts = ['localhost', host];
  return [
    ...brain.members.flatMap(({ name }): readonly CertificateSpec[] => [
      { id: ids.server(name), subject: { commonName: name }, purpose: { type: 'server', hosts } },
      { id: ids.peer(name), subject: { commonName: peerName }, purpose: { type: 'peer', hosts } },
    ]),
    { id: ids.apiServer, subject: { commonName: 'kube-apiserver-etcd-client' }, purpose: { type: 'client' } },
    { id: ids.admin, subject: { commonName: 'root' }, purpose: { type: 'client' } },
  ];
}

interface Input {
  readonly config: ClusterConfig;
  readonly state: StateDirectory;
}

/** With which a client comes to the store; undefined where it speaks clear text. */
function credentialOf({ config, state }: Input, id: string): StoreCredential | undefined {
  if (!config.brain.tls) return undefined;
  const certificates = certificatesIn(state.storePki, planStoreCertificates(config));
  return { authority: certificates.authority, ...certificates.files(id) };
}

/** The credential of people, and of the supervisor: the store's root, once it has users. */
export function storeAdmin(input: Input): StoreCredential | undefined {
  return credentialOf(input, ids.admin);
}

/** Flags of a member. */
export function memberTlsFlags(input: Input, member: string): Readonly<Record<string, string>> {
  const server = credentialOf(input, ids.server(member));
  const peer = credentialOf(input, ids.peer(member));
  if (!server || !peer) return {};
  return {
    'cert-file': server.certificate,
    'key-file': server.key,
    'trusted-ca-file': server.authority,
    'client-cert-auth': 'true',
    'peer-cert-file': peer.certificate,
    'peer-key-file': peer.key,
    'peer-trusted-ca-file': peer.authority,
    'peer-client-cert-auth': 'true',
    'peer-cert-allowed-cn': peerName,
  };
}

/** Flags of an API server. */
export function apiServerTlsFlags(input: Input): Readonly<Record<string, string>> {
  const client = credentialOf(input, ids.apiServer);
  if (!client) return {};
  return { 'etcd-cafile': client.authority, 'etcd-certfile': client.certificate, 'etcd-keyfile': client.key };
}

export function storeUrl({ brain }: ClusterConfig, endpoint: string): string {
  return `${brain.tls ? 'https' : 'http'}://${endpoint}`;
}
