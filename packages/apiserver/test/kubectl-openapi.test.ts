/** What kubectl makes of our OpenAPI documents, v2 for old ones: validation, patches that it computes itself, explanations. */
import t from 'tap';
import { parseJson, startCluster } from './support/cluster.ts';
import { type Kubectl, createKubectl, hasKubectl, kubectlBinaries } from './support/kubectl.ts';

if (!hasKubectl) t.bailout('no kubectl on this machine');

const cluster = await startCluster();
t.teardown(() => cluster.stop());

const manifest = (env: string, ports: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: none
          env: [${env}]
          ports: [${ports}]
`;
const before = manifest('{name: KEPT, value: "1"}, {name: GONE, value: "1"}', '{name: http, containerPort: 80}');
const after = manifest('{name: KEPT, value: "2"}', '{name: http, containerPort: 80}, {name: more, containerPort: 81}');

for (const binary of kubectlBinaries()) {
  void t.test(binary, async (t) => {
    const kubectl = await createKubectl(cluster.server.address, cluster.authority.ca, cluster.admin, binary);
    t.teardown(() => kubectl.remove());
    await appliesChanges(t, kubectl);
    await explains(t, kubectl);
  });
}

type Test = Pick<typeof t, 'equal' | 'match' | 'not'>;

async function appliesChanges(t: Test, kubectl: Kubectl): Promise<void> {
  const apply = (text: string) => kubectl.run(['apply', '-f', '-'], text);
  t.match(await apply(before), { code: 0, stdout: 'deployment.apps/web created\n' });
  t.match(await kubectl.run(['set', 'env', 'deploy/web', 'FOREIGN=1']), { code: 0 });
  t.equal((await kubectl.run(['diff', '-f', '-'], before)).code, 0, 'what others have added is no difference');
  const difference = await kubectl.run(['diff', '-f', '-'], after);
  t.equal(difference.code, 1, difference.stderr);
  t.match(difference.stdout, /-        - name: GONE/);
  t.match(await apply(after), { code: 0, stdout: 'deployment.apps/web configured\n' });
  const { stdout } = await kubectl.run(['get', 'deploy', 'web', '-o', 'json']);
  t.match(parseJson(stdout).spec.template.spec.containers, [
    {
      env: [
        { name: 'KEPT', value: '2' },
        { name: 'FOREIGN', value: '1' },
      ],
      ports: [
        { name: 'http', containerPort: 80, protocol: 'TCP' },
        { name: 'more', containerPort: 81, protocol: 'TCP' },
      ],
    },
  ]);
  const misspelt = await apply(after.replace('containerPort: 81', 'containerPort: 81, protocl: UDP'));
  t.not(misspelt.code, 0);
  t.match(misspelt.stderr, 'unknown field "spec.template.spec.containers[0].ports[1].protocl"');
  t.match(await kubectl.run(['delete', 'deploy', 'web']), { code: 0 });
}

async function explains(t: Test, kubectl: Kubectl): Promise<void> {
  for (const output of ['plaintext', 'plaintext-openapiv2']) {
    const explain = async (what: string): Promise<string> => {
      const { code, stdout, stderr } = await kubectl.run(['explain', what, `--output=${output}`]);
      t.equal(code, 0, `${what} ${output} ${stderr}`);
      return stdout;
    };
    t.match(await explain('deployment.spec.replicas'), /FIELD: +replicas <integer>/);
    t.match(await explain('pod.spec.containers'), /livenessProbe\t<(Probe|Object)>/);
    t.match(await explain('service.spec.ports.targetPort'), /<(IntOrString|string)>/);
  }
}
