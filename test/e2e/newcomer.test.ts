/** The walk of the README, command by command, with the kubectl and etcdctl of the machine. */
import type { Node } from '@flotilla/api';
import t from 'tap';
import { exampleManifest, startCluster } from './cluster.ts';
import { fetchText, serviceUrl, untilReady } from './objects.ts';
import { isAlive } from './processes.ts';
import { missingTools } from './tools.ts';
import { until } from './until.ts';

t.test("the newcomer's walk", { skip: missingTools('kubectl', 'etcdctl') }, async (t) => {
  const cluster = await startCluster(t);

  await t.test('kubectl get nodes shows three ready nodes', async (t) => {
    const { items } = (await cluster.kubectlJson('get', 'nodes')) as { items: Node[] };
    const ready = items.filter(({ status }) =>
      status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
    );
    t.same(ready.map(({ metadata }) => metadata.name).sort(), ['node-1', 'node-2', 'node-3']);
  });

  await t.test('kubectl apply makes three replicas, spread over the nodes', async (t) => {
    const applied = await cluster.kubectl('apply', '-f', exampleManifest);
    t.equal(applied.stdout, 'deployment.apps/web created\nservice/web created\n', applied.stderr);
    const pods = await untilReady(cluster, 3);
    t.same(pods.map(({ spec }) => spec?.nodeName ?? '').sort(), ['node-1', 'node-2', 'node-3']);
    const { stdout } = await cluster.kubectl('get', 'pods', '-o', 'wide');
    t.match(stdout, /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE/);
    t.equal(stdout.match(/ 1\/1 +Running /g)?.length, 3, stdout);
  });

  await t.test('a second apply changes nothing', async (t) => {
    const { stdout } = await cluster.kubectl('apply', '-f', exampleManifest);
    t.equal(stdout, 'deployment.apps/web unchanged\nservice/web unchanged\n');
  });

  await t.test('kubectl logs shows what a replica wrote', async (t) => {
    const { stdout, stderr } = await cluster.kubectl('logs', 'deploy/web');
    t.match(stdout, /^listening on 8080/m, stderr);
  });

  await t.test("the service's address is answered by the replicas in turn", async (t) => {
    const url = await serviceUrl(cluster);
    const answers = new Set<string>();
    await until('all three replicas have answered', async () => {
      answers.add(await fetchText(url));
      return answers.size === 3;
    });
    for (const answer of answers) t.match(answer, /^hello from web-[\w-]+\n$/);
  });

  await t.test('kubectl scale and kubectl rollout status agree on six replicas', async (t) => {
    const scaled = await cluster.kubectl('scale', 'deploy/web', '--replicas=6');
    t.equal(scaled.stdout, 'deployment.apps/web scaled\n', scaled.stderr);
    const { code, stderr } = await cluster.kubectl('rollout', 'status', 'deploy/web', '--timeout=120s');
    t.equal(code, 0, stderr);
    await untilReady(cluster, 6);
  });

  await t.test('a misspelt field is refused with its path, and nothing is made', async (t) => {
    const patch = JSON.stringify({ spec: { template: { spec: { hostnames: 'x' } } } });
    const { code, stderr } = await cluster.kubectl('patch', 'deploy/web', '--type=merge', '-p', patch);
    t.equal(code, 0, 'kubectl patch warns and goes on');
    t.match(stderr, /unknown field "spec\.template\.spec\.hostnames"/);
  });

  await t.test('kubectl delete takes it all away', async (t) => {
    const { stdout, stderr } = await cluster.kubectl('delete', '-f', exampleManifest);
    t.equal(stdout, 'deployment.apps "web" deleted\nservice "web" deleted\n', stderr);
    await untilReady(cluster, 0);
  });

  await t.test('etcdctl endpoint status shows three members and one leader', async (t) => {
    const { stdout, stderr } = await cluster.etcdctl('endpoint', 'status', '-w', 'table');
    const rows = stdout.split('\n').filter((line) => /127\.0\.0\.1/.test(line));
    t.equal(rows.length, 3, stderr);
    t.equal(rows.filter((row) => / true \|/.test(row)).length, 1, stdout);
  });

  await t.test('Ctrl-C stops everything, and the next start finds the state', async (t) => {
    await cluster.kubectl('create', 'configmap', 'kept', '--from-literal=a=b');
    const { pid, processes } = cluster.running();
    t.equal(await cluster.stop(), 0, cluster.printed());
    for (const { name, pid: one } of [...processes, { name: 'flotilla up', pid }]) {
      t.notOk(one !== undefined && isAlive(one), `${name} is gone`);
    }
    await cluster.start();
    const { stdout } = await cluster.kubectl('get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}');
    t.equal(stdout, 'b');
  });
});
