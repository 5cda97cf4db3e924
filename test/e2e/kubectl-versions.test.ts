/** The commands of the newcomer's walk with every kubectl of the machine, each against a cluster of its own namespace. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { type Cluster, type Output, exampleManifest, runCommand, startCluster } from './cluster.ts';
import { untilReady } from './objects.ts';
import { kubectlBinaries, missingTools } from './tools.ts';

t.test('every kubectl from 1.27 on walks the same way', { skip: missingTools('kubectl') }, async (t) => {
  const cluster = await startCluster(t, {
    processes: 'one',
    brains: 1,
    apiServers: 1,
    schedulers: 1,
    controllers: 1,
    kubelets: 1,
  });
  for (const binary of kubectlBinaries()) await t.test(binary, (t) => walk(t, cluster, binary));
});

type Test = Pick<typeof t, 'equal' | 'match' | 'not'>;

async function walk(t: Test, cluster: Cluster, binary: string): Promise<void> {
  const env = { ...process.env, HOME: cluster.directory, KUBECONFIG: cluster.kubeconfig };
  const kubectl = (...args: string[]): Promise<Output> => runCommand(binary, args, { env, cwd: cluster.directory });
  const prints = async (expected: RegExp | string, ...args: string[]): Promise<void> => {
    const { code, stdout, stderr } = await kubectl(...args);
    t.equal(code, 0, `kubectl ${args.join(' ')} ${stderr}`);
    if (typeof expected === 'string') t.equal(stdout, expected);
    else t.match(stdout, expected);
  };

  await prints(/node-1 +Ready/, 'get', 'nodes');
  await prints('deployment.apps/web created\nservice/web created\n', 'apply', '-f', exampleManifest);
  await untilReady(cluster, 3);
  await prints('deployment.apps/web unchanged\nservice/web unchanged\n', 'apply', '-f', exampleManifest);
  await prints(/ 1\/1 +Running .*127\./, 'get', 'pods', '-o', 'wide');
  await prints(/listening on 8080/, 'logs', 'deploy/web');
  await prints(/successfully rolled out/, 'rollout', 'status', 'deploy/web');
  await prints('deployment.apps/web scaled\n', 'scale', 'deploy/web', '--replicas=4');
  await untilReady(cluster, 4);
  await prints('deployment.apps/web labeled\n', 'label', 'deploy/web', 'tier=front');
  await prints(/Replicas: +4 desired/, 'describe', 'deploy/web');
  await prints(/KIND: +Deployment/, 'explain', 'deployment.spec.replicas');
  await prints(/deployments +deploy +apps\/v1 +true +Deployment/, 'api-resources');

  const misspelt = readFileSync(exampleManifest, 'utf8').replace('replicas: 3', 'replica: 3');
  const refused = await runCommand(binary, ['apply', '-f', '-'], { env, cwd: cluster.directory, input: misspelt });
  t.not(refused.code, 0);
  t.match(refused.stderr, /unknown field "spec\.replica"/, 'a misspelt field is refused with its path');

  await prints('deployment.apps "web" deleted\nservice "web" deleted\n', 'delete', '-f', exampleManifest);
  await untilReady(cluster, 0);
}
