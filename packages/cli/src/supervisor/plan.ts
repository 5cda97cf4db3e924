/** From a config with all its ports to the components to run, each with its flags. */
import { addressText, parseRange } from '../config/address-range.ts';
import type { ClusterConfig } from '../config/cluster-config.ts';
import { host } from '../config/draw-ports.ts';
import { type CertificateSpec, type CertificateSet, certificatesIn } from '../pki/cluster-certificates.ts';
import { type StateDirectory, stateDirectory } from '../state/state-directory.ts';
import type { PlannedComponent } from './launcher.ts';
import { apiServerTlsFlags, memberTlsFlags, storeUrl } from './plan-store-tls.ts';

/** `host:port` */
export function endpoint(port: number): string {
  return `${host}:${port}`;
}

export interface PlanInput {
  readonly config: ClusterConfig;
  readonly state: StateDirectory;
}

export function planBrains({ config, state }: PlanInput): readonly PlannedComponent[] {
  const { members, heartbeatIntervalMs, electionTimeoutMs } = config.brain;
  const url = (port: number): string => storeUrl(config, endpoint(port));
  const initialCluster = members.map(({ name, peerPort }) => `${name}=${url(peerPort)}`).join(',');
  return members.map(({ name, clientPort, peerPort }) => ({
    name,
    component: 'brain',
    serves: endpoint(clientPort),
    logFile: state.log(name),
    argv: flags({
      name,
      'data-dir': state.brain(name),
      'listen-client-urls': url(clientPort),
      'advertise-client-urls': url(clientPort),
      'listen-peer-urls': url(peerPort),
      'initial-advertise-peer-urls': url(peerPort),
      'initial-cluster': initialCluster,
      'initial-cluster-token': `flotilla-${config.name}`,
      'heartbeat-interval': heartbeatIntervalMs,
      'election-timeout': electionTimeoutMs,
      ...memberTlsFlags({ config, state }, name),
    }),
  }));
}

export interface CredentialsInput extends PlanInput {
  readonly certificates: CertificateSet;
}

export function planApiServers({ config, state, certificates }: CredentialsInput): readonly PlannedComponent[] {
  const serving = certificates.files(certificateIds.apiServer);
  const kubeletClient = certificates.files(certificateIds.kubeletClient);
  return config.apiServers.map(({ name, port }) => ({
    name,
    component: 'apiserver',
    serves: endpoint(port),
    logFile: state.log(name),
    argv: flags({
      'etcd-servers': config.brain.members.map(({ clientPort }) => storeUrl(config, endpoint(clientPort))).join(','),
      ...apiServerTlsFlags({ config, state }),
      'bind-address': host,
      'secure-port': port,
      'tls-cert-file': serving.certificate,
      'tls-private-key-file': serving.key,
      'client-ca-file': certificates.authority,
      'kubelet-client-certificate': kubeletClient.certificate,
      'kubelet-client-key': kubeletClient.key,
      'kubelet-certificate-authority': certificates.authority,
      'service-cluster-ip-range': config.network.serviceRange,
    }),
  }));
}

/** Schedulers, controller managers, kubelets and proxies: all that work through the API server. */
export function planClients(input: CredentialsInput): readonly PlannedComponent[] {
  return [...planElected(input), ...planNodes(input)];
}

function planElected({ config, state }: CredentialsInput): readonly PlannedComponent[] {
  const { electionTtlSeconds: ttl, nodes } = config;
  const elected = (component: 'scheduler' | 'controllers', count: number, own: Flags): readonly PlannedComponent[] =>
    Array.from({ length: count }, (_, i) => {
      const name = `${component}-${i + 1}`;
      const argv = flags({ kubeconfig: state.kubeconfigOf(component), identity: name, ...own });
      return { name, component, logFile: state.log(name), argv };
    });
  return [
    ...elected('scheduler', config.schedulers, { 'leader-elect-lease-duration': ttl }),
    ...elected('controllers', config.controllers, {
      'leader-elect-ttl-seconds': ttl,
      'node-monitor-grace-seconds': nodes.monitorGraceSeconds,
      'pod-eviction-seconds': nodes.podEvictionSeconds,
    }),
  ];
}

function planNodes({ config, state, certificates }: CredentialsInput): readonly PlannedComponent[] {
  const ranges = nodeRanges(config);
  return config.kubelets.flatMap(({ name, port }, i): readonly PlannedComponent[] => {
    const serving = certificates.files(certificateIds.kubeletServing(name));
    const proxyName = `${name}-proxy`;
    return [
      {
        name,
        component: 'kubelet',
        serves: endpoint(port),
        logFile: state.log(name),
        argv: flags({
          kubeconfig: state.kubeconfigOf(certificateIds.kubelet(name)),
          'hostname-override': name,
          'root-dir': state.node(name),
          'cluster-id': `flotilla-${config.name}`,
          'stop-pods-on-exit': 'true',
          'node-lease-duration-seconds': config.nodes.monitorGraceSeconds,
          address: host,
          port,
          'pod-cidr': ranges[i] ?? '',
          'tls-cert-file': serving.certificate,
          'tls-private-key-file': serving.key,
          'client-ca-file': certificates.authority,
        }),
      },
      {
        name: proxyName,
        component: 'proxy',
        logFile: state.log(proxyName),
        argv: flags({ kubeconfig: state.kubeconfigOf(certificateIds.proxy), 'hostname-override': name }),
      },
    ];
  });
}

/** A /24 of the pods' range for each node, in order. */
export function nodeRanges({ network, kubelets }: ClusterConfig): readonly string[] {
  const range = parseRange(network.podRange);
  if (typeof range === 'string') return [];
  return kubelets.map((_, i) => `${addressText(range.first + i * 256)}/24`);
}

/** Everything that a config asks for, in the order of its start. */
export function planAll(config: ClusterConfig, stateBase: string): readonly PlannedComponent[] {
  const state = stateDirectory(config.name, stateBase);
  const certificates = certificatesIn(state.pki, planCertificates(config));
  const input = { config, state, certificates };
  return [...planBrains(input), ...planApiServers(input), ...planClients(input)];
}

/** The certificates of a cluster, by the names of their files. */
export const certificateIds = {
  apiServer: 'apiserver',
  kubeletClient: 'apiserver-kubelet-client',
  admin: 'admin',
  scheduler: 'scheduler',
  controllers: 'controllers',
  proxy: 'proxy',
  kubelet: (node: string): string => `kubelet-${node}`,
  kubeletServing: (node: string): string => `kubelet-${node}-serving`,
} as const;

/** Credentials with which a component comes to the API server, by the name of its kubeconfig. */
export function clientCredentials({ kubelets }: ClusterConfig): readonly string[] {
  const { scheduler, controllers, proxy, kubelet } = certificateIds;
  return [scheduler, controllers, proxy, ...kubelets.map(({ name }) => kubelet(name))];
}

export function planCertificates(config: ClusterConfig): readonly CertificateSpec[] {
  const client = (id: string, commonName: string, organization?: string): CertificateSpec => ({
    id,
    subject: { commonName, ...(organization === undefined ? {} : { organization }) },
    purpose: { type: 'client' },
  });
  const services = parseRange(config.network.serviceRange);
  const firstService = typeof services === 'string' ? [] : [addressText(services.first + 1)];
  const kubernetes = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  return [
    {
      id: certificateIds.apiServer,
      subject: { commonName: 'kube-apiserver' },
      purpose: { type: 'server', hosts: ['localhost', host, ...firstService, ...kubernetes] },
    },
    client(certificateIds.kubeletClient, 'kube-apiserver-kubelet-client', 'system:masters'),
    client(certificateIds.admin, 'flotilla-admin', 'system:masters'),
    client(certificateIds.scheduler, 'system:kube-scheduler'),
    client(certificateIds.controllers, 'system:kube-controller-manager'),
    client(certificateIds.proxy, 'system:kube-proxy'),
    ...config.kubelets.flatMap(({ name }): readonly CertificateSpec[] => [
      client(certificateIds.kubelet(name), `system:node:${name}`, 'system:nodes'),
      {
        id: certificateIds.kubeletServing(name),
        subject: { commonName: `system:node:${name}`, organization: 'system:nodes' },
        purpose: { type: 'server', hosts: [name, 'localhost', host] },
      },
    ]),
  ];
}

type Flags = Readonly<Record<string, string | number>>;

function flags(values: Flags): readonly string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
