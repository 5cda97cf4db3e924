/** kill -9 of leading schedulers and controller managers: another takes over, and nothing is done twice. */
import { seededRandomness } from '@flotilla/base';
import t from 'tap';
import { type Cluster, exampleManifest, startCluster } from './cluster.ts';
import { leaderOf, untilReady } from './objects.ts';
import { watchPods } from './pod-history.ts';
import { until } from './until.ts';

const elections = { scheduler: 'kube-scheduler', controllers: 'kube-controller-manager' } as const;

async function untilLed(cluster: Cluster, election: string, otherThan = ''): Promise<string> {
  let leader = '';
  await until(`${election} is led`, async () => {
    leader = await leaderOf(cluster, election);
    return leader !== '' && leader !== otherThan;
  });
  return leader;
}

t.test('another scheduler and controller manager take over within TTL + 2 s, and work goes on', async (t) => {
  const ttlSeconds = 5;
  const cluster = await startCluster(t, { electionTtlSeconds: ttlSeconds, kubelets: 2 });
  await cluster.kubectl('apply', '-f', exampleManifest);
  await untilReady(cluster, 3);
  let replicas = 3;
  for (const [component, election] of Object.entries(elections)) {
    const leader = await untilLed(cluster, election);
    t.match(leader, component);
    const killedMs = performance.now();
    cluster.kill(leader);
    await untilLed(cluster, election, leader);
    const tookMs = performance.now() - killedMs;
    t.comment(`${election}: taken over after ${Math.round(tookMs)} ms`);
    t.ok(tookMs < (ttlSeconds + 2) * 1000, `${election} was taken over within TTL + 2 s`);
    await cluster.kubectl('scale', 'deploy/web', `--replicas=${++replicas}`);
    await untilReady(cluster, replicas);
  }
});

t.test('over 20 kills at random moments exactly N pods are created for N replicas', async (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  t.comment(`SEED=${seed}`);
  const randomness = seededRandomness(seed);
  const cluster = await startCluster(t, { electionTtlSeconds: 2, kubelets: 2 });
  const history = await watchPods(t, cluster);
  await cluster.kubectl('apply', '-f', exampleManifest);
  let replicas = 3;
  for (let kill = 0; kill < 20; kill++) {
    const [component, election] =
      kill % 2 === 0
        ? (['controllers', elections.controllers] as const)
        : (['scheduler', elections.scheduler] as const);
    replicas += 1;
    await cluster.kubectl('scale', 'deploy/web', `--replicas=${replicas}`);
    await new Promise((resolve) => setTimeout(resolve, randomness.next() * 300));
    const leader = await untilLed(cluster, election);
    const oldPid = cluster.pidOf(leader.startsWith(component) ? leader : `${component}-1`);
    process.kill(oldPid, 'SIGKILL');
    await until(`${replicas} pods were created`, () => history.created.length >= replicas);
  }
  await untilReady(cluster, replicas);
  await history.catchUp();
  t.equal(history.created.length, replicas, `${replicas} replicas, ${history.created.length} pods ever created`);
  t.equal(new Set(history.created).size, replicas);
});
