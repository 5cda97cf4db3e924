/**
 * What every implementation of {@link RuntimeService} must do, as a suite that any test runner can run: `register` gets a sentence and
 * a function that throws when the sentence is false.
 */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '@flotilla/base';
import type {
  ContainerConfig,
  ContainerEventResponse,
  ContainerState,
  PodSandboxConfig,
  RuntimeService,
} from './cri.ts';

export interface ComplianceOptions {
  register(sentence: string, run: () => Promise<void>): void;
  /** A fresh runtime and a directory for logs; `close` gives both back. */
  open(): Promise<{ readonly runtime: RuntimeService; readonly logDirectory: string; close(): Promise<void> }>;
  /** A command that runs this program text of `sh`. */
  shell(program: string): readonly string[];
}

interface Bench {
  readonly runtime: RuntimeService;
  readonly logDirectory: string;
  readonly sandboxConfig: PodSandboxConfig;
  runPod(): Promise<string>;
  create(sandboxId: string, program: string, name?: string): Promise<string>;
  stateOf(containerId: string): Promise<ContainerState>;
  /** Resolves when the container has ended. */
  ended(containerId: string): Promise<void>;
}

export function runtimeCompliance(options: ComplianceOptions): void {
  const sentence = (text: string, run: (bench: Bench) => Promise<void>): void => {
    options.register(text, async () => {
      // A container is no handle of this process, which would end while the suite awaits one.
      const alive = setInterval(() => undefined, 1 << 30);
      const { runtime, logDirectory, close } = await options.open();
      try {
        await run(createBench(options, { runtime, logDirectory }));
      } finally {
        await close();
        clearInterval(alive);
      }
    });
  };

  sentence('version names the runtime and speaks v1', async ({ runtime }) => {
    const version = await runtime.version();
    ok(version.runtime_name.length > 0);
    equal(version.runtime_api_version, 'v1');
  });

  sentence('status says that runtime and network are ready', async ({ runtime }) => {
    const { status } = await runtime.status();
    const conditions = status.conditions.map(({ type, status: holds }) => [type, holds]);
    deepEqual(Object.fromEntries(conditions), { RuntimeReady: true, NetworkReady: true });
  });

  sentence('a sandbox is ready with an address of its own and keeps what it was given', async (bench) => {
    const [first, second] = [await bench.runPod(), await bench.runPod()];
    const { status } = await bench.runtime.podSandboxStatus({ pod_sandbox_id: first });
    const other = await bench.runtime.podSandboxStatus({ pod_sandbox_id: second });
    equal(status.state, 'SANDBOX_READY');
    deepEqual(status.metadata, bench.sandboxConfig.metadata);
    deepEqual(status.labels, bench.sandboxConfig.labels);
    ok(status.network.ip !== other.status.network.ip);
  });

  sentence('sandboxes are listed by id, state and label', async (bench) => {
    const { runtime } = bench;
    const [first, second] = [await bench.runPod(), await bench.runPod()];
    await runtime.stopPodSandbox({ pod_sandbox_id: second });
    const ids = async (filter: Parameters<RuntimeService['listPodSandbox']>[0]['filter']): Promise<string[]> =>
      (await runtime.listPodSandbox(filter ? { filter } : {})).items.map(({ id }) => id).sort();
    deepEqual(await ids(undefined), [first, second].sort());
    deepEqual(await ids({ id: first }), [first]);
    deepEqual(await ids({ state: 'SANDBOX_NOTREADY' }), [second]);
    deepEqual(await ids({ label_selector: { app: 'compliance' } }), [first, second].sort());
    deepEqual(await ids({ label_selector: { app: 'other' } }), []);
  });

  sentence('a container goes from created to running to exited with its code', async (bench) => {
    const id = await bench.create(await bench.runPod(), 'exit 3');
    equal(await bench.stateOf(id), 'CONTAINER_CREATED');
    await bench.runtime.startContainer({ container_id: id });
    await bench.ended(id);
    const { status } = await bench.runtime.containerStatus({ container_id: id });
    equal(status.state, 'CONTAINER_EXITED');
    equal(status.exit_code, 3);
    equal(status.reason, 'Error');
    ok(status.started_at > 0n && status.finished_at >= status.started_at);
  });

  sentence('what a container writes is in its log when it has exited', async (bench) => {
    const id = await bench.create(await bench.runPod(), 'echo out; echo err >&2; printf unfinished');
    await bench.runtime.startContainer({ container_id: id });
    await bench.ended(id);
    const { status } = await bench.runtime.containerStatus({ container_id: id });
    equal(status.log_path, join(bench.logDirectory, 'main/0.log'));
    const lines = (await readFile(status.log_path, 'utf8')).trimEnd().split('\n');
    const entries = lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d) /, ''));
    deepEqual(entries.sort(), ['stderr F err', 'stdout F out', 'stdout P unfinished']);
  });

  sentence('stop asks first: a container may end in its own way', async (bench) => {
    const id = await bench.create(await bench.runPod(), 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done');
    await bench.runtime.startContainer({ container_id: id });
    await logHolds(bench, id, 'ready');
    await bench.runtime.stopContainer({ container_id: id, timeout: 60 });
    equal((await bench.runtime.containerStatus({ container_id: id })).status.exit_code, 7);
  });

  sentence('stop ends a container that does not listen, and a shorter call shortens a longer one', async (bench) => {
    const id = await bench.create(await bench.runPod(), 'trap "" TERM; echo ready; while :; do sleep 0.05; done');
    await bench.runtime.startContainer({ container_id: id });
    await logHolds(bench, id, 'ready');
    const patient = bench.runtime.stopContainer({ container_id: id, timeout: 3600 });
    await bench.runtime.stopContainer({ container_id: id, timeout: 0 });
    await patient;
    equal((await bench.runtime.containerStatus({ container_id: id })).status.exit_code, 137);
  });

  sentence('a program that is not there fails to start, and the container has exited with code 128', async (bench) => {
    const config = { ...containerConfig(options, 'exit'), command: ['/nonexistent/program'] };
    const { container_id: id } = await bench.runtime.createContainer({ pod_sandbox_id: await bench.runPod(), config });
    await rejects(
      bench.runtime.startContainer({ container_id: id }),
      (error) => codeOf(error) === 'CONTAINER_START_FAILED',
    );
    const { status } = await bench.runtime.containerStatus({ container_id: id });
    equal(status.state, 'CONTAINER_EXITED');
    equal(status.exit_code, 128);
    equal(status.reason, 'StartError');
  });

  sentence('a command can be run beside a container', async (bench) => {
    const id = await bench.create(await bench.runPod(), 'sleep 3600');
    await bench.runtime.startContainer({ container_id: id });
    const cmd = options.shell('echo "$COLOUR"; echo oops >&2; exit 4');
    const result = await bench.runtime.execSync({ container_id: id, cmd, timeout: 0 });
    equal(Buffer.from(result.stdout).toString(), 'blue\n');
    equal(Buffer.from(result.stderr).toString(), 'oops\n');
    equal(result.exit_code, 4);
    const endless = { container_id: id, cmd: options.shell('sleep 3600'), timeout: 0.1 };
    await rejects(bench.runtime.execSync(endless), (error) => codeOf(error) === 'EXEC_TIMEOUT');
  });

  sentence('stopping a sandbox ends its containers; it takes no new ones', async (bench) => {
    const sandboxId = await bench.runPod();
    const id = await bench.create(sandboxId, 'sleep 3600');
    await bench.runtime.startContainer({ container_id: id });
    await bench.runtime.stopPodSandbox({ pod_sandbox_id: sandboxId });
    equal(await bench.stateOf(id), 'CONTAINER_EXITED');
    const { status } = await bench.runtime.podSandboxStatus({ pod_sandbox_id: sandboxId });
    equal(status.state, 'SANDBOX_NOTREADY');
    await rejects(bench.create(sandboxId, 'true'), (error) => codeOf(error) === 'SANDBOX_NOT_READY');
  });

  sentence('removing a sandbox removes all of it; stop and remove may be repeated', async (bench) => {
    const { runtime } = bench;
    const sandboxId = await bench.runPod();
    const id = await bench.create(sandboxId, 'sleep 3600');
    await runtime.startContainer({ container_id: id });
    await runtime.removePodSandbox({ pod_sandbox_id: sandboxId });
    deepEqual((await runtime.listPodSandbox({})).items, []);
    deepEqual((await runtime.listContainers({})).containers, []);
    await rejects(runtime.containerStatus({ container_id: id }), (error) => codeOf(error) === 'CONTAINER_NOT_FOUND');
    const request = { pod_sandbox_id: sandboxId };
    await rejects(runtime.podSandboxStatus(request), (error) => codeOf(error) === 'SANDBOX_NOT_FOUND');
    await runtime.stopContainer({ container_id: id, timeout: 1 });
    await runtime.removeContainer({ container_id: id });
    await runtime.stopPodSandbox(request);
    await runtime.removePodSandbox(request);
  });

  sentence('removing a running container ends it', async (bench) => {
    const id = await bench.create(await bench.runPod(), 'sleep 3600');
    await bench.runtime.startContainer({ container_id: id });
    await bench.runtime.removeContainer({ container_id: id });
    deepEqual((await bench.runtime.listContainers({})).containers, []);
  });

  sentence('events tell each step of a container in order', async (bench) => {
    const controller = new AbortController();
    const events = bench.runtime.getContainerEvents({ signal: controller.signal })[Symbol.asyncIterator]();
    const id = await bench.create(await bench.runPod(), 'exit 0');
    await bench.runtime.startContainer({ container_id: id });
    await bench.ended(id);
    await bench.runtime.removeContainer({ container_id: id });
    const seen: ContainerEventResponse[] = [];
    while (seen.length < 4) {
      const next = await events.next();
      if (next.done === true) break;
      seen.push(next.value);
    }
    controller.abort();
    ok(seen.every((event) => event.container_id === id));
    deepEqual(
      seen.map((event) => event.container_event_type.replace(/^CONTAINER_|_EVENT$/g, '')),
      ['CREATED', 'STARTED', 'STOPPED', 'DELETED'],
    );
    equal((await events.next()).done, true);
  });
}

function createBench(
  options: ComplianceOptions,
  { runtime, logDirectory }: { readonly runtime: RuntimeService; readonly logDirectory: string },
): Bench {
  const sandboxConfig: PodSandboxConfig = {
    metadata: { name: 'pod', uid: 'uid-of-the-pod', namespace: 'default', attempt: 0 },
    hostname: 'pod',
    log_directory: logDirectory,
    labels: { app: 'compliance' },
    annotations: { note: 'kept' },
  };
  const stateOf = async (id: string): Promise<ContainerState> =>
    (await runtime.containerStatus({ container_id: id })).status.state;
  return {
    runtime,
    logDirectory,
    sandboxConfig,
    stateOf,
    runPod: async () => (await runtime.runPodSandbox({ config: sandboxConfig })).pod_sandbox_id,
    async create(sandboxId, program, name = 'main') {
      const config = containerConfig(options, program, name);
      return (await runtime.createContainer({ pod_sandbox_id: sandboxId, config })).container_id;
    },
    async ended(id) {
      const controller = new AbortController();
      try {
        const events = runtime.getContainerEvents({ signal: controller.signal })[Symbol.asyncIterator]();
        while ((await stateOf(id)) !== 'CONTAINER_EXITED') await events.next();
      } finally {
        controller.abort();
      }
    },
  };
}

function containerConfig({ shell }: ComplianceOptions, program: string, name = 'main'): ContainerConfig {
  return {
    metadata: { name, attempt: 0 },
    image: { image: 'none' },
    command: shell(program),
    args: [],
    working_dir: '',
    envs: [{ key: 'COLOUR', value: 'blue' }],
    mounts: [],
    labels: {},
    annotations: {},
    log_path: `${name}/0.log`,
  };
}

/** Resolves when a running container has written `text`. */
async function logHolds({ runtime }: Bench, containerId: string, text: string): Promise<void> {
  const { status } = await runtime.containerStatus({ container_id: containerId });
  for (;;) {
    const log = await readFile(status.log_path, 'utf8');
    if (log.includes(text)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
