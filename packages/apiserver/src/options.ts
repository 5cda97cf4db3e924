/** The flags of the API server: kube-apiserver's own names, as far as we have what they are about. */
import { readFile } from 'node:fs/promises';
import { OperatingError, type OptionValues, messageOf, type OptionTable } from '@flotilla/base';
import type { ApiServerOptions } from './start.ts';

export const apiServerOptionTable = {
  'etcd-servers': {
    kind: 'list',
    default: ['http://127.0.0.1:2379'],
    placeholder: 'URL,…',
    help: 'The endpoints of the store',
  },
  'etcd-cafile': { kind: 'string', placeholder: 'FILE', help: "What the store's certificate is verified against" },
  'etcd-certfile': { kind: 'string', placeholder: 'FILE', help: 'Client certificate towards the store' },
  'etcd-keyfile': { kind: 'string', placeholder: 'FILE', help: 'Its key' },
  'etcd-compaction-interval': {
    kind: 'integer',
    default: 300,
    min: 0,
    help: 'Seconds between compactions of the store; 0: never',
  },
  'bind-address': { kind: 'string', default: '127.0.0.1', placeholder: 'IP', help: 'Address to listen on' },
  'secure-port': { kind: 'integer', default: 6443, min: 0, max: 65_535, help: 'Port to listen on; 0: any free one' },
  'tls-cert-file': {
    kind: 'string',
    placeholder: 'FILE',
    help: 'Serving certificate, with its chain; its names are the hosts that requests may name',
  },
  'tls-private-key-file': { kind: 'string', placeholder: 'FILE', help: 'Its key' },
  'client-ca-file': { kind: 'string', placeholder: 'FILE', help: 'Authorities of client certificates' },
  'token-auth-file': { kind: 'string', placeholder: 'FILE', help: 'Bearer tokens: CSV of token,user,uid,"groups"' },
  'kubelet-client-certificate': { kind: 'string', placeholder: 'FILE', help: 'Client certificate towards kubelets' },
  'kubelet-client-key': { kind: 'string', placeholder: 'FILE', help: 'Its key' },
  'kubelet-certificate-authority': {
    kind: 'string',
    placeholder: 'FILE',
    help: "What kubelets' certificates are verified against",
  },
  'service-cluster-ip-range': {
    kind: 'string',
    default: '10.0.0.0/24',
    placeholder: 'CIDR',
    help: 'Addresses of services',
  },
  'max-requests-inflight': { kind: 'integer', default: 400, min: 1, help: 'Reads that are served at a time' },
  'max-mutating-requests-inflight': { kind: 'integer', default: 200, min: 1, help: 'Writes that are served at a time' },
  'request-timeout': {
    kind: 'integer',
    default: 60,
    min: 1,
    help: 'Seconds that a request other than a watch may take',
  },
} as const satisfies OptionTable;

export type ApiServerFlags = OptionValues<typeof apiServerOptionTable>;

/**
 * Reads the files that flags name.
 * @throws OperatingError `INVALID_OPTIONS`, listing every flag that is missing and every file that can't be read.
 */
export async function apiServerOptions(flags: ApiServerFlags): Promise<ApiServerOptions> {
  const problems: string[] = [];
  const read = async (name: keyof ApiServerFlags): Promise<string | undefined> => {
    const path = flags[name];
    if (typeof path !== 'string') return undefined;
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      problems.push(`--${name}: ${messageOf(error)}`);
      return undefined;
    }
  };
  const required = async (name: 'tls-cert-file' | 'tls-private-key-file'): Promise<string> => {
    if (flags[name] === undefined) problems.push(`--${name} is required: the API server speaks TLS only`);
    return (await read(name)) ?? '';
  };
  const etcdCa = await read('etcd-cafile');
  const etcdCert = await read('etcd-certfile');
  const etcdKey = await read('etcd-keyfile');
  const options: ApiServerOptions = {
    etcdServers: flags['etcd-servers'],
    ...(etcdCa !== undefined && {
      etcdTls: {
        ca: etcdCa,
        ...(etcdCert !== undefined && { cert: etcdCert }),
        ...(etcdKey !== undefined && { key: etcdKey }),
      },
    }),
    compactionIntervalMs: flags['etcd-compaction-interval'] * 1_000,
    bindAddress: flags['bind-address'],
    securePort: flags['secure-port'],
    tlsCert: await required('tls-cert-file'),
    tlsKey: await required('tls-private-key-file'),
    clientCa: await read('client-ca-file'),
    tokenFile: await tokenFile(),
    kubeletTls: {
      cert: await read('kubelet-client-certificate'),
      key: await read('kubelet-client-key'),
      ca: await read('kubelet-certificate-authority'),
    },
    serviceClusterIpRange: flags['service-cluster-ip-range'],
    maxRequestsInFlight: flags['max-requests-inflight'],
    maxMutatingRequestsInFlight: flags['max-mutating-requests-inflight'],
    requestTimeoutMs: flags['request-timeout'] * 1_000,
  };
  if (problems.length > 0) throw new OperatingError('INVALID_OPTIONS', problems.join('\n'));
  return options;

  async function tokenFile(): Promise<ApiServerOptions['tokenFile']> {
    const text = await read('token-auth-file');
    return text === undefined ? undefined : { path: flags['token-auth-file'] ?? '', text };
  }
}
