import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock, systemRandomness } from '@flotilla/base';
import { type ProcessEvent, type SupervisedProcess, processIdentity, startSupervisedProcess } from '@flotilla/cli';
import t from 'tap';

const child = fileURLToPath(new URL('trivial-child-process.js', import.meta.url));
const supervisor = fileURLToPath(new URL('trivial-supervisor-process.js', import.meta.url));

interface Watched {
  readonly supervised: SupervisedProcess;
  readonly events: readonly ProcessEvent[];
  /** Resolves at the next event of that type. */
  next(type: ProcessEvent['type']): Promise<ProcessEvent>;
  readonly log: () => string;
}

function startChild(
  t: { teardown(end: () => Promise<void>): void },
  behaviour: string,
  { command = process.execPath, restart = true } = {},
): Watched {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-supervisor-'));
  const logFile = join(directory, 'child.log');
  const events: ProcessEvent[] = [];
  const waiting = new Set<(event: ProcessEvent) => void>();
  const supervised = startSupervisedProcess({
    spec: { name: 'child', command, args: [child, behaviour], env: process.env, logFile },
    clock: systemClock,
    randomness: systemRandomness,
    restart,
    onEvent(event) {
      events.push(event);
      for (const tell of waiting) tell(event);
    },
  });
  t.teardown(async () => {
    await supervised.close(0);
    rmSync(directory, { recursive: true });
  });
  return {
    supervised,
    events,
    log: () => readFileSync(logFile, 'utf8'),
    next: (type) =>
      new Promise((resolve) => {
        const tell = (event: ProcessEvent): void => {
          if (event.type !== type) return;
          waiting.delete(tell);
          resolve(event);
        };
        waiting.add(tell);
      }),
  };
}

void t.test('a child says when it is ready, writes to its log, and ends when it is asked', async (t) => {
  const { supervised, events, log } = startChild(t, 'ready');
  await supervised.firstReady;
  const { pid } = supervised;
  t.equal(supervised.state, 'ready');
  t.same(events, [{ type: 'ready', name: 'child', restarts: 0 }]);
  t.equal(log(), 'started\n');
  await supervised.close(60_000);
  t.equal(supervised.state, 'stopped');
  t.equal(processIdentity(pid ?? 0), undefined);
  await supervised.close(60_000);
});

void t.test('a killed child and one that ends by itself come back', async (t) => {
  const { supervised, next } = startChild(t, 'ready');
  await supervised.firstReady;
  const first = supervised.pid ?? 0;
  const killed = next('ended');
  const again = next('ready');
  process.kill(first, 'SIGKILL');
  t.match(await killed, { how: 'was killed (SIGKILL)' });
  t.match(await again, { restarts: 1 });
  t.not(supervised.pid, first);

  const crashed = next('ended');
  const third = next('ready');
  process.kill(supervised.pid ?? 0, 'SIGUSR2');
  t.match(await crashed, { how: 'ended with code 3' });
  t.match(await third, { restarts: 2 });
});

void t.test('a child that cannot start fails with its own sentence and is not tried again', async (t) => {
  const { supervised, events } = startChild(t, 'fail');
  await t.rejects(supervised.firstReady, { code: 'COMPONENT_FAILED', message: 'child: port 7 is in use' });
  t.equal(supervised.state, 'failed');
  t.same(events, []);
});

void t.test('a command that does not exist fails too', async (t) => {
  const { supervised } = startChild(t, 'ready', { command: '/nowhere/node' });
  await t.rejects(supervised.firstReady, { code: 'COMPONENT_FAILED', message: /could not be run/ });
});

void t.test('a child that is not to come back stays away', async (t) => {
  const { supervised, next } = startChild(t, 'ready', { restart: false });
  await supervised.firstReady;
  const ended = next('ended');
  process.kill(supervised.pid ?? 0, 'SIGKILL');
  t.match(await ended, { how: 'was killed (SIGKILL)', againInMs: undefined });
  t.equal(supervised.state, 'ended');
});

void t.test('a child that does not listen is killed after its grace', async (t) => {
  const { supervised } = startChild(t, 'stubborn');
  await supervised.firstReady;
  const { pid } = supervised;
  await supervised.close(50);
  t.equal(processIdentity(pid ?? 0), undefined);
});

void t.test('closing while a restart is pending leaves nothing behind', async (t) => {
  const { supervised, next } = startChild(t, 'ready');
  await supervised.firstReady;
  const ended = next('ended');
  process.kill(supervised.pid ?? 0, 'SIGKILL');
  await ended;
  await supervised.close(0);
  t.equal(supervised.pid, undefined);
  t.equal(supervised.state, 'stopped');
});

void t.test('when the supervisor is killed its children end', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-supervisor-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const parent = spawn(process.execPath, [supervisor, child, join(directory, 'log')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  t.ok(processIdentity(pid));
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  while (processIdentity(pid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
});

void t.test('a process is told from others and from none', (t) => {
  t.ok(processIdentity(process.pid));
  t.not(processIdentity(process.pid), processIdentity(process.ppid));
  t.equal(processIdentity(2 ** 30), undefined);
  t.end();
});
