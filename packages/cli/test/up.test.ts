/** The whole command, as a user runs it: real processes, real sockets, a directory of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '@flotilla/base';
import { processIdentity } from '@flotilla/cli';
import t from 'tap';

// Real clusters on a busy machine: slow is no failure, but what takes so long never comes, milliseconds.
const neverMs = 180_000;
t.setTimeout(0);

const command = fileURLToPath(new URL('../bin/flotilla.js', import.meta.url));

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Place {
  readonly directory: string;
  run(...args: string[]): Promise<Result>;
  /** Writes a file into the directory. */
  write(name: string, content: string): void;
  running(): {
    pid: number;
    server: string;
    processes: { name: string; pid: number; restarts: number; state: string }[];
  };
}

interface Tap {
  teardown(end: () => void): void;
}

function freshPlace(t: Tap): Place {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-up-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const env = { ...process.env, KUBECONFIG: '' };
  return {
    directory,
    run: (...args) =>
      new Promise((resolve) => {
        const options = { cwd: directory, env, timeout: neverMs };
        execFile(process.execPath, [command, ...args], options, (error, stdout, stderr) => {
          resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
        });
      }),
    write: (name, content) => writeFileSync(join(directory, name), content),
    running: () =>
      JSON.parse(readFileSync(join(directory, '.flotilla/test/running.json'), 'utf8')) as ReturnType<Place['running']>,
  };
}

/** The smallest cluster, on loopback addresses that no other test draws. */
function config(processes: 'one' | 'separate', extra = ''): string {
  const net = 100 + Math.floor(Math.random() * 150);
  return `
name: test
processes: ${processes}
ports: auto
brain: { members: [{ name: brain-1 }] }
apiServers: [{ name: apiserver-1 }, { name: apiserver-2 }]
kubelets: [{ name: node-1 }]
network: { podRange: 127.${net}.0.0/17, serviceRange: 127.${net}.128.0/17 }
${extra}`;
}

const manifest = `
apiVersion: v1
kind: Pod
metadata: { name: hello, labels: { app: hello } }
spec:
  restartPolicy: Never
  containers:
    - { name: hello, image: node, command: [node, -e, "console.log('hello from the pod')"] }
`;

/** Ignores SIGTERM; `marker` tells its process from others. */
function stubbornPod(marker: string): string {
  const program = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('stubborn') // ${marker}`;
  const containers = [{ name: 'stubborn', image: 'node', command: ['node', '-e', program] }];
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'stubborn' }, spec: { containers } });
}

async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const startedMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedMs > neverMs) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface Supervisor {
  readonly process: ChildProcess;
  /** What it has printed, its errors too. */
  readonly output: string;
  /** Resolves when it has printed the text. @throws Error with all that it printed, and the ends of its logs, when it never does */
  printed(text: string): Promise<void>;
  /** Resolves with its exit code and signal. */
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
}

/** `flotilla up` in the foreground; ends with the test. */
function supervise(t: Tap, { directory }: Place, ...args: readonly string[]): Supervisor {
  const supervisor = spawn(process.execPath, [command, 'up', '--config', 'test.yaml', ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => supervisor.kill('SIGKILL'));
  let output = '';
  for (const stream of [supervisor.stdout, supervisor.stderr]) {
    stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  }
  let isOver = false;
  const ended = (once(supervisor, 'close') as Promise<[number | null, NodeJS.Signals | null]>).finally(() => {
    isOver = true;
  });
  return {
    process: supervisor,
    get output() {
      return output;
    },
    async printed(text) {
      try {
        await until(text, () => {
          if (isOver) throw new Error(`ended before it printed: ${text}`);
          return output.includes(text);
        });
      } catch (error) {
        throw new Error(`${messageOf(error)}\n${output}\n${endsOfLogs(directory)}`, { cause: error });
      }
    },
    ended,
  };
}

function endsOfLogs(directory: string): string {
  const logs = join(directory, '.flotilla/test/logs');
  if (!existsSync(logs)) return 'no logs';
  return readdirSync(logs)
    .map((name) => `${name}:\n${readText(join(logs, name)).slice(-2000)}`)
    .join('\n');
}

/** Everything that runs with the directory in its command line or environment. */
function processesOf(directory: string): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .filter((pid) => {
      const text = readText(`/proc/${pid}/cmdline`) + readText(`/proc/${pid}/environ`);
      return text.includes(directory) && processIdentity(pid) !== undefined;
    });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // The process ended in between.
    if (error instanceof Error) return '';
    throw error;
  }
}

void t.test(
  'one process: a cluster comes up in the background, takes objects, goes down and is found again',
  async (t) => {
    const place = freshPlace(t);
    place.write('test.yaml', config('one'));
    place.write('pod.yaml', manifest);
    t.teardown(() => place.run('down'));
    const up = await place.run('up', '--config', 'test.yaml', '--detach', '--apply', 'pod.yaml');
    t.equal(up.code, 0, up.stderr);
    t.match(
      up.stdout,
      /brain-1 is ready on 127\.0\.0\.1:\d+[^]*ready: elected, serving[^]*pods\/hello created[^]*export KUBECONFIG=\$PWD\/\.flotilla\/test\/kubeconfig/,
    );
    t.equal(statSync(join(place.directory, '.flotilla/test/kubeconfig')).mode & 0o777, 0o600);

    const second = await place.run('up', '--config', 'test.yaml');
    t.match(second, { code: 1, stderr: /cluster test is up already \(process \d+\): `flotilla down` stops it/ });

    t.match((await place.run('get', 'nodes')).stdout, /^NAME +STATUS[^]*node-1 +Ready/);
    await until('the log of the pod', async () => (await place.run('logs', 'hello')).stdout === 'hello from the pod\n');
    t.match((await place.run('get', 'po', '-A', '-l', 'app=hello')).stdout, /^NAMESPACE[^]*default +hello/);
    t.match((await place.run('get', 'po', 'hello', '-A')).stderr, /leave out --all-namespaces or the name/);
    t.match((await place.run('get', 'nonsense')).stderr, /the server has no resource "nonsense"; it has configmaps/);
    t.match((await place.run('get', 'pods', 'nobody')).stderr, /pods "nobody" not found/);
    t.equal((await place.run('apply', '-f', 'pod.yaml')).stdout, 'pods/hello unchanged\n');
    const status = await place.run('status');
    t.match(
      status.stdout,
      /^cluster test \(test\.yaml\) is up: https[^]*leader[^]*kube-scheduler +scheduler-1[^]*node-1 +Ready/,
    );
    t.equal((await place.run('delete', '-f', 'pod.yaml')).stdout, 'pods/hello deleted\n');
    t.equal((await place.run('delete', 'pod', 'never')).stdout, 'pods/never not found\n');

    await place.run('apply', '-f', 'pod.yaml');
    t.equal((await place.run('down')).stdout, 'cluster test is down\n');
    t.same(processesOf(place.directory), [], 'no process is left');
    t.match(await place.run('status'), { code: 1, stderr: /no cluster is up in \.flotilla: `flotilla up` starts one/ });

    const again = await place.run('up', '--config', 'test.yaml', '--detach');
    t.equal(again.code, 0, again.stderr);
    t.match((await place.run('get', 'pods')).stdout, /hello/, 'what was there is there again');
  },
);

void t.test(
  'separate processes: the killed come back, one address goes on answering, and all end with the supervisor',
  async (t) => {
    const place = freshPlace(t);
    place.write('test.yaml', config('separate'));
    const supervisor = supervise(t, place);
    await supervisor.printed('Cluster test is up');
    const { processes } = place.running();
    t.same(processes.map(({ name }) => name).sort(), [
      'apiserver-1',
      'apiserver-2',
      'brain-1',
      'controllers-1',
      'node-1',
      'node-1-proxy',
      'scheduler-1',
    ]);

    const killed = processes.find(({ name }) => name === 'apiserver-1');
    if (killed?.pid === undefined) throw new Error('apiserver-1 does not run');
    process.kill(killed.pid, 'SIGKILL');
    for (let i = 0; i < 5; i++) t.match(await place.run('get', 'nodes'), { code: 0, stdout: /node-1/ });
    await supervisor.printed('apiserver-1 is back');
    t.match(supervisor.output, /apiserver-1 was killed \(SIGKILL\); starting it again/);
    t.match(
      place.running().processes.find(({ name }) => name === 'apiserver-1'),
      { restarts: 1, state: 'ready' },
    );

    supervisor.process.kill('SIGKILL');
    await supervisor.ended;
    await until('the end of all processes', () => processesOf(place.directory).length === 0);
    t.match(await place.run('down'), { code: 1, stderr: /no cluster is up/ });
  },
);

void t.test('Ctrl-C stops everything, pods that do not listen too, and also while it starts', async (t) => {
  const place = freshPlace(t);
  place.write('test.yaml', config('separate'));
  place.write('stubborn.json', stubbornPod(place.directory));
  for (const args of [['--apply', 'stubborn.json'], []]) {
    const supervisor = supervise(t, place, ...args);
    await supervisor.printed(' is ready');
    if (args.length > 0) {
      await until('the log of the pod', async () => (await place.run('logs', 'stubborn')).stdout === 'stubborn\n');
    }
    supervisor.process.kill('SIGINT');
    supervisor.process.kill('SIGINT');
    t.same(await supervisor.ended, [0, null]);
    t.same(processesOf(place.directory), []);
  }
});

void t.test('what is wrong is said in one sentence, and the exit code is not 0', async (t) => {
  const place = freshPlace(t);
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  place.write('test.yaml', config('separate', `frontDoor: { port: ${port} }`));
  t.match(await place.run('up', '--config', 'test.yaml'), {
    code: 1,
    stderr: `flotilla: port ${port}, for the front door, is in use by another program: stop that program, or change frontDoor.port in test.yaml\n`,
  });
  place.write('broken.yaml', 'name: broken\n');
  t.match(await place.run('up', '--config', 'broken.yaml', '--detach'), {
    code: 1,
    stderr: /^flotilla: broken\.yaml:1: brain must be a mapping/,
  });
  t.match(await place.run('up', '--config', 'nowhere.yaml'), {
    code: 1,
    stderr: /cannot read the cluster config nowhere\.yaml/,
  });
  t.match(await place.run('brain', '--nonsense'), { code: 1, stderr: 'flotilla brain: unknown flag --nonsense\n' });
  t.match(await place.run('kubelet'), { code: 1, stderr: /--tls-cert-file is required/ });
  t.match(await place.run('apiserver', '--secure-port=x'), {
    code: 1,
    stderr: /--secure-port: "x" is not a whole number/,
  });
  t.match(await place.run('frobnicate'), { code: 1, stderr: /unknown command 'frobnicate'/ });
  t.match(await place.run('get', 'pods', '--kubeconfig', 'none'), { code: 1, stderr: /kubeconfig none/ });
});

void t.test('a data directory of another cluster is refused, with the way out', async (t) => {
  const place = freshPlace(t);
  place.write('test.yaml', config('separate', 'schedulers: 0\ncontrollers: 0'));
  t.equal((await place.run('up', '--config', 'test.yaml', '--detach')).code, 0);
  t.equal((await place.run('down')).code, 0);
  // The same cluster with other ports is another one to its members.
  rmSync(join(place.directory, '.flotilla/test/drawn.json'));
  const foreign = await place.run('up', '--config', 'test.yaml', '--detach');
  t.equal(foreign.code, 1);
  t.match(foreign.stderr, /^flotilla: brain-1: .*brain-1/);
  t.same(processesOf(place.directory), []);
});

void t.test('a component whose supervisor was gone before it had begun ends', async (t) => {
  const { directory } = freshPlace(t);
  const flags = [
    `--data-dir=${directory}`,
    '--listen-client-urls=http://127.0.0.1:0',
    '--listen-peer-urls=http://127.0.0.1:0',
  ];
  const component = spawn(process.execPath, [command, 'brain', ...flags], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  t.teardown(() => component.kill('SIGKILL'));
  const ended = once(component, 'exit');
  component.disconnect();
  t.strictSame(await ended, [0, null]);
});

void t.test('help and version', async (t) => {
  const place = freshPlace(t);
  t.match(await place.run('version'), { code: 0, stdout: /^flotilla \d+\.\d+\.\d+/ });
  t.match(await place.run('--help'), { code: 0, stdout: /up[^]*down[^]*status[^]*brain/ });
  t.match(await place.run('brain', '--help'), { code: 0, stdout: /--initial-cluster[^]*\[ETCD_INITIAL_CLUSTER\]/ });
  t.match(await place.run('up', '--help'), { code: 0, stdout: /--detach/ });
});
