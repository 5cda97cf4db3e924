import { existsSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { configMaps, events, leases, nodes, pods, secrets, type Pod } from '@flotilla/api';
import { testCertificates } from './certificates.ts';
import { isReady, main, openKubelet, sh, type KubeletBench } from './kubelet-bench.ts';
import { processRuns, until } from './runtime-bench.ts';

const linux = { skip: process.platform !== 'linux' && 'needs Linux' };

/** The log so far; empty while there is none. */
async function logOf(bench: KubeletBench, pod: string, query = ''): Promise<string> {
  const { status, text } = await bench.get(`/containerLogs/default/${pod}/main${query}`);
  return status === 200 ? text : '';
}

t.test('a kubelet registers its node and keeps its lease', async (t) => {
  const bench = await openKubelet(t, { nodeLeaseDurationSeconds: 1, labels: { zone: 'a' } });
  await bench.kubelet.registered;
  const node = await bench.client.resource(nodes).get({ name: 'node-1' });
  t.match(node.metadata.labels, { 'kubernetes.io/hostname': 'node-1', 'kubernetes.io/os': 'linux', zone: 'a' });
  t.match(node.status?.conditions, [{ type: 'MemoryPressure' }, {}, {}, { type: 'Ready', status: 'True' }]);
  t.equal(node.status?.daemonEndpoints?.kubeletEndpoint?.Port, bench.kubelet.port);
  t.equal(node.status?.allocatable?.['pods'], '110');
  const readLease = () => bench.client.resource(leases).get({ namespace: 'kube-node-lease', name: 'node-1' });
  const first = await until(() => readLease().catch(() => undefined));
  t.match(first.spec, { holderIdentity: 'node-1', leaseDurationSeconds: 1 });
  await until(async () => (await readLease()).spec?.renewTime !== first.spec?.renewTime);
});

t.test('a kubelet corrects its node when others change or delete it', async (t) => {
  const bench = await openKubelet(t);
  await bench.kubelet.registered;
  const resource = bench.client.resource(nodes);
  const conditions = [{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }];
  const patch = { type: 'application/strategic-merge-patch+json', body: { status: { conditions } } } as const;
  await resource.patch({ name: 'node-1' }, patch, { subresource: 'status' });
  await until(async () => (await resource.get({ name: 'node-1' })).status?.conditions?.at(-1)?.status === 'True');
  const { uid } = (await resource.get({ name: 'node-1' })).metadata;
  await resource.delete({ name: 'node-1' });
  const again = await until(() => resource.get({ name: 'node-1' }).catch(() => undefined));
  t.not(again.metadata.uid, uid);
});

t.test('a pod runs, says so, serves at its address, and ends when deleted', async (t) => {
  const bench = await openKubelet(t);
  const program = `require('net').createServer((s) => s.end('hello')).listen(${20_000 + (process.pid % 20_000)}, () => console.log(process.pid))`;
  await bench.createPod('web', { containers: [main(['node', '-e', program])] });
  const pod = await bench.podUntil('web', isReady);
  t.match(pod.status, { phase: 'Running', qosClass: 'BestEffort', hostIP: '127.0.0.1' });
  t.match(pod.status?.containerStatuses, [{ ready: true, started: true, restartCount: 0, state: { running: {} } }]);
  const log = await until(async () => (await logOf(bench, 'web')) || undefined);
  const socket = createConnection(20_000 + (process.pid % 20_000), pod.status?.podIP ?? '');
  const answer = await new Promise((resolve, reject) =>
    socket.once('data', (data) => resolve(data.toString())).once('error', reject),
  );
  t.equal(answer, 'hello');
  await bench.deletePod('web');
  await bench.podGone('web');
  t.notOk(processRuns(Number(log)));
  const told = (await bench.client.resource(events).list({ namespace: 'default' })).items.map(({ reason }) => reason);
  t.same(new Set(told), new Set(['Created', 'Started', 'Killing']));
});

t.test('a container that ends is restarted, at first at once, then with a back-off', async (t) => {
  const bench = await openKubelet(t);
  await bench.createPod('crash', { containers: [main(sh('echo "run"; exit 3'))] });
  const pod = await bench.podUntil(
    'crash',
    ({ status }) => status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
  );
  t.match(pod.status, { phase: 'Running' });
  t.match(pod.status?.containerStatuses?.[0], {
    restartCount: 1,
    ready: false,
    state: { waiting: { message: /^back-off 10s restarting failed container=main pod=crash_default\(/ } },
    lastState: { terminated: { exitCode: 3, reason: 'Error' } },
  });
  t.equal(await logOf(bench, 'crash', '?previous=true'), 'run\n');
});

t.test('a killed process of a pod is replaced', linux, async (t) => {
  const bench = await openKubelet(t);
  await bench.createPod('web', { containers: [main(sh('echo $$$$; exec sleep 3600'))] });
  await bench.podUntil('web', isReady);
  const first = Number(await until(async () => (await logOf(bench, 'web')) || undefined));
  process.kill(first, 'SIGKILL');
  const pod = await bench.podUntil(
    'web',
    (one) => isReady(one) && one.status?.containerStatuses?.[0]?.restartCount === 1,
  );
  t.match(pod.status?.containerStatuses?.[0]?.lastState, { terminated: { exitCode: 137 } });
});

t.test('restart policies decide how a pod ends', async (t) => {
  const bench = await openKubelet(t);
  await bench.createPod('good', { restartPolicy: 'OnFailure', containers: [main(sh('exit 0'))] });
  await bench.createPod('bad', { restartPolicy: 'Never', containers: [main(sh('exit 4'))] });
  const good = await bench.podUntil('good', ({ status }) => status?.phase === 'Succeeded');
  t.match(good.status?.containerStatuses?.[0]?.state, { terminated: { exitCode: 0, reason: 'Completed' } });
  const bad = await bench.podUntil('bad', ({ status }) => status?.phase === 'Failed');
  t.match(bad.status?.containerStatuses?.[0]?.state, { terminated: { exitCode: 4, reason: 'Error' } });
  t.notOk(isReady(bad));
  await bench.deletePod('good');
  await bench.podGone('good');
});

t.test('init containers run one after the other before the rest', async (t) => {
  const bench = await openKubelet(t);
  const write = (word: string) => sh(`echo ${word} >> shared/order`);
  const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
  await bench.createPod('steps', {
    restartPolicy: 'Never',
    volumes: [{ name: 'shared', emptyDir: {} }],
    initContainers: [
      { name: 'one', image: 'none', command: write('one'), volumeMounts },
      { name: 'two', image: 'none', command: write('two'), volumeMounts },
    ],
    containers: [main(sh('cat shared/order'), { volumeMounts })],
  });
  const pod = await bench.podUntil('steps', ({ status }) => status?.phase === 'Succeeded');
  t.equal(await logOf(bench, 'steps'), 'one\ntwo\n');
  t.match(
    pod.status?.conditions?.find(({ type }) => type === 'Initialized'),
    { status: 'True' },
  );
});

t.test('a failed init container ends a pod that is not restarted', async (t) => {
  const bench = await openKubelet(t);
  await bench.createPod('fails', {
    restartPolicy: 'Never',
    initContainers: [{ name: 'init', image: 'none', command: sh('exit 1') }],
    containers: [main(sh('true'))],
  });
  const pod = await bench.podUntil('fails', ({ status }) => status?.phase === 'Failed');
  t.match(pod.status?.containerStatuses, [{ state: { waiting: { reason: 'PodInitializing' } } }]);
});

t.test('variables come from the pod, ConfigMaps and Secrets, and expand in arguments', async (t) => {
  const bench = await openKubelet(t);
  const metadata = { name: 'config', namespace: 'default' };
  await bench.client
    .resource(configMaps)
    .create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { colour: 'blue' } });
  const data = { word: Buffer.from('open sesame').toString('base64') };
  await bench.client.resource(secrets).create({ apiVersion: 'v1', kind: 'Secret', metadata, data, type: 'Opaque' });
  await bench.createPod('env', {
    restartPolicy: 'Never',
    volumes: [{ name: 'files', secret: { secretName: 'config', defaultMode: 0o400 } }],
    containers: [
      main(sh('echo "$0|$FROM_word|$NODE|$LABEL|$IP|$POD_IP|$(cat secrets/word)"'), {
        args: ['$(COLOUR)-$$(COLOUR)-$(UNKNOWN)'],
        envFrom: [{ prefix: 'FROM_', secretRef: { name: 'config' } }],
        env: [
          { name: 'COLOUR', valueFrom: { configMapKeyRef: { name: 'config', key: 'colour' } } },
          { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
          { name: 'LABEL', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
          { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        ],
        volumeMounts: [{ name: 'files', mountPath: '/secrets' }],
      }),
    ],
  });
  const pod = await bench.podUntil('env', ({ status }) => status?.phase === 'Succeeded');
  const ip = pod.status?.podIP;
  t.equal(await logOf(bench, 'env'), `blue-$(COLOUR)-$(UNKNOWN)|open sesame|node-1|env|${ip}|${ip}|open sesame\n`);
});

t.test('a container that cannot be made waits with the reason', async (t) => {
  const bench = await openKubelet(t);
  await bench.createPod('waits', {
    containers: [main(sh('sleep 3600'), { envFrom: [{ configMapRef: { name: 'later' } }] })],
  });
  await bench.createPod('no-command', { containers: [{ name: 'main', image: 'nginx' }] });
  await bench.createPod('volume', {
    volumes: [{ name: 'disk', nfs: { server: 's', path: '/' } }],
    containers: [main(sh('true'))],
  });
  const waiting = (reason: string, text: RegExp) => (pod: Pod) => {
    const state = pod.status?.containerStatuses?.[0]?.state?.waiting;
    return state?.reason === reason && text.test(state.message ?? '');
  };
  await bench.podUntil('waits', waiting('CreateContainerConfigError', /configmap "later" not found/));
  await bench.podUntil('no-command', waiting('CreateContainerError', /no images/));
  const pod = await bench.podUntil('volume', waiting('ContainerCreating', /no nfs volumes/));
  t.equal(pod.status?.phase, 'Pending');
});

t.test('probes hold back, make ready and restart', async (t) => {
  const bench = await openKubelet(t);
  const gate = join(bench.directory, 'gate');
  await bench.createPod('probed', {
    containers: [
      main(sh('sleep 3600'), {
        startupProbe: { exec: { command: sh('true') }, periodSeconds: 1 },
        readinessProbe: { exec: { command: ['test', '-e', gate] }, periodSeconds: 1, failureThreshold: 1 },
      }),
    ],
  });
  const started = await bench.podUntil('probed', ({ status }) => status?.containerStatuses?.[0]?.started);
  t.notOk(isReady(started));
  t.match(
    started.status?.conditions?.find(({ type }) => type === 'Ready'),
    { reason: 'ContainersNotReady' },
  );
  writeFileSync(gate, '');
  await bench.podUntil('probed', isReady);

  const port = 40_000 + (process.pid % 20_000);
  const program = `const up = Date.now(); require('http').createServer((q, r) => { r.statusCode = q.url === '/ok' ? 204 : 500; r.end() }).listen(${port})`;
  await bench.createPod('http', {
    terminationGracePeriodSeconds: 1,
    containers: [
      main(['node', '-e', program], {
        ports: [{ name: 'web', containerPort: port }],
        readinessProbe: { httpGet: { path: '/ok', port: 'web' } },
        livenessProbe: {
          httpGet: { path: '/broken', port },
          periodSeconds: 1,
          failureThreshold: 2,
          initialDelaySeconds: 1,
        },
      }),
    ],
  });
  await bench.podUntil('http', isReady);
  await bench.podUntil('http', ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1);
});

t.test('deletion asks first, and a shorter grace shortens a longer one', async (t) => {
  const bench = await openKubelet(t);
  await bench.createPod('polite', {
    containers: [main(sh('trap "exit 0" TERM; echo up; while :; do sleep 0.05; done'))],
  });
  await bench.createPod('stubborn', { containers: [main(sh('trap "" TERM; echo up; while :; do sleep 0.05; done'))] });
  for (const name of ['polite', 'stubborn']) await until(async () => (await logOf(bench, name)) === 'up\n');
  await bench.deletePod('polite', 3600);
  await bench.podGone('polite');
  await bench.deletePod('stubborn', 3600);
  await bench.podUntil('stubborn', ({ metadata }) => metadata.deletionTimestamp !== undefined);
  await bench.deletePod('stubborn', 1);
  await bench.podGone('stubborn');
  t.pass('both are gone long before their first grace');
});

t.test('lifecycle hooks run after the start and before the end', async (t) => {
  const bench = await openKubelet(t);
  const mark = (name: string): string => join(bench.directory, name);
  await bench.createPod('hooks', {
    containers: [
      main(sh('exec sleep 3600'), {
        lifecycle: {
          postStart: { exec: { command: ['touch', mark('after-start')] } },
          preStop: { exec: { command: ['touch', mark('before-stop')] } },
        },
      }),
    ],
  });
  await bench.podUntil('hooks', isReady);
  t.ok(existsSync(mark('after-start')));
  t.notOk(existsSync(mark('before-stop')));
  await bench.deletePod('hooks');
  await bench.podGone('hooks');
  t.ok(existsSync(mark('before-stop')));
});

t.test('a pod that does not fit fails with the reason', async (t) => {
  const bench = await openKubelet(t);
  await bench.createPod('huge', { containers: [main(sh('true'), { resources: { requests: { cpu: '10000' } } })] });
  await bench.createPod('elsewhere', { nodeSelector: { zone: 'b' }, containers: [main(sh('true'))] });
  t.match((await bench.podUntil('huge', ({ status }) => status?.phase === 'Failed')).status, { reason: 'OutOfcpu' });
  const other = await bench.podUntil('elsewhere', ({ status }) => status?.phase === 'Failed');
  t.match(other.status, { reason: 'NodeAffinity' });
});

t.test('a pod that the API server lost is ended', linux, async (t) => {
  const bench = await openKubelet(t);
  await bench.createPod('lost', { containers: [main(sh('echo $$$$; exec sleep 3600'))] });
  const pid = Number(
    await until(async () => (await bench.pod('lost'))?.status?.phase === 'Running' && (await logOf(bench, 'lost'))),
  );
  await bench.deletePod('lost', 0);
  await until(() => !processRuns(pid));
});

t.test('a restarted kubelet adopts its pods and ends those that went away', linux, async (t) => {
  const bench = await openKubelet(t, { stopPodsOnClose: false });
  const pids: Record<string, number> = {};
  for (const name of ['stays', 'leaves']) {
    await bench.createPod(name, { containers: [main(sh('echo $$$$; exec sleep 3600'))] });
    await bench.podUntil(name, isReady);
    pids[name] = Number(await until(async () => (await logOf(bench, name)) || undefined));
  }
  const { stays = 0, leaves = 0 } = pids;
  await bench.kubelet.close();
  t.ok(processRuns(stays) && processRuns(leaves), 'closing leaves them running');
  await bench.deletePod('leaves', 0);
  await bench.start({ stopPodsOnClose: true });
  await until(() => !processRuns(leaves));
  const pod = await bench.podUntil('stays', isReady);
  t.equal(pod.status?.containerStatuses?.[0]?.restartCount, 0);
  await bench.createPod('new', { containers: [main(sh('sleep 3600'))] });
  await bench.podUntil('new', isReady);
  t.ok(processRuns(stays));
  await bench.kubelet.close();
  t.notOk(processRuns(stays), 'closed with stopPodsOnClose it leaves none');
});

t.test('a kubelet says again what others overwrote in a pod status', async (t) => {
  const bench = await openKubelet(t);
  await bench.createPod('web', { containers: [main(sh('sleep 3600'))] });
  await bench.podUntil('web', isReady);
  const body = { status: { conditions: [{ type: 'Ready', status: 'False', reason: 'NodeNotReady' }] } };
  const patch = { type: 'application/strategic-merge-patch+json', body } as const;
  await bench.client.resource(pods).patch({ namespace: 'default', name: 'web' }, patch, { subresource: 'status' });
  await bench.podUntil('web', isReady);
});

t.test('a kubelet that cannot reach the API server keeps its pods and reports later', async (t) => {
  const bench = await openKubelet(t);
  await bench.createPod('web', { containers: [main(sh('echo run; sleep 0.3; exit 1'))] });
  await bench.podUntil('web', isReady);
  bench.api.intercept = () => {
    throw new Error('down');
  };
  await until(async () => (await logOf(bench, 'web', '?previous=true')) === 'run\n');
  bench.api.intercept = () => undefined;
  await bench.podUntil('web', ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1);
});

t.test('the server wants the certificate of the API server', async (t) => {
  const bench = await openKubelet(t);
  t.same(await bench.get('/healthz'), { status: 200, text: 'ok' });
  t.equal((await bench.get('/healthz', (await testCertificates()).stranger)).status, 403);
  const nobody = { cert: '', key: '' };
  await t.rejects(bench.get('/healthz', nobody));
  t.equal((await bench.get('/nothing')).status, 404);
  t.match(JSON.parse((await bench.get('/pods')).text), { kind: 'PodList', items: [] });
});

t.test('logs are served whole, in part, with times, and as they come', async (t) => {
  const bench = await openKubelet(t);
  const gate = join(bench.directory, 'gate');
  await bench.createPod('logs', {
    restartPolicy: 'Never',
    containers: [main(sh(`echo one; echo two; while [ ! -e ${gate} ]; do sleep 0.02; done; echo three; printf end`))],
  });
  await until(async () => (await logOf(bench, 'logs')) === 'one\ntwo\n');
  t.equal(await logOf(bench, 'logs', '?tailLines=1'), 'two\n');
  t.equal(await logOf(bench, 'logs', '?tailLines=0'), '');
  t.equal(await logOf(bench, 'logs', '?limitBytes=5'), 'one\nt');
  t.match(await logOf(bench, 'logs', '?timestamps=true&tailLines=1'), /^\d{4}-\d\d-\d\dT[\d:.]+Z two\n$/);
  t.equal(await logOf(bench, 'logs', '?sinceSeconds=3600'), 'one\ntwo\n');
  t.equal(await logOf(bench, 'logs', `?sinceTime=${new Date(Date.now() + 60_000).toISOString()}`), '');
  const following = logOf(bench, 'logs', '?follow=true');
  writeFileSync(gate, '');
  t.equal(await following, 'one\ntwo\nthree\nend');
  t.equal((await bench.get('/containerLogs/default/logs/other')).status, 404);
  t.equal((await bench.get('/containerLogs/default/logs/main?tailLines=-1')).status, 400);
});

t.test('the log of a container that did not start says why there is none', async (t) => {
  const bench = await openKubelet(t);
  await bench.createPod('waits', {
    containers: [main(sh('true'), { envFrom: [{ configMapRef: { name: 'absent' } }] })],
  });
  await bench.podUntil('waits', ({ status }) => status?.containerStatuses?.[0]?.state?.waiting !== undefined);
  const { status, text } = await until(async () => {
    const answer = await bench.get('/containerLogs/default/waits/main');
    return answer.text.includes('CreateContainerConfigError') && answer;
  });
  t.equal(status, 400);
  t.equal(text, 'container "main" in pod "waits" is waiting to start: CreateContainerConfigError');
  t.same(await bench.get('/containerLogs/default/absent/main'), { status: 404, text: 'pod "absent" not found' });
});

t.test('a program that listens on all addresses of the machine gets an event', linux, async (t) => {
  const bench = await openKubelet(t);
  const program = "require('net').createServer().listen(0, '0.0.0.0')";
  // Without the preload: as a program that is not Node's.
  await bench.createPod('greedy', { containers: [main(sh(`unset NODE_OPTIONS; exec node -e "${program}"`))] });
  await bench.createPod('modest', { containers: [main(['node', '-e', program])] });
  const told = await until(async () => {
    const { items } = await bench.client.resource(events).list({ namespace: 'default' });
    return items.find(({ reason }) => reason === 'ListensOnAllAddresses');
  });
  t.match(told, { type: 'Warning', involvedObject: { name: 'greedy' }, message: /\$POD_IP/ });
});

t.test('a directory of another node or cluster is refused', async (t) => {
  const bench = await openKubelet(t);
  await bench.kubelet.close();
  await t.rejects(bench.start({ clusterId: 'other' }), { code: 'DATA_DIR_FOREIGN' });
  await t.rejects(bench.start({ nodeName: 'other' }), { code: 'DATA_DIR_FOREIGN' });
  await bench.start();
  await t.rejects(bench.start(), { code: 'DATA_DIR_IN_USE' });
});
