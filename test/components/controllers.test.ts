import {
  type Deployment,
  type KubeObject,
  type Pod,
  type Service,
  deployments,
  endpointSlices,
  namespaces,
  nodes,
  pods,
  replicaSets,
  services,
} from '@flotilla/api';
import { type ApiClient, bindPod, createInformer, isConflict, isNotFound } from '@flotilla/api-client';
import { type TaskGroup, createTaskGroup } from '@flotilla/base';
import { startControllers } from '@flotilla/controllers';
import t from 'tap';
import { startTestApiServer } from './api-server.ts';

/** A Deployment named web whose pods run that image and listen on a port named http. */
function webDeployment(replicas: number, image: string): Deployment {
  const labels = { app: 'web' };
  const containers = [{ name: 'web', image, ports: [{ name: 'http', containerPort: 8080 }] }];
  const template = { metadata: { labels, name: '' }, spec: { containers } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas, selector: { matchLabels: labels }, strategy: {}, template },
  };
}

/** Stands in for scheduler and kubelet: binds what has no node, runs what is bound, ends what is being deleted. */
function startFakeKubelet(client: ApiClient, group: TaskGroup): { readonly created: Set<string> } {
  const informer = createInformer(client, pods);
  const created = new Set<string>();
  const resource = client.resource(pods);
  const tend = async (pod: Pod): Promise<void> => {
    const { name, namespace, deletionTimestamp } = pod.metadata;
    if (pod.spec.nodeName === undefined) return await bindPod(client, { pod, node: 'n1' });
    if (deletionTimestamp !== undefined) {
      await resource.delete({ name, namespace }, { gracePeriodSeconds: 0 });
      return;
    }
    if (pod.status?.phase === 'Running') return;
    const podIP = `10.1.0.${created.size}`;
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
    await resource.updateStatus({ ...pod, status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions } });
  };
  const changed = (pod: Pod): void => {
    created.add(pod.metadata.uid ?? '');
    tend(pod).catch((error: unknown) => {
      if (!isConflict(error) && !isNotFound(error) && !group.signal.aborted) throw error;
    });
  };
  informer.onChange({ added: changed, updated: (_, pod) => changed(pod) });
  informer.start(group);
  return { created };
}

/** Resolves when the condition holds, checked at every change of any of the kinds. */
function createWatching(client: ApiClient, group: TaskGroup): (condition: () => Promise<boolean>) => Promise<void> {
  const checks = new Set<() => void>();
  const wake = (): void => {
    for (const check of checks) check();
  };
  for (const kind of [deployments, replicaSets, pods, endpointSlices, namespaces]) {
    const informer = createInformer<KubeObject>(client, kind);
    informer.onChange({ added: wake, updated: wake, deleted: wake });
    informer.start(group);
  }
  return (condition) =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        condition().then((holds) => {
          if (!holds) return;
          checks.delete(check);
          resolve();
        }, reject);
      };
      checks.add(check);
      check();
    });
}

for (const transport of ['grpc', 'rest'] as const) {
  t.test(`${transport}: a deployment runs, rolls, survives its leader, and goes, on a real API server`, async (t) => {
    const server = await startTestApiServer();
    const admin = server.client('grpc');
    const group = createTaskGroup();
    const until = createWatching(admin, group);
    const kubelet = startFakeKubelet(admin, group);
    await admin.resource(nodes).create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, spec: {} });
    const start = (identity: string) =>
      startControllers({
        client: server.client(transport, 'system:kube-controller-manager'),
        identity,
        leaderElection: { ttlSeconds: 2 },
      });
    const first = await start('first');
    const second = await start('second');

    const metadata = { name: 'demo' };
    await admin.resource(namespaces).create({ apiVersion: 'v1', kind: 'Namespace', metadata, spec: {} });
    const at = { namespace: 'demo', name: 'web' };
    const ports = [{ port: 80, targetPort: 'http' }];
    const service = { apiVersion: 'v1', kind: 'Service', metadata: at, spec: { selector: { app: 'web' }, ports } };
    await admin.resource(services).create(service as Service);
    await admin.resource(deployments).create({ ...webDeployment(4, 'web:1'), metadata: at });
    const isComplete = async (image: string): Promise<boolean> => {
      const { metadata: meta, spec, status } = await admin.resource(deployments).get(at);
      const { replicas, updatedReplicas, availableReplicas, observedGeneration } = status ?? {};
      const sameImage = spec.template.spec.containers[0]?.image === image;
      return (
        sameImage &&
        observedGeneration === meta.generation &&
        [replicas, updatedReplicas, availableReplicas].every((n) => n === 4)
      );
    };
    await until(() => isComplete('web:1'));
    t.equal(kubelet.created.size, 4, 'exactly four pods were made');
    const endpoints = async (): Promise<number> => {
      const { items } = await admin.resource(endpointSlices).list({ namespace: 'demo' });
      return items.flatMap((slice) => slice.endpoints.filter(({ conditions }) => conditions?.ready === true)).length;
    };
    await until(async () => (await endpoints()) === 4);

    const leader = first.isLeader ? first : second;
    await leader.close();
    const containers = webDeployment(4, 'web:2').spec.template.spec.containers;
    const body = { spec: { template: { spec: { containers } } } };
    await admin.resource(deployments).patch(at, { type: 'application/strategic-merge-patch+json', body });
    await until(() => isComplete('web:2'));
    t.equal(kubelet.created.size, 8, 'and four more');
    t.equal(
      (await admin.resource(deployments).get(at)).metadata.annotations?.['deployment.kubernetes.io/revision'],
      '2',
    );

    await admin.resource(namespaces).delete({ name: 'demo' });
    await until(
      async () => !(await admin.resource(namespaces).list()).items.some((one) => one.metadata.name === 'demo'),
    );
    t.same((await admin.resource(pods).list()).items, []);
    await first.close();
    await second.close();
    await group.close();
    await server.stop();
  });
}
