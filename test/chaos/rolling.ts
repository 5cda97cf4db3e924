/**
 * A deployment is rolled again and again, and while it is, whoever leads is killed: the store's leader, the scheduler's, the
 * controllers'. Each rollout ends, and makes exactly as many pods as it must.
 */
import type { Pod } from '@flotilla/api';
import { seededRandomness } from '@flotilla/base';
import { type Cluster, type Teardown, exampleManifest, startCluster } from '../e2e/cluster.ts';
import { isReady, leaderOf, leadingBrain, podsOf, untilReady } from '../e2e/objects.ts';
import { watchPods } from '../e2e/pod-history.ts';
import { until } from '../e2e/until.ts';
import { pause } from './pause.ts';

export interface RollingOptions {
  readonly seed: number;
  readonly rollouts: number;
  readonly killsEach: number;
}

export interface RollingReport {
  /** Components that were killed while they led. */
  readonly killed: readonly string[];
  readonly podsCreated: number;
  /** From a change of the template until all its pods are ready and the others gone. */
  readonly longestRolloutMs: number;
  readonly wrong: readonly string[];
}

const replicas = 3;

const leaders: readonly ((cluster: Cluster) => Promise<string>)[] = [
  leadingBrain,
  (cluster) => leaderOf(cluster, 'kube-scheduler'),
  (cluster) => leaderOf(cluster, 'kube-controller-manager'),
];

export async function runRolling(t: Teardown, { seed, rollouts, killsEach }: RollingOptions): Promise<RollingReport> {
  const randomness = seededRandomness(seed);
  const cluster = await startCluster(t, { electionTtlSeconds: 2, kubelets: 2 });
  const history = await watchPods(t, cluster);
  await apply(cluster, ['apply', '-f', exampleManifest]);
  await untilReady(cluster, replicas);
  const killed: string[] = [];
  let longestRolloutMs = 0;
  for (let rollout = 1; rollout <= rollouts; rollout++) {
    const beganMs = performance.now();
    await apply(cluster, ['patch', 'deploy/web', '--type=strategic', '-p', JSON.stringify(templateOf(rollout))]);
    for (let kill = 0; kill < killsEach; kill++) {
      await pause(1500 * randomness.next());
      const leader = await leaders[killed.length % leaders.length]?.(cluster);
      if (leader !== undefined && killOne(cluster, leader)) killed.push(leader);
    }
    await until(`rollout ${rollout} is complete`, async () => isComplete(await podsOf(cluster), rollout));
    longestRolloutMs = Math.max(longestRolloutMs, performance.now() - beganMs);
  }
  await history.catchUp();
  const podsCreated = history.created.length;
  const expected = replicas * (rollouts + 1);
  const wrong = podsCreated === expected ? [] : [`${podsCreated} pods were created, not ${expected}`];
  return { killed, podsCreated, longestRolloutMs, wrong };
}

/** A command that the API server answers, whoever was killed a moment ago. */
async function apply(cluster: Cluster, args: readonly string[]): Promise<void> {
  await until(`kubectl ${args[0] ?? ''} is accepted`, async () => (await cluster.kubectl(...args)).code === 0);
}

function templateOf(rollout: number): unknown {
  return { spec: { template: { metadata: { annotations: { rollout: String(rollout) } } } } };
}

function isComplete(pods: readonly Pod[], rollout: number): boolean {
  const isNew = ({ metadata }: Pod): boolean => metadata.annotations?.['rollout'] === String(rollout);
  return pods.length === replicas && pods.every((pod) => isNew(pod) && isReady(pod));
}

/** False when it does not run at the moment: it is being started again. */
function killOne(cluster: Cluster, name: string): boolean {
  const process = cluster.running().processes.find((one) => one.name === name);
  if (process?.pid === undefined) return false;
  cluster.kill(name);
  return true;
}
