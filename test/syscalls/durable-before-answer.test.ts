/**
 * Three members under strace: for each put of a stream of them, an `fdatasync` of the log that covers it had returned on two
 * members before the first byte of its answer left.
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { connectService, etcdserverpb, kvService, openChannel, toSafeInteger } from '@flotilla/wire';
import { missingTools } from '../e2e/tools.ts';
import { type Call, Outflow, readTrace } from './trace.ts';
import { startTraced, withoutSync } from './traced-members.ts';

t.setTimeout(0);

const majority = 2;

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
  const members = await startTraced(directory, { count: 3, preload });
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
    const times = members.map(({ dataDir }, i) => durableAt(traces[i] ?? [], path.join(dataDir, 'log'), value));
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
  const { checked, early } = await trace(t, withoutSync);
  t.equal(early.length, checked);
});
