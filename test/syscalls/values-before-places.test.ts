/**
 * A member under strace that is given large values: LevelDB gets the place of a value only after an `fdatasync` of the value file that
 * covers it has returned.
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { connectService, kvService, openChannel } from '@flotilla/wire';
import { missingTools } from '../e2e/tools.ts';
import { type Call, readTrace } from './trace.ts';
import { startTraced, withoutSync } from './traced-members.ts';

t.setTimeout(0);

const putCount = 60;
const valueBytes = 100_000;

async function putLargeValues(target: string): Promise<void> {
  const channel = openChannel({ target, maxReconnectBackoffMs: 100 });
  const kv = connectService(channel, kvService);
  try {
    const value = Buffer.alloc(valueBytes, 'v');
    for (let i = 0; i < putCount; i++)
      await kv.Put({ key: Buffer.from(`${i}`), value }, { waitForReady: true, timeoutMs: 60_000 });
  } finally {
    channel.close();
  }
}

interface Place {
  readonly file: string;
  readonly end: number;
  /** When LevelDB wrote it. */
  readonly writtenAt: number;
}

/** Put, a key of 14 bytes: the place of a page. */
const placeHead = Buffer.of(0x01, 0x0e, 0xfe, 0x70);
const keyBytes = 14;
const placeBytes = 20;

/** The places in what LevelDB wrote to its log; one that a block of the log splits is left out. */
function placesIn({ bytes, began }: Call): readonly Place[] {
  const places: Place[] = [];
  for (let at = bytes.indexOf(placeHead); at >= 0; at = bytes.indexOf(placeHead, at + 1)) {
    const value = at + 2 + keyBytes + 1;
    if (bytes[value - 1] !== placeBytes || value + placeBytes > bytes.length) continue;
    const file = `${bytes.readBigUInt64BE(value)}`.padStart(6, '0');
    const end = Number(bytes.readBigUInt64BE(value + 8)) + bytes.readUInt32BE(value + 16);
    places.push({ file: `${file}.values`, end, writtenAt: began });
  }
  return places;
}

/** When the bytes of a value file up to `end` were durable. */
function durableAt(calls: readonly Call[], { file, end }: Place): number {
  const own = calls.filter(({ target }) => path.basename(target) === file);
  let length = 0;
  let writtenAt = Number.POSITIVE_INFINITY;
  for (const { name, result, ended } of own) {
    if (!name.includes('write') || result <= 0) continue;
    length += result;
    if (length >= end) {
      writtenAt = ended;
      break;
    }
  }
  const sync = own.find(({ name, began, result }) => name === 'fdatasync' && began >= writtenAt && result === 0);
  return sync?.ended ?? Number.POSITIVE_INFINITY;
}

async function trace(t: Test, preload?: string): Promise<{ readonly places: number; readonly early: number }> {
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'flotilla-traced-'));
  t.teardown(() => fs.rm(directory, { recursive: true, force: true }));
  const [member] = await startTraced(directory, { count: 1, preload });
  if (!member) throw new Error('no member');
  try {
    await putLargeValues(member.target);
  } finally {
    await member.stop();
  }
  const calls = await readTrace(member.traceFile);
  const state = path.join(member.dataDir, 'state');
  const places = calls
    .filter(({ name, target }) => name === 'write' && target.startsWith(state) && target.endsWith('.log'))
    .flatMap(placesIn);
  const early = places.filter((place) => !(durableAt(calls, place) <= place.writtenAt));
  return { places: places.length, early: early.length };
}

const skip = missingTools('strace');

t.test('the place of a value is written after the value was synced', { skip }, async (t) => {
  const { places, early } = await trace(t);
  t.ok(places > putCount / 2, `${places} places`);
  t.equal(early, 0);
});

t.test('a member that does not sync is found out', { skip }, async (t) => {
  const { places, early } = await trace(t, withoutSync);
  t.ok(places > 0);
  t.equal(early, places);
});
