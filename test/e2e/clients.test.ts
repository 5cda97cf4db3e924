/** Real programs of real clients against the cluster: npm `etcd3` and `@kubernetes/client-node`. */
import { ApiException, AppsV1Api, CoreV1Api, KubeConfig, Watch } from '@kubernetes/client-node';
import { Etcd3 } from 'etcd3';
import t from 'tap';
import { startCluster } from './cluster.ts';
import { until } from './until.ts';

t.test('clients as people install them', async (t) => {
  const cluster = await startCluster(t, { kubelets: 1, schedulers: 1, controllers: 1 });

  await t.test('npm etcd3: put, get, transaction, lease, watch, lock and election', async (t) => {
    const client = new Etcd3({ hosts: cluster.endpoints.map((endpoint) => `http://${endpoint}`) });
    t.teardown(() => client.close());
    const watcher = await client.watch().prefix('jobs/').create();
    const seen: string[] = [];
    watcher.on('put', ({ key, value }) => void seen.push(`${key.toString()}=${value.toString()}`));
    await client.put('jobs/1').value('queued');
    t.equal(await client.get('jobs/1').string(), 'queued');
    const swapped = await client
      .if('jobs/1', 'Value', '==', 'queued')
      .then(client.put('jobs/1').value('running'))
      .else(client.put('jobs/1').value('lost'))
      .commit();
    t.equal(swapped.succeeded, true);
    const lease = client.lease(10);
    await lease.put('jobs/worker').value('me');
    await until('the watcher has seen the three puts', () => seen.length === 3);
    t.same(seen, ['jobs/1=queued', 'jobs/1=running', 'jobs/worker=me']);
    await lease.revoke();
    t.equal(await client.get('jobs/worker').string(), null, 'the key went with its lease');
    const held = await client.lock('jobs/lock').do(() => client.getAll().prefix('jobs/lock').keys());
    t.equal(held.length, 1);
    await watcher.cancel();
  });

  await t.test('@kubernetes/client-node: create, watch, scale and delete', async (t) => {
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    const core = config.makeApiClient(CoreV1Api);
    const apps = config.makeApiClient(AppsV1Api);
    const { items: nodes } = await core.listNode();
    t.equal(nodes.length, 1);

    const running = new Set<string>();
    const aborted = await new Watch(config).watch(
      '/api/v1/namespaces/default/pods',
      { labelSelector: 'app=client' },
      (_phase, pod: { metadata: { name: string }; status?: { phase?: string } }) => {
        if (pod.status?.phase === 'Running') running.add(pod.metadata.name);
      },
      () => undefined,
    );
    t.teardown(() => aborted.abort());
    const labels = { app: 'client' };
    const command = ['node', '-e', 'setInterval(() => {}, 1000)'];
    await apps.createNamespacedDeployment({
      namespace: 'default',
      body: {
        metadata: { name: 'client' },
        spec: {
          replicas: 1,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'node', command }] } },
        },
      },
    });
    await until('one pod runs', () => running.size === 1);
    await until('the scale is written over its newest version', async () => {
      const scale = await apps.readNamespacedDeploymentScale({ namespace: 'default', name: 'client' });
      scale.spec = { replicas: 2 };
      try {
        await apps.replaceNamespacedDeploymentScale({ namespace: 'default', name: 'client', body: scale });
        return true;
      } catch (error) {
        // The deployment's status was written in between.
        if (error instanceof ApiException && error.code === 409) return false;
        throw error;
      }
    });
    await until('two pods have run', () => running.size === 2);
    await apps.deleteNamespacedDeployment({ namespace: 'default', name: 'client' });
    await until(
      'no pod is left',
      async () => (await core.listNamespacedPod({ namespace: 'default' })).items.length === 0,
    );
  });
});
