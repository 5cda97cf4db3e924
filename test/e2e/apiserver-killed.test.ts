/** kill -9 of the API server that everybody uses: nobody notices. */
import t from 'tap';
import { exampleManifest, startCluster } from './cluster.ts';
import { leaderOf, untilReady } from './objects.ts';
import { until } from './until.ts';

const elections = ['kube-scheduler', 'kube-controller-manager'];

t.test("the kubeconfig's one address goes on answering, no leader changes, no pod restarts", async (t) => {
  const cluster = await startCluster(t, { kubelets: 2 });
  await cluster.kubectl('apply', '-f', exampleManifest);
  const before = await untilReady(cluster, 3);
  await until('both elections are led', async () => {
    const leaders = await Promise.all(elections.map((election) => leaderOf(cluster, election)));
    return leaders.every((leader) => leader !== '');
  });
  const leaders = await Promise.all(elections.map((election) => leaderOf(cluster, election)));

  // One after the other: whichever the components and kubectl use now, it is among them.
  for (const name of ['apiserver-1', 'apiserver-2']) {
    const oldPid = cluster.pidOf(name);
    cluster.kill(name);
    const { code, stderr } = await cluster.kubectl('get', 'nodes');
    t.equal(code, 0, `kubectl is answered right after ${name} was killed: ${stderr}`);
    await cluster.untilBack(name, oldPid);
  }

  await cluster.kubectl('scale', 'deploy/web', '--replicas=4');
  const after = await untilReady(cluster, 4);
  t.same(await Promise.all(elections.map((election) => leaderOf(cluster, election))), leaders, 'no leader changed');
  for (const { metadata } of before) {
    const now = after.find((pod) => pod.metadata.uid === metadata.uid);
    t.equal(now?.status?.containerStatuses?.[0]?.restartCount, 0, `${metadata.name} was not restarted`);
  }
});
