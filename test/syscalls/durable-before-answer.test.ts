/**
 * Three members under strace: for each put of a stream of them, an `fdatasync` of the log that covers it had returned on two
 * members before the first byte of its answer left.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { connectService, etcdserverpb, kvService, openChannel, toSafeInteger } from '@flotilla/wire';
import { missingTools } from '../e2e/tools.ts';
import { reservePorts } from '@flotilla/brain/test/reserve-ports';
import { type Call, Outflow, readTrace } from './trace.ts';

t.setTimeout(0);

const command = fileURLToPath(new URL('../../node_modules/.bin/flotilla', import.meta.url));
const watched = 'pwrite64,pwritev,pwritev2,write,writev,sendmsg,sendto,fdatasync,fsync';
const memberCount = 3;
const majority = 2;

interface TracedMember {
  readonly target: string;
  readonly traceFile: string;
  readonly logDirectory: string;
  /** Ends it in good order, and its trace. */
  stop(): Promise<void>;
}

/** Starts members whose system calls are written down; `preload` is imported by each of them first. */
async function startTraced(directory: string, preload?: string): Promise<readonly TracedMember[]> {
  const ports = await reservePorts(2 * memberCount);
  const peerUrl = (i: number): string => `http://127.0.0.1:${ports[2 * i] ?? 0}`;
  const names = Array.from({ length: memberCount }, (_, i) => `m${i}`);
  const initialCluster = names.map((name, i) => `${name}=${peerUrl(i)}`).join(',');
  const members = names.map((name, i) => {
    const target = `127.0.0.1:${ports[2 * i + 1] ?? 0}`;
    const dataDir = path.join(directory, name);
    const traceFile = path.join(directory, `${name}.trace`);
    // With -D the child is the member, and strace ends when it does.
    const strace = ['-D', '-f', '-yy', '-xx', '-T', '-ttt', '-s', '65536', '-e', `trace=${watched}`, '-o', traceFile];
    const flags = [
      `--name=${name}`,
      `--data-dir=${dataDir}`,
      `--listen-client-urls=http://${target}`,
      `--advertise-client-urls=http://${target}`,
      `--listen-peer-urls=${peerUrl(i)}`,
      `--initial-advertise-peer-urls=${peerUrl(i)}`,
      `--initial-cluster=${initialCluster}`,
    ];
    const argv = [...strace, process.execPath, command, 'brain', ...flags];
    const env = { ...process.env, ...(preload !== undefined && { NODE_OPTIONS: `--import=${preload}` }) };
    const child = spawn('strace', argv, { stdio: 'ignore', env });
    const exited = once(child, 'exit');
    const stop = async (): Promise<void> => {
      child.kill('SIGTERM');
      await exited;
      const end = new RegExp(`^${child.pid} +[\\d.]+ \\+\\+\\+ exited`, 'm');
      while (!end.test(await fs.readFile(traceFile, 'latin1'))) await sleep(20);
    };
    return { target, traceFile, logDirectory: path.join(dataDir, 'log'), stop };
  });
  return members;
}

/** Puts values by several clients of one member, one after the other each; the values by the revisions that they made. */
async function putMany(target: string, clients: number): Promise<ReadonlyMap<number, string>> {
  const values = new Map<number, string>();
  await Promise.all(
    Array.from({ length: clients }, async (_, c) => {
      const channel = openChannel({ target, maxReconnectBackoffMs: 100 });
      const kv = connectService(channel, kvService);
      try {
        for (let i = 0; i < 20; i++) {
          const value = `traced-${c}-${i}-`.padEnd(40, 'x');
          const request = { key: Buffer.from(`${c}`), value: Buffer.from(value) };
          const { header } = await kv.Put(request, { waitForReady: true, timeoutMs: 60_000 });
          values.set(toSafeInteger(header?.revision), value);
        }
      } finally {
        channel.close();
      }
    }),
  );
  return values;
}

/** When a value was durable in a member's log: the end of the first sync that began after it was written. */
function durableAt(calls: readonly Call[], logDirectory: string, value: string): number {
  const bytes = Buffer.from(value);
  const written = calls.find((call) => call.target.startsWith(logDirectory) && call.bytes.includes(bytes));
  if (!written) return Number.POSITIVE_INFINITY;
  const sync = calls.find(
    ({ name, target, began, result }) =>
      name === 'fdatasync' && target === written.target && began >= written.ended && result === 0,
  );
  return sync?.ended ?? Number.POSITIVE_INFINITY;
}

/** When the first byte of the answer to each revision's put left a member. */
function answersOf(calls: readonly Call[], target: string): ReadonlyMap<number, number> {
  const outflows = new Map<string, Outflow>();
  for (const call of calls) {
    if (!call.target.startsWith(`TCP:[${target}->`)) continue;
    const outflow = outflows.get(call.target) ?? new Outflow();
    outflows.set(call.target, outflow);
    outflow.add(call);
  }
  const answers = new Map<number, number>();
  for (const outflow of outflows.values()) {
    for (const { payload, leftAt } of outflow.dataFrames()) {
      const { header } = etcdserverpb.PutResponse.decode(payload.subarray(5));
      answers.set(toSafeInteger(header?.revision), leftAt);
    }
  }
  return answers;
}

/** Puts through the first member, and what the traces say: how many puts were checked, and which answers came too early. */
async function trace(
  t: Test,
  preload?: string,
): Promise<{ readonly checked: number; readonly early: readonly string[] }> {
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'flotilla-traced-'));
  t.teardown(() => fs.rm(directory, { recursive: true, force: true }));
  const members = await startTraced(directory, preload);
  const target = members[0]?.target ?? '';
  const values = new Map<number, string>();
  try {
    for (const clients of [1, 8])
      for (const [revision, value] of await putMany(target, clients)) values.set(revision, value);
  } finally {
    await Promise.all(members.map((member) => member.stop()));
  }
  const traces = await Promise.all(members.map((member) => readTrace(member.traceFile)));
  const answers = answersOf(traces[0] ?? [], target);
  const early = [...values].filter(([revision, value]) => {
    const times = members.map(({ logDirectory }, i) => durableAt(traces[i] ?? [], logDirectory, value));
    const durable = times.sort((a, b) => a - b)[majority - 1] ?? Number.POSITIVE_INFINITY;
    return !(durable <= (answers.get(revision) ?? Number.NaN));
  });
  return { checked: values.size, early: early.map(([revision]) => `revision ${revision}`) };
}

const skip = missingTools('strace');

t.test('an answer leaves after two logs have synced what it says', { skip }, async (t) => {
  const { checked, early } = await trace(t);
  t.equal(checked, 20 * 9);
  t.strictSame(early, []);
});

t.test('members that do not sync are found out', { skip }, async (t) => {
  const { checked, early } = await trace(t, new URL('without-fdatasync.js', import.meta.url).href);
  t.equal(early.length, checked);
});
