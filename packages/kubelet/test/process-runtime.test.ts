import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import type { ContainerConfig, ContainerStatus, RuntimeService } from '@flotilla/kubelet';
import {
  containerConfig,
  logTexts,
  openBench,
  processRuns,
  sandboxConfig,
  until,
  type RuntimeBench,
} from './runtime-bench.ts';

const sh = (program: string): readonly string[] => ['/bin/sh', '-c', program];

function bench(test: Test): RuntimeBench {
  const opened = openBench();
  test.teardown(() => opened.close());
  return opened;
}

async function start(runtime: RuntimeService, sandboxId: string, config: ContainerConfig): Promise<string> {
  const { container_id: id } = await runtime.createContainer({ pod_sandbox_id: sandboxId, config });
  await runtime.startContainer({ container_id: id });
  return id;
}

async function statusOf(runtime: RuntimeService, id: string): Promise<ContainerStatus> {
  return (await runtime.containerStatus({ container_id: id })).status;
}

function ended(runtime: RuntimeService, id: string): Promise<ContainerStatus> {
  return until(async () => {
    const status = await statusOf(runtime, id);
    return status.state === 'CONTAINER_EXITED' && status;
  });
}

/** The first line that the container wrote. */
async function firstLine(runtime: RuntimeService, id: string): Promise<string> {
  const { log_path: path } = await statusOf(runtime, id);
  return until(() => logTexts(path)[0]);
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

t.test('a container starts in its own directory with the variables of its pod and nothing else of ours', async (t) => {
  process.env['KUBELET_SECRET'] = 'hidden';
  const { runtime, ...rest } = bench(t);
  const { pod_sandbox_id: pod } = await runtime.runPodSandbox({ config: sandboxConfig(rest, 'web-1') });
  const { status: sandbox } = await runtime.podSandboxStatus({ pod_sandbox_id: pod });
  const program = 'echo "$POD_IP $HOSTNAME $COLOUR $KUBELET_SECRET"; pwd; echo "$HOME/data"';
  const id = await start(
    runtime,
    pod,
    containerConfig(sh(program), { envs: [{ key: 'COLOUR', value: 'red' }], working_dir: 'data' }),
  );
  const status = await ended(runtime, id);
  const [variables, directory, expected] = logTexts(status.log_path);
  t.equal(variables, `${sandbox.network.ip} web-1 red `);
  t.equal(directory, expected);
});

t.test('a volume is seen under its mount path within the container', async (t) => {
  const opened = bench(t);
  const volume = join(opened.directory, 'volume');
  mkdirSync(volume);
  writeFileSync(join(volume, 'greet.sh'), 'echo "hello from $(pwd -P)"');
  const { pod_sandbox_id: pod } = await opened.runtime.runPodSandbox({ config: sandboxConfig(opened) });
  const mounts = [{ container_path: '/app', host_path: volume, readonly: true }];
  const id = await start(
    opened.runtime,
    pod,
    containerConfig(['/bin/sh', 'greet.sh'], { mounts, working_dir: '/app' }),
  );
  t.same(logTexts((await ended(opened.runtime, id)).log_path), [`hello from ${volume}`]);
  const outside = containerConfig(sh('true'), {
    mounts: [{ container_path: '../x', host_path: volume, readonly: true }],
  });
  const { container_id: bad } = await opened.runtime.createContainer({ pod_sandbox_id: pod, config: outside });
  await t.rejects(opened.runtime.startContainer({ container_id: bad }), { message: /outside the container/ });
});

t.test('Node servers on the unspecified address listen on the address of their pod', async (t) => {
  const opened = bench(t);
  const port = 20_000 + (process.pid % 20_000);
  const program = `require('http').createServer((q, r) => r.end(process.env.HOSTNAME)).listen(${port}, () => console.log('up'))`;
  const forms = [
    program,
    program.replace(`${port},`, `{ port: ${port} },`),
    program.replace(`${port},`, `${port}, '0.0.0.0',`),
  ];
  for (const [index, form] of forms.entries()) {
    const config = sandboxConfig(opened, `pod-${index}`);
    const { pod_sandbox_id: pod } = await opened.runtime.runPodSandbox({ config });
    const id = await start(opened.runtime, pod, containerConfig(['node', '-e', form]));
    t.equal(await firstLine(opened.runtime, id), 'up');
    const { status } = await opened.runtime.podSandboxStatus({ pod_sandbox_id: pod });
    t.equal(await fetchText(`http://${status.network.ip}:${port}`), `pod-${index}`, 'three pods share one port');
  }
});

t.test(
  'a container takes its whole family with it, daemons included',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const { runtime, ...rest } = bench(t);
    const { pod_sandbox_id: pod } = await runtime.runPodSandbox({ config: sandboxConfig(rest) });
    const program = 'setsid sleep 3600 & a=$!; sleep 3600 & echo "$a $!"; wait';
    const id = await start(runtime, pod, containerConfig(sh(program)));
    const pids = (await firstLine(runtime, id)).split(' ').map(Number);
    t.ok(pids.length === 2 && pids.every(processRuns));
    await runtime.stopContainer({ container_id: id, timeout: 60 });
    t.notOk(pids.some(processRuns));

    const short = await start(runtime, pod, containerConfig(sh('sleep 3600 & echo $!; exit 5')));
    t.equal((await ended(runtime, short)).exit_code, 5);
    t.notOk(processRuns(Number(await firstLine(runtime, short))), 'also when it ends by itself');
  },
);

t.test('an exit by signal has the code that a shell gives it', async (t) => {
  const { runtime, ...rest } = bench(t);
  const { pod_sandbox_id: pod } = await runtime.runPodSandbox({ config: sandboxConfig(rest) });
  const id = await start(runtime, pod, containerConfig(sh('kill -SEGV $$')));
  t.equal((await ended(runtime, id)).exit_code, 139);
});

t.test('a container without a command is refused with the reason', async (t) => {
  const { runtime, ...rest } = bench(t);
  const { pod_sandbox_id: pod } = await runtime.runPodSandbox({ config: sandboxConfig(rest) });
  await t.rejects(runtime.createContainer({ pod_sandbox_id: pod, config: containerConfig([]) }), {
    code: 'INVALID_CONTAINER',
    message: /no images/,
  });
});

t.test('no address is handed out twice, also after a restart, and a freed one comes last', async (t) => {
  const opened = openBench('127.99.77.0/29');
  t.teardown(() => opened.close());
  const run = async (): Promise<{ id: string; ip: string }> => {
    const { pod_sandbox_id: id } = await opened.runtime.runPodSandbox({ config: sandboxConfig(opened) });
    return { id, ip: (await opened.runtime.podSandboxStatus({ pod_sandbox_id: id })).status.network.ip };
  };
  const first = await run();
  t.equal(first.ip, '127.99.77.1');
  await opened.runtime.removePodSandbox({ pod_sandbox_id: first.id });
  const addresses = [await run(), await run(), await run()].map(({ ip }) => ip);
  opened.runtime.detach();
  opened.reopen();
  addresses.push((await run()).ip, (await run()).ip, (await run()).ip);
  t.same(
    addresses,
    [2, 3, 4, 5, 6, 1].map((last) => `127.99.77.${last}`),
  );
  await t.rejects(run(), { code: 'ADDRESSES_EXHAUSTED' });
});

t.test('two kubelets never share a data directory', (t) => {
  const opened = bench(t);
  t.throws(() => opened.reopen(), { code: 'DATA_DIR_IN_USE' });
  t.end();
});

t.test('an adopted container runs on, its log has each line once, and it can be stopped', async (t) => {
  const opened = bench(t);
  const { pod_sandbox_id: pod } = await opened.runtime.runPodSandbox({ config: sandboxConfig(opened) });
  const gate = join(opened.directory, 'gate');
  const program = `echo one; while [ ! -e ${gate} ]; do sleep 0.02; done; echo two; echo three >&2; exec sleep 3600`;
  const id = await start(opened.runtime, pod, containerConfig(sh(program)));
  t.equal(await firstLine(opened.runtime, id), 'one');
  opened.runtime.detach();
  writeFileSync(gate, '');
  const next = opened.reopen();
  const status = await statusOf(next, id);
  t.equal(status.state, 'CONTAINER_RUNNING');
  await until(() => logTexts(status.log_path).length >= 3);
  t.same(logTexts(status.log_path).sort(), ['one', 'three', 'two']);
  await next.stopContainer({ container_id: id, timeout: 60 });
  t.match(await statusOf(next, id), { state: 'CONTAINER_EXITED', exit_code: 137, reason: 'ContainerStatusUnknown' });
});

t.test(
  'a runtime that is killed leaves its containers to the next one',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const opened = bench(t);
    opened.runtime.detach();
    const kubelet = spawn(
      process.execPath,
      [fileURLToPath(new URL('./runtime-process.js', import.meta.url)), opened.directory],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [chunk] = (await once(kubelet.stdout, 'data')) as [Buffer];
    const { runs, ends, unrecorded } = JSON.parse(chunk.toString()) as Record<'runs' | 'ends' | 'unrecorded', string>;
    kubelet.kill('SIGKILL');
    await once(kubelet, 'exit');

    const pidOf = (id: string): number => {
      const path = join(opened.directory, 'runtime/containers', id, 'record.json');
      return (JSON.parse(readFileSync(path, 'utf8')) as { phase: { process: { pid: number } } }).phase.process.pid;
    };
    t.ok(processRuns(pidOf(runs)), 'a killed kubelet kills nobody');
    process.kill(pidOf(ends), 'SIGKILL');
    await until(() => !processRuns(pidOf(ends)));
    // As if the kubelet had died between spawn and record.
    const recordPath = join(opened.directory, 'runtime/containers', unrecorded, 'record.json');
    const unrecordedPid = pidOf(unrecorded);
    const record = JSON.parse(readFileSync(recordPath, 'utf8')) as Record<string, unknown>;
    writeFileSync(recordPath, JSON.stringify({ ...record, phase: { state: 'starting', startedAtMs: 1 } }));

    const next = opened.reopen();
    t.equal((await statusOf(next, runs)).state, 'CONTAINER_RUNNING');
    t.match(await ended(next, ends), { exit_code: 137, reason: 'ContainerStatusUnknown' });
    t.equal((await statusOf(next, unrecorded)).state, 'CONTAINER_RUNNING', 'found by its marker');
    t.equal(pidOf(unrecorded), unrecordedPid);
    await next.stopContainer({ container_id: unrecorded, timeout: 0 });
    t.notOk(processRuns(unrecordedPid));
  },
);

t.test(
  'processes whose container has no record are ended on start',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const opened = bench(t);
    const { pod_sandbox_id: pod } = await opened.runtime.runPodSandbox({ config: sandboxConfig(opened) });
    const id = await start(opened.runtime, pod, containerConfig(sh('echo $$; exec sleep 3600')));
    const pid = Number(await firstLine(opened.runtime, id));
    opened.runtime.detach();
    writeFileSync(join(opened.directory, 'runtime/containers', id, 'record.json'), '{"damaged"');
    const next = opened.reopen();
    await until(() => !processRuns(pid));
    await t.rejects(next.containerStatus({ container_id: id }), { code: 'CONTAINER_NOT_FOUND' });
  },
);
