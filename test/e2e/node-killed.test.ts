/** kill -9 of what runs pods: a pod's process, and a kubelet. */
import type { Pod } from '@flotilla/api';
import t from 'tap';
import { exampleManifest, startCluster } from './cluster.ts';
import { fetchText, podsOf, serviceUrl, untilReady } from './objects.ts';
import { childProcesses } from './processes.ts';
import { until } from './until.ts';

t.test('a killed process of a pod is started again in the same pod', async (t) => {
  const cluster = await startCluster(t, { kubelets: 1, brains: 1, apiServers: 1, schedulers: 1, controllers: 1 });
  await cluster.kubectl('apply', '-f', exampleManifest);
  const [pod] = await untilReady(cluster, 3);
  const name = pod?.metadata.name ?? '';
  const [victim] = childProcesses((environment) => environment.includes(`POD_NAME=${name}\0`));
  t.ok(victim, 'the process of the pod is found');
  process.kill(victim ?? -1, 'SIGKILL');
  await until('the container has restarted and is ready', async () => {
    const now = (await podsOf(cluster)).find(({ metadata }) => metadata.name === name);
    const status = now?.status?.containerStatuses?.[0];
    return status?.restartCount === 1 && status.ready;
  });
  const now = (await podsOf(cluster)).find(({ metadata }) => metadata.name === name);
  t.equal(now?.metadata.uid, pod?.metadata.uid, 'it is the same pod');
  t.equal(now?.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 128 + 9);
});

t.test('the pods of a killed kubelet move, and their service never answers from an old process again', async (t) => {
  const cluster = await startCluster(t, { kubelets: 2, monitorGraceSeconds: 10, schedulers: 1, controllers: 1 });
  await cluster.kubectl('apply', '-f', exampleManifest);
  const before = await untilReady(cluster, 3);
  const url = await serviceUrl(cluster);
  const lost = before.filter(({ spec }) => spec?.nodeName === 'node-1');
  t.ok(lost.length > 0, 'node-1 has pods');

  // The supervisor would bring the kubelet back at once; a stopped process is as good as dead, and stays so.
  const kubelet = cluster.pidOf('node-1');
  process.kill(kubelet, 'SIGSTOP');
  const gone = new Set(lost.map(({ metadata }) => metadata.uid));
  let after: readonly Pod[] = [];
  await until('three pods are ready, none of them a lost one', async () => {
    after = (await podsOf(cluster)).filter(({ metadata }) => !gone.has(metadata.uid));
    return after.length === 3 && after.every((pod) => pod.spec?.nodeName === 'node-2' && pod.status?.podIP);
  });
  after = await untilMoved(cluster, gone);

  const oldNames = new Set(lost.map(({ metadata }) => metadata.name));
  const answers = new Set<string>();
  for (let i = 0; i < 60; i++) answers.add((await fetchText(url)).trim().replace('hello from ', ''));
  t.same(
    [...answers].filter((name) => oldNames.has(name)),
    [],
    'no moved pod answers',
  );
  t.same([...answers].sort(), after.map(({ metadata }) => metadata.name).sort());

  process.kill(kubelet, 'SIGKILL');
  await cluster.untilBack('node-1', kubelet);
  await until('the kubelet that came back has ended the old processes', () =>
    [...oldNames].every(
      (name) => childProcesses((environment) => environment.includes(`POD_NAME=${name}\0`)).length === 0,
    ),
  );
  await until('the node is ready again', async () => {
    const { stdout } = await cluster.kubectl('get', 'nodes', '--no-headers');
    return (stdout.match(/ Ready /g)?.length ?? 0) === 2;
  });
});

/** The pods other than the lost ones, once they all are ready. */
async function untilMoved(
  cluster: Awaited<ReturnType<typeof startCluster>>,
  gone: ReadonlySet<string | undefined>,
): Promise<readonly Pod[]> {
  let pods: readonly Pod[] = [];
  await until('the moved pods are ready', async () => {
    pods = await podsOf(cluster);
    return (
      pods.length === 3 &&
      pods.every(
        ({ metadata, status }) =>
          !gone.has(metadata.uid) &&
          status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
      )
    );
  });
  return pods;
}
