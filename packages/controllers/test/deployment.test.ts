import { type Deployment, deployments, pods } from '@flotilla/api';
import { isConflict } from '@flotilla/api-client';
import t from 'tap';
import { type Cluster, startCluster, webDeployment } from './cluster.ts';

// A busy machine may take its time.
t.setTimeout(0);

async function change(cluster: Cluster, edit: (deployment: Deployment) => Deployment): Promise<void> {
  for (;;) {
    try {
      await cluster.client.resource(deployments).update(edit(await cluster.deployment()));
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

function withImage(deployment: Deployment, image: string): Deployment {
  return { ...deployment, spec: { ...deployment.spec, template: webDeployment({}, image).spec.template } };
}

function withSpec(deployment: Deployment, spec: Partial<Deployment['spec']>): Deployment {
  return { ...deployment, spec: { ...deployment.spec, ...spec } };
}

/** Revision → wanted replicas, of all ReplicaSets. */
async function sizes(cluster: Cluster): Promise<Record<string, number>> {
  const rows = (await cluster.replicaSets()).map(({ metadata, spec }) => [
    metadata.annotations?.['deployment.kubernetes.io/revision'] ?? '?',
    spec.replicas ?? 1,
  ]);
  return Object.fromEntries(rows) as Record<string, number>;
}

t.test('a deployment becomes its pods, and says when it is complete', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  await cluster.client.resource(deployments).create(webDeployment());
  await cluster.run(3000);
  const { metadata, status } = await cluster.deployment();
  t.match(status, { replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 3, unavailableReplicas: 0 });
  t.equal(status?.observedGeneration, metadata.generation);
  t.equal(metadata.annotations?.['deployment.kubernetes.io/revision'], '1');
  const reasons = Object.fromEntries((status?.conditions ?? []).map(({ type, reason }) => [type, reason]));
  t.same(reasons, { Available: 'MinimumReplicasAvailable', Progressing: 'NewReplicaSetAvailable' });
  t.equal((await cluster.pods()).length, 3);
  await cluster.close();
});

t.test('a rolling update never leaves its bounds, and an undo takes the old ReplicaSet again', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  const rollingUpdate = { maxSurge: 2, maxUnavailable: 1 };
  await cluster.client
    .resource(deployments)
    .create(webDeployment({ replicas: 6, strategy: { type: 'RollingUpdate', rollingUpdate } }));
  await cluster.run(3000);
  await change(cluster, (deployment) => withImage(deployment, 'web:2'));
  let steps = 0;
  for (let i = 0; i < 60; i++) {
    await cluster.run(100);
    const all = (await cluster.pods()).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const ready = all.filter(({ status }) =>
      status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True'),
    );
    if (all.length > 8 || ready.length < 5) t.fail(`${all.length} pods, ${ready.length} ready`);
    const { '1': old = 0, '2': current = 0 } = await sizes(cluster);
    if (old > 0 && current > 0) steps++;
  }
  t.ok(steps > 1, 'it took more than one step');
  t.same(await sizes(cluster), { '1': 0, '2': 6 });
  await change(cluster, (deployment) => withImage(deployment, 'web:1'));
  await cluster.run(6000);
  t.same(await sizes(cluster), { '2': 0, '3': 6 }, 'the first one is the third revision now');
  const history = (await cluster.replicaSets()).map(
    ({ metadata }) => metadata.annotations?.['deployment.kubernetes.io/revision-history'],
  );
  t.ok(history.includes('1'));
  await cluster.close();
});

t.test('a template that never becomes ready stops the rollout, and the deadline is told', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  await cluster.client.resource(deployments).create(webDeployment({ replicas: 4, progressDeadlineSeconds: 30 }));
  await cluster.run(3000);
  cluster.kubelet.ready = ({ spec }) => spec.containers[0]?.image !== 'web:broken';
  await change(cluster, (deployment) => withImage(deployment, 'web:broken'));
  await cluster.run(10_000);
  const { status } = await cluster.deployment();
  t.equal(status?.availableReplicas, 3, 'one of four may be missing');
  await cluster.run(25_000);
  const progressing = (await cluster.deployment()).status?.conditions?.find(({ type }) => type === 'Progressing');
  t.match(progressing, { status: 'False', reason: 'ProgressDeadlineExceeded' });
  await change(cluster, (deployment) => withImage(deployment, 'web:1'));
  await cluster.run(5000);
  t.equal((await cluster.deployment()).status?.availableReplicas, 4);
  await cluster.close();
});

t.test('Recreate ends the last old pod before the first new one begins', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  await cluster.client.resource(deployments).create(webDeployment({ strategy: { type: 'Recreate' } }));
  await cluster.run(3000);
  await change(cluster, (deployment) => withImage(deployment, 'web:2'));
  for (let i = 0; i < 40; i++) {
    await cluster.run(100);
    const images = new Set((await cluster.pods()).map(({ spec }) => spec.containers[0]?.image));
    if (images.size > 1) t.fail('both templates ran at once');
  }
  const images = (await cluster.pods()).map(({ spec }) => spec.containers[0]?.image);
  t.same(images, ['web:2', 'web:2', 'web:2']);
  await cluster.close();
});

t.test('a paused deployment changes its size but not its template', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  await cluster.client.resource(deployments).create(webDeployment());
  await cluster.run(3000);
  await change(cluster, (deployment) => withSpec(withImage(deployment, 'web:2'), { paused: true, replicas: 5 }));
  await cluster.run(3000);
  t.same(await sizes(cluster), { '1': 5 });
  const condition = (await cluster.deployment()).status?.conditions?.find(({ type }) => type === 'Progressing');
  t.equal(condition?.reason, 'DeploymentPaused');
  await change(cluster, (deployment) => withSpec(deployment, { paused: false }));
  await cluster.run(5000);
  t.same(await sizes(cluster), { '1': 0, '2': 5 });
  await cluster.close();
});

t.test('resized in the middle of a rollout, each ReplicaSet takes its share', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
  await cluster.client.resource(deployments).create(webDeployment({ replicas: 10, strategy }));
  await cluster.run(3000);
  cluster.kubelet.ready = ({ spec }) => spec.containers[0]?.image !== 'web:broken';
  await change(cluster, (deployment) => withImage(deployment, 'web:broken'));
  await cluster.run(3000);
  t.same(await sizes(cluster), { '1': 8, '2': 5 });
  await change(cluster, (deployment) => withSpec(deployment, { replicas: 15 }));
  await cluster.run(300);
  t.same(await sizes(cluster), { '1': 11, '2': 7 }, 'Kubernetes’ own example');
  await cluster.close();
});

t.test('old ReplicaSets beyond the history limit go', async (t) => {
  const cluster = await startCluster();
  await cluster.startControllers();
  await cluster.client.resource(deployments).create(webDeployment({ replicas: 1, revisionHistoryLimit: 2 }));
  for (let i = 2; i < 7; i++) {
    await cluster.run(4000);
    await change(cluster, (deployment) => withImage(deployment, `web:${i}`));
  }
  await cluster.run(5000);
  t.same(await sizes(cluster), { '4': 0, '5': 0, '6': 1 });
  await cluster.close();
});

t.test('an orphaned ReplicaSet that matches is adopted, with its pods', async (t) => {
  const cluster = await startCluster();
  const first = await cluster.startControllers();
  await cluster.client.resource(deployments).create(webDeployment());
  await cluster.run(3000);
  await cluster.client
    .resource(deployments)
    .delete({ namespace: 'default', name: 'web' }, { propagationPolicy: 'Orphan' });
  await cluster.run(2000);
  t.equal((await cluster.pods()).length, 3, 'the pods stay');
  await cluster.client.resource(deployments).create(webDeployment());
  await cluster.run(3000);
  const [replicaSet, ...others] = await cluster.replicaSets();
  t.same(others, []);
  t.equal(replicaSet?.metadata.ownerReferences?.[0]?.uid, (await cluster.deployment()).metadata.uid);
  t.equal((await cluster.client.resource(pods).list()).items.length, 3);
  t.equal(first.isLeader, true);
  await cluster.close();
});
