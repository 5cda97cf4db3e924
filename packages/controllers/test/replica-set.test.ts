import { type Pod, type ReplicaSet, pods, replicaSets } from '@flotilla/api';
import { type ApiClient, apiUnreachable, clientOver } from '@flotilla/api-client';
import { OperatingError, type Randomness, seededRandomness } from '@flotilla/base';
import t from 'tap';
import { type Cluster, startCluster, webDeployment } from './cluster.ts';

// A busy machine may take its time.
t.setTimeout(0);

function webReplicaSet(replicas: number): ReplicaSet {
  const { selector, template } = webDeployment().spec;
  const metadata = { name: 'web', namespace: 'default' };
  return { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec: { replicas, selector, template } };
}

const election = 'kube-controller-manager';

/** Every pod that was ever created, from the answers of the server itself. */
function countCreations(cluster: Cluster): { readonly names: Set<string>; readonly everCreated: () => number } {
  const names = new Set<string>();
  const before = cluster.server.interceptAnswer;
  cluster.server.interceptAnswer = async (call) => {
    const { verb, ref, body } = call;
    const created = verb === 'create' && ref.resource === 'pods' && ref.subresource === undefined;
    if (created) names.add((body as Pod).metadata.name);
    await before(call);
  };
  return { names, everCreated: () => names.size };
}

t.test('as many pods as wanted, more and fewer', async (t) => {
  const cluster = await startCluster();
  const creations = countCreations(cluster);
  await cluster.startControllers();
  const sets = cluster.client.resource(replicaSets);
  await sets.create(webReplicaSet(5));
  await cluster.run(2000);
  const { status } = await sets.get({ namespace: 'default', name: 'web' });
  t.match(status, { replicas: 5, readyReplicas: 5, availableReplicas: 5, fullyLabeledReplicas: 5 });
  const patch = { type: 'application/merge-patch+json', body: { spec: { replicas: 2 } } } as const;
  await sets.patch({ namespace: 'default', name: 'web' }, patch);
  await cluster.run(2000);
  t.equal((await cluster.pods()).length, 2);
  t.equal(creations.everCreated(), 5);
  await cluster.close();
});

/** A client whose creates of pods may arrive late, long after their caller was told that nobody answered. */
function lateClient(cluster: Cluster, random: Randomness): ApiClient {
  const { transport } = cluster.server.client();
  const create: typeof transport.create = (ref, body, options) => {
    if (ref.resource !== 'pods' || random.next() < 0.7) return transport.create(ref, body, options);
    const arrives = (): void => void transport.create(ref, body, options).catch(() => undefined);
    cluster.clock.after(random.next() * 1500, arrives);
    return Promise.reject(new OperatingError(apiUnreachable, 'nobody answered'));
  };
  return clientOver({ ...transport, create }, { fieldManager: 'test', fence: undefined });
}

t.test('exactly so many pods are ever made, whatever leaders die and whatever is lost or late', async (t) => {
  for (let seed = 1; seed <= 15; seed++) {
    const cluster = await startCluster({ seed });
    const random = seededRandomness(seed);
    const { history, elections } = cluster.server;
    cluster.server.interceptAnswer = ({ ref }) => {
      if (ref.resource !== 'pods' || random.next() < 0.7) return;
      throw new OperatingError(apiUnreachable, 'the answer was lost');
    };
    cluster.server.intercept = ({ verb, ref }) => {
      // A leader may be deposed while its write is on the way.
      if (verb === 'create' && ref.resource === 'pods' && random.next() < 0.1) elections.deposeLeader(election);
    };
    const creations = countCreations(cluster);
    for (let i = 0; i < 2; i++) {
      const client = lateClient(cluster, random);
      await cluster.startControllers({ client, leaderElection: { ttlSeconds: 2, name: election } });
    }
    const wanted = 20;
    const sets = cluster.client.resource(replicaSets);
    await sets.create(webReplicaSet(0));
    for (let replicas = 1; replicas <= wanted; replicas++) {
      if (random.next() < 0.7) history.holdWatches('/pods');
      const body = { spec: { replicas } };
      await sets.patch({ namespace: 'default', name: 'web' }, { type: 'application/merge-patch+json', body });
      await cluster.clock.advance(Math.floor(random.next() * 700));
      if (random.next() < 0.5) elections.deposeLeader(election);
      await cluster.clock.advance(Math.floor(random.next() * 700));
      if (random.next() < 0.2) history.breakWatches(new Error('the watch was lost'));
      history.releaseWatches();
    }
    cluster.server.intercept = () => undefined;
    await cluster.clock.advance(20_000);
    t.equal((await cluster.pods()).length, wanted, `seed ${seed}: so many are there`);
    t.equal(creations.everCreated(), wanted, `seed ${seed}: and no more were ever made`);
    await cluster.close();
  }
});

t.test('a template that is refused is told, and costs few calls', async (t) => {
  const cluster = await startCluster();
  let calls = 0;
  cluster.server.intercept = ({ verb, ref }) => {
    if (verb !== 'create' || ref.resource !== 'pods') return;
    calls++;
    throw new Error('pods "web" is forbidden: no room');
  };
  await cluster.startControllers();
  await cluster.client.resource(replicaSets).create(webReplicaSet(100));
  await cluster.clock.advance(1000);
  t.ok(calls < 15, `${calls} calls`);
  const { status } = await cluster.client.resource(replicaSets).get({ namespace: 'default', name: 'web' });
  t.match(status?.conditions?.[0], { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' });
  cluster.server.intercept = () => undefined;
  await cluster.run(20_000);
  const now = await cluster.client.resource(replicaSets).get({ namespace: 'default', name: 'web' });
  t.equal(now.status?.readyReplicas, 100);
  t.same(now.status?.conditions ?? [], []);
  await cluster.close();
});

t.test('a pod that no longer matches is let go and replaced; one that matches again is taken back', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  await cluster.client.resource(replicaSets).create(webReplicaSet(2));
  await cluster.run(2000);
  const [first] = await cluster.pods();
  const { name = '', namespace } = first?.metadata ?? {};
  const relabel = (app: string) =>
    cluster.client
      .resource(pods)
      .patch({ namespace, name }, { type: 'application/merge-patch+json', body: { metadata: { labels: { app } } } });
  await relabel('debug');
  await cluster.run(2000);
  t.equal((await cluster.pods()).length, 3);
  const alone = await cluster.client.resource(pods).get({ namespace, name });
  t.same(alone.metadata.ownerReferences ?? [], []);
  await relabel('web');
  await cluster.run(2000);
  t.equal((await cluster.pods()).length, 2, 'it was adopted, and one of the three went');
  await cluster.close();
});

t.test('pods without a node, not ready, or cheap to delete go first', async (t) => {
  const cluster = await startCluster();
  cluster.kubelet.ready = ({ metadata }) => metadata.labels?.['slow'] !== 'yes';
  await cluster.startControllers();
  const sets = cluster.client.resource(replicaSets);
  await sets.create(webReplicaSet(4));
  await cluster.run(2000);
  const [cheap, slow, ...others] = await cluster.pods();
  const annotate = (pod: Pod | undefined, metadata: object) =>
    cluster.client
      .resource(pods)
      .patch(pod?.metadata ?? { name: '' }, { type: 'application/merge-patch+json', body: { metadata } });
  await annotate(cheap, { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-5' } });
  await annotate(slow, { labels: { slow: 'yes' } });
  await cluster.run(1000);
  const patch = { type: 'application/merge-patch+json', body: { spec: { replicas: 2 } } } as const;
  await sets.patch({ namespace: 'default', name: 'web' }, patch);
  await cluster.run(2000);
  const left = (await cluster.pods()).map(({ metadata }) => metadata.name).sort();
  t.same(left, others.map(({ metadata }) => metadata.name).sort());
  await cluster.close();
});
