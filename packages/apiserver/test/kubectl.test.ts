import type { ChildProcess } from 'node:child_process';
import t from 'tap';
import { parseJson, startCluster } from './support/cluster.ts';
import { createKubectl, hasKubectl } from './support/kubectl.ts';

if (!hasKubectl) t.bailout('no kubectl on this machine');

const cluster = await startCluster();
t.teardown(() => cluster.stop());
const kubectl = await createKubectl(cluster.server.address, cluster.authority.ca, cluster.admin);
t.teardown(() => kubectl.remove());

/** Runs a command that must succeed; its output. */
async function ok(command: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await kubectl.run(command.split(' '), input);
  if (code !== 0) throw new Error(`kubectl ${command}: ${stderr}`);
  return stdout;
}

/** Runs a command that must fail; what it complains of. */
async function fails(command: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await kubectl.run(command.split(' '), input);
  if (code === 0) throw new Error(`kubectl ${command} succeeded: ${stdout}`);
  return stderr;
}

/** Follows what a command that goes on prints. */
function follow(process: ChildProcess): { printed(wanted: string): Promise<string> } {
  let output = '';
  let wake: () => void = () => undefined;
  process.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    wake();
  });
  return {
    async printed(wanted) {
      while (!output.includes(wanted)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return output;
    },
  };
}

const manifest = (image: string, extra = ''): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: ${image}, ports: [{containerPort: 8080}]${extra}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 8080}]}
`;

t.test('version, api-resources and explain', async (t) => {
  t.match(await ok('version'), 'Server Version: v1.32');
  const resources = await ok('api-resources');
  for (const row of [
    'pods po v1 true Pod',
    'deployments deploy apps/v1 true Deployment',
    'namespaces ns v1 false Namespace',
  ]) {
    t.match(resources, new RegExp(row.replaceAll(' ', ' +')), row);
  }
  t.match(await ok('api-versions'), /apps\/v1\n[^]*v1\n$/);
  t.match(await ok('explain deployment.spec.replicas'), /FIELD: replicas <integer>/);
  t.match(await ok('explain pod --recursive'), /containers\t<\[\]Container> -required-/);
});

t.test('apply creates, changes, leaves alone, and refuses a misspelt field with its path', async (t) => {
  t.equal(await ok('apply -f -', manifest('one')), 'deployment.apps/web created\nservice/web created\n');
  t.equal(await ok('apply -f -', manifest('two')), 'deployment.apps/web configured\nservice/web unchanged\n');
  t.match(
    await fails('apply -f -', manifest('two', ', imagePullPolcy: Always')),
    'unknown field "spec.template.spec.containers[0].imagePullPolcy"',
  );
  t.match(
    await fails('create -f -', manifest('two').replace('name: web}', 'nme: web}')),
    'unknown field "metadata.nme"',
  );
  t.equal((await kubectl.run(['diff', '-f', '-'], manifest('three'))).code, 1, 'diff finds a difference');
});

t.test('get prints the columns of the kind', async (t) => {
  t.match(await ok('get deploy'), /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/3 +0 +0 +\d+s\n$/);
  t.match(
    await ok('get svc -o wide'),
    /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR\nweb +ClusterIP +127\.96\.0\.\d+ +<none> +8080\/TCP +\d+s +app=web\n$/,
  );
  t.equal(await ok('get deploy web -o jsonpath={.spec.template.spec.containers[0].image}'), 'two');
  t.match(await ok('get all'), /service\/web[^]*deployment\.apps\/web/);
  t.match(await fails('get deploy none'), 'Error from server (NotFound): deployments.apps "none" not found');
  t.match(await ok('describe deploy web'), /Replicas: +3 desired/);
});

t.test('scale, label, annotate, patch, set and rollout change an object', async (t) => {
  await ok('scale deploy/web --replicas=5');
  await ok('label deploy/web tier=front');
  await ok('label deploy/web tier-');
  await ok('annotate deploy/web note=kept');
  await ok('patch deploy web --type=json -p [{"op":"add","path":"/spec/minReadySeconds","value":2}]');
  await ok('set image deploy/web web=three');
  await ok('rollout pause deploy/web');
  const object = parseJson(await ok('get deploy web -o json'));
  t.match(object, {
    metadata: { annotations: { note: 'kept' } },
    spec: { replicas: 5, minReadySeconds: 2, paused: true, template: { spec: { containers: [{ image: 'three' }] } } },
  });
  t.notOk('tier' in (object.metadata.labels ?? {}));
});

t.test('edit-like replace with an outdated version is refused', async (t) => {
  const object = parseJson(await ok('get svc web -o json'));
  await ok('annotate svc/web changed=yes');
  t.match(await fails('replace -f -', JSON.stringify(object)), 'Error from server (Conflict)');
});

t.test('create makes what its flags say', async (t) => {
  t.equal(await ok('create ns made'), 'namespace/made created\n');
  t.equal(await ok('create configmap c --from-literal=a=b -n made'), 'configmap/c created\n');
  t.equal(await ok('create secret generic s --from-literal=password=x -n made'), 'secret/s created\n');
  t.equal(await ok('get secret s -n made -o jsonpath={.data.password}'), 'eA==');
  t.equal(await ok('create deployment d --image=x --replicas=2 -n made'), 'deployment.apps/d created\n');
  t.equal(await ok('create serviceaccount sa -n made'), 'serviceaccount/sa created\n');
  t.equal(await ok('create service clusterip c --tcp=80:8080 -n made'), 'service/c created\n');
  t.equal(await ok('expose deployment d --port=80 -n made'), 'service/d exposed\n');
  t.match(await fails('create ns made'), 'Error from server (AlreadyExists): namespaces "made" already exists');
  t.match(await fails('create configmap c -n nowhere'), 'namespaces "nowhere" not found');
});

t.test('get -w shows changes as they come', async (t) => {
  const watching = kubectl.start(['get', 'cm', '-w', '-n', 'made']);
  const output = follow(watching);
  await output.printed('c ');
  await ok('create configmap later -n made');
  t.match(await output.printed('later'), /later +0 +\ds/);
  watching.kill();
});

t.test('wait ends when its condition holds, delete when the object is gone', async (t) => {
  await ok('run waiter --image=none');
  const waiting = ok('wait pod/waiter --for=condition=Ready --timeout=30s');
  const status = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
  await ok(`patch pod waiter --subresource=status --type=merge -p ${JSON.stringify(status)}`);
  t.equal(await waiting, 'pod/waiter condition met\n');
  t.equal(await ok('delete pod waiter'), 'pod "waiter" deleted\n');
  t.match(await fails('get pod waiter'), 'NotFound');
  t.equal(await ok('delete deploy,svc web'), 'deployment.apps "web" deleted\nservice "web" deleted\n');
});

t.test('cordon and drain empty a node', async (t) => {
  await ok('create -f -', 'apiVersion: v1\nkind: Node\nmetadata: {name: n1}');
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'bare' },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x' }] },
  };
  await ok('create -f -', JSON.stringify(pod));
  const draining = ok('drain n1 --force --grace-period=0');
  t.match(await draining, /pod\/bare evicted\nnode\/n1 drained/);
  t.match(await ok('get node n1'), 'SchedulingDisabled');
  await ok('uncordon n1');
});
