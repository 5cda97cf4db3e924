/** A member under strace with `--unsafe-no-fsync`: nothing that it writes is synced, but for what LevelDB does of its own accord. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { connectService, kvService, openChannel } from '@flotilla/wire';
import { missingTools } from '../e2e/tools.ts';
import { readTrace } from './trace.ts';
import { startTraced } from './traced-members.ts';

t.setTimeout(0);

/** Small values for the log, and large ones that the state keeps in files of their own. */
async function putValues(target: string): Promise<void> {
  const channel = openChannel({ target, maxReconnectBackoffMs: 100 });
  const kv = connectService(channel, kvService);
  try {
    for (let i = 0; i < 60; i++) {
      const value = Buffer.alloc(i % 2 === 0 ? 10 : 100_000, 'v');
      await kv.Put({ key: Buffer.from(`${i}`), value }, { waitForReady: true, timeoutMs: 60_000 });
    }
  } finally {
    channel.close();
  }
}

/** What a member synced, as far as it is no table or manifest of LevelDB's: paths below its data directory. */
async function syncsOf(t: Test, flags: readonly string[]): Promise<readonly string[]> {
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'flotilla-traced-'));
  t.teardown(() => fs.rm(directory, { recursive: true, force: true }));
  const [member] = await startTraced(directory, { count: 1, flags });
  if (!member) throw new Error('no member');
  try {
    await putValues(member.target);
  } finally {
    await member.stop();
  }
  const calls = await readTrace(member.traceFile);
  const synced = calls.filter(({ name }) => name === 'fdatasync' || name === 'fsync');
  return synced
    .map(({ target }) => path.relative(member.dataDir, target))
    .filter((file) => !/generation-\d+(\/(MANIFEST-\d+|\d+\.(ldb|dbtmp)))?$/.test(file));
}

const skip = missingTools('strace');

t.test('a member syncs its log, the witness, the state, large values and their folders', { skip }, async (t) => {
  const synced = new Set(await syncsOf(t, []));
  const places = [
    /^$/,
    /^witness$/,
    /^log$/,
    /^log\/\d+/,
    /^state$/,
    /^state\/current/,
    /values$/,
    /generation-\d+\/\d+\.log$/,
  ];
  for (const place of places)
    t.ok(
      [...synced].some((file) => place.test(file)),
      `${place} in ${[...synced].join(' ')}`,
    );
});

t.test('with --unsafe-no-fsync it syncs none of them', { skip }, async (t) => {
  t.strictSame(await syncsOf(t, ['--unsafe-no-fsync']), []);
});
