/**
 * A cluster for tests: an API server in memory, controllers on a clock that the test moves, and a stand-in for scheduler and
 * kubelets that binds pods, lets them run and ends them.
 */
import {
  type Deployment,
  type Node,
  type Pod,
  type ReplicaSet,
  deployments,
  leases,
  nodes,
  pods,
  replicaSets,
} from '@flotilla/api';
import {
  type ApiClient,
  type MemoryServer,
  createMemoryServer,
  isConflict,
  isNotFound,
  microTimeOf,
} from '@flotilla/api-client';
import { type ManualClock, createManualClock, seededRandomness } from '@flotilla/base';
import { type ControllersOptions, type RunningControllers, startControllers } from '@flotilla/controllers';

export interface Cluster {
  readonly clock: ManualClock;
  readonly server: MemoryServer;
  readonly client: ApiClient;
  /** Moves time in small steps, with everybody at work in each. */
  run(ms: number): Promise<void>;
  startControllers(options?: Partial<ControllersOptions>): Promise<RunningControllers>;
  /** What the kubelets do; a test may replace it. */
  kubelet: { ready(pod: Pod): boolean; heartbeats(node: string): boolean };
  deployment(name?: string): Promise<Deployment>;
  replicaSets(): Promise<readonly ReplicaSet[]>;
  pods(): Promise<readonly Pod[]>;
  close(): Promise<void>;
}

export async function startCluster(
  options: { readonly seed?: number; readonly nodes?: number } = {},
): Promise<Cluster> {
  const clock = createManualClock();
  const randomness = seededRandomness(options.seed ?? 1);
  const server = createMemoryServer({ clock, randomness });
  const client = server.client();
  const running: RunningControllers[] = [];
  const nodeNames = Array.from({ length: options.nodes ?? 2 }, (_, i) => `n${i + 1}`);
  for (const name of nodeNames) await client.resource(nodes).create(readyNode(name, clock));

  const cluster: Cluster = {
    clock,
    server,
    client,
    kubelet: { ready: () => true, heartbeats: () => true },
    async run(ms) {
      for (let passed = 0; passed < ms; passed += 100) {
        await beat(cluster, nodeNames);
        await tend(cluster, nodeNames);
        await clock.advance(100);
      }
    },
    async startControllers(overrides = {}) {
      const identity = `controllers-${running.length + 1}`;
      const started = await startControllers({ client: server.client(), identity, clock, randomness, ...overrides });
      running.push(started);
      return started;
    },
    deployment: (name = 'web') => client.resource(deployments).get({ namespace: 'default', name }),
    replicaSets: async () => (await client.resource(replicaSets).list()).items,
    pods: async () => (await client.resource(pods).list()).items,
    async close() {
      for (const one of running) await one.close();
    },
  };
  return cluster;
}

function readyNode(name: string, clock: ManualClock): Node {
  const lastHeartbeatTime = new Date(clock.wallMs()).toISOString().replace(/\.\d+Z$/, 'Z');
  const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: '', lastHeartbeatTime }];
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {}, status: { conditions } };
}

async function beat({ client, clock, kubelet }: Cluster, names: readonly string[]): Promise<void> {
  for (const name of names.filter((one) => kubelet.heartbeats(one))) {
    const at = { namespace: 'kube-node-lease', name };
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTimeOf(clock.wallMs()) };
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: at, spec };
    await client
      .resource(leases)
      .update(lease)
      .catch(async (error: unknown) => {
        if (!isNotFound(error)) throw error;
        await client.resource(leases).create(lease);
      });
    await recover(client, name, readyNode(name, clock));
  }
}

/** A kubelet that lives says so when the server believes otherwise. */
async function recover(client: ApiClient, name: string, fresh: Node): Promise<void> {
  const node = await client.resource(nodes).get({ name });
  if (node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true) return;
  await client.resource(nodes).updateStatus({ ...node, status: { ...node.status, ...fresh.status } });
}

/** Binds what has no node, runs what is bound, ends what is being deleted; each only on nodes that live. */
async function tend({ client, clock, kubelet }: Cluster, names: readonly string[]): Promise<void> {
  const living = names.filter((name) => kubelet.heartbeats(name));
  const { items } = await client.resource(pods).list();
  for (const [i, pod] of items.entries()) {
    try {
      await tendPod({ client, clock, kubelet }, pod, living[i % Math.max(1, living.length)], living);
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }
}

async function tendPod(
  { client, clock, kubelet }: Pick<Cluster, 'client' | 'clock' | 'kubelet'>,
  pod: Pod,
  target: string | undefined,
  living: readonly string[],
): Promise<void> {
  const { name, namespace } = pod.metadata;
  if (pod.spec.nodeName === undefined) {
    if (target === undefined) return;
    const metadata = { name, namespace };
    const body = { apiVersion: 'v1', kind: 'Binding', metadata, target: { kind: 'Node', name: target } };
    await client.resource(pods).subresource('binding').create({ name, namespace }, body);
    return;
  }
  if (!living.includes(pod.spec.nodeName)) return;
  if (pod.metadata.deletionTimestamp !== undefined) {
    await client.resource(pods).delete({ name, namespace }, { gracePeriodSeconds: 0 });
    return;
  }
  const status = kubelet.ready(pod) ? 'True' : 'False';
  if (pod.status?.conditions?.some((one) => one.type === 'Ready' && one.status === status) === true) return;
  const lastTransitionTime = new Date(clock.wallMs()).toISOString().replace(/\.\d+Z$/, 'Z');
  const podIP = `10.0.0.${(pod.metadata.uid ?? '').charCodeAt(0)}`;
  const conditions = [{ type: 'Ready', status, lastTransitionTime }];
  await client
    .resource(pods)
    .updateStatus({ ...pod, status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions } });
}

export function webDeployment(spec: Partial<Deployment['spec']> = {}, image = 'web:1'): Deployment {
  const labels = { app: 'web' };
  const template = {
    metadata: { labels, name: '' },
    spec: { containers: [{ name: 'web', image, ports: [{ name: 'http', containerPort: 8080 }] }] },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas: 3, selector: { matchLabels: labels }, strategy: {}, template, ...spec },
  } as Deployment;
}
