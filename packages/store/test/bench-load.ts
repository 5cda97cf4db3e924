/**
 * What a million keys cost a member: CPU, memory and bytes on disk of a load through `apply` and the files, then the
 * time to open them again in a process of its own.
 *
 *     node --expose-gc packages/store/dist-test/bench-load.js [keys] [puts in an entry] [random|ascending]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seededRandomness, systemClock } from '@flotilla/base';
import { openState } from '@flotilla/store';
import { entryData } from './server.ts';

const valueBytes = 256;
const entriesInFlight = 16;
const identity = { clusterId: 77n, memberId: 5n };

const [mode = '1000000', perEntryText = '100', order = 'random'] = process.argv.slice(2);
if (mode === 'open') await reopen(perEntryText);
else await load({ keyCount: Number(mode), perEntry: Number(perEntryText), isRandom: order === 'random' });

function open(directory: string) {
  const onFailure = (error: unknown): void => {
    throw error;
  };
  return openState({ directory, ...identity, clock: systemClock, onFailure });
}

interface Load {
  readonly keyCount: number;
  readonly perEntry: number;
  readonly isRandom: boolean;
}

async function load(options: Load): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-bench-'));
  try {
    const makeEntry = entryMaker(options);
    const entryCount = Math.ceil(options.keyCount / options.perEntry);
    const beforeMaking = process.cpuUsage();
    for (let index = 1; index <= entryCount; index++) makeEntry(index);
    const making = process.cpuUsage(beforeMaking);
    globalThis.gc?.();
    print('rss before MB', process.memoryUsage().rss / 1e6);
    const before = { cpu: process.cpuUsage(), written: writtenBytes() };
    const { store, state } = await open(directory);
    const began = process.hrtime.bigint();
    let applyNs = 0n;
    let longestNs = 0n;
    while (store.appliedIndex < entryCount) {
      const first = store.appliedIndex + 1;
      const count = Math.min(entriesInFlight, entryCount - store.appliedIndex);
      const batch = Array.from({ length: count }, (_, i) => ({
        index: first + i,
        term: 1,
        data: makeEntry(first + i),
      }));
      const start = process.hrtime.bigint();
      store.apply(batch);
      state.logSyncedTo(store.appliedIndex);
      const took = process.hrtime.bigint() - start;
      applyNs += took;
      if (took > longestNs) longestNs = took;
      await setImmediate();
    }
    await state.flush();
    const { user, system } = process.cpuUsage(before.cpu);
    print('wall s, with making entries', Number(process.hrtime.bigint() - began) / 1e9);
    print('apply s', Number(applyNs) / 1e9);
    print('longest apply ms', Number(longestNs) / 1e6);
    print('cpu s, all threads', (user + system - making.user - making.system) / 1e6);
    print('written MB', (writtenBytes() - before.written) / 1e6);
    printMemory('');
    globalThis.gc?.();
    printMemory('after gc, ');
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    print('heap used MB', heapUsed / 1e6);
    print('array buffers MB', arrayBuffers / 1e6);
    await state.close();
    print('rows in use MB', state.sizeInUseBytes / 1e6);
    const self = fileURLToPath(import.meta.url);
    const child = spawnSync(process.execPath, [...process.execArgv, self, 'open', directory], { encoding: 'utf8' });
    process.stdout.write(child.stdout + child.stderr);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function reopen(directory: string): Promise<void> {
  const cpu = process.cpuUsage();
  const began = process.hrtime.bigint();
  const { store, state } = await open(directory);
  print('reopen s', Number(process.hrtime.bigint() - began) / 1e9);
  const { user, system } = process.cpuUsage(cpu);
  print('reopen cpu s', (user + system) / 1e6);
  const outcome = store.range({ key: Buffer.from([0]), range_end: Buffer.from([0]), count_only: true });
  print('keys', outcome.ok ? Number(outcome.response.count) : NaN);
  printMemory('reopened, ');
  print('disk MB', state.sizeBytes / 1e6);
  globalThis.gc?.();
  printMemory('reopened, after gc, ');
  await state.close();
}

/** Makes the entry of an index. */
function entryMaker({ keyCount, perEntry, isRandom }: Load): (index: number) => Uint8Array {
  const { next } = seededRandomness(7);
  const keys = Uint32Array.from({ length: keyCount }, (_, i) => i);
  for (let i = keyCount - 1; isRandom && i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [keys[i], keys[j]] = [keys[j] as number, keys[i] as number];
  }
  const values = Array.from({ length: 97 }, () => Buffer.from(Array.from({ length: valueBytes }, () => next() * 256)));
  const putOf = (number: number) => ({
    key: Buffer.from(`/registry/bench/${String(number).padStart(9, '0')}`),
    value: values[number % values.length] as Uint8Array,
  });
  return (index) => {
    const numbers = [...keys.subarray((index - 1) * perEntry, index * perEntry)];
    if (perEntry === 1) return entryData('put', putOf(numbers[0] as number));
    return entryData('txn', { success: numbers.map((number) => ({ request_put: putOf(number) })) });
  };
}

/** Bytes that this process has handed to write calls. */
function writtenBytes(): number {
  return Number(/wchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

/** Resident memory, and how much of it is files that LevelDB has mapped. */
function printMemory(when: string): void {
  const status = readFileSync('/proc/self/status', 'utf8');
  print(`${when}rss MB`, process.memoryUsage().rss / 1e6);
  print(`${when}of it files MB`, (Number(/RssFile:\s+(\d+)/.exec(status)?.[1]) * 1024) / 1e6);
}

function print(name: string, value: number): void {
  console.log(`${name.padEnd(36)}${value.toFixed(3).padStart(12)}`);
}
