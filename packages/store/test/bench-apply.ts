/**
 * CPU time of one request inside the store, without log, network and files, in microseconds.
 *
 *     node packages/store/dist-test/bench-apply.js [name…]
 */
import { etcdserverpb } from '@flotilla/wire';
import { type Store, createStore } from '@flotilla/store';
import { type RequestType, entryData } from './server.ts';

const value = Buffer.alloc(256, 'v');
const keyCount = 100_000;
const batchEntries = 100;
const keyOf = (number: number): Buffer => Buffer.from(`/registry/bench/${String(number).padStart(9, '0')}`);

interface Case {
  readonly name: string;
  /** Requests in one run. */
  readonly count: number;
  run(store: Store): void;
}

const puts = entries('put', 20_000, (i) => ({ key: keyOf((i * 7919) % keyCount), value }));
const hotPuts = entries('put', 20_000, () => ({ key: keyOf(1), value }));
const guarded = entries('txn', 10_000, (i) => {
  const key = keyOf((i * 7919) % keyCount);
  const compare = [{ key, target: 1, result: 2, create_revision: 0 }];
  return { compare, success: [{ request_put: { key, value } }], failure: [] };
});
const hundred = entries('txn', 200, (i) => ({
  success: Array.from({ length: 100 }, (_, j) => ({
    request_put: { key: keyOf(((i * 100 + j) * 7) % keyCount), value },
  })),
}));

const cases: readonly Case[] = [
  { name: 'put, known key', count: puts.length, run: (store) => applyAll(store, puts) },
  { name: 'put, hot key', count: hotPuts.length, run: (store) => applyAll(store, hotPuts) },
  { name: 'txn, compare and put', count: guarded.length, run: (store) => applyAll(store, guarded) },
  { name: 'txn of 100 puts', count: hundred.length, run: (store) => applyAll(store, hundred) },
  { name: 'range of one key', count: 20_000, run: (store) => ranges(store, 20_000, 1) },
  { name: 'range of 1,000 keys', count: 100, run: (store) => ranges(store, 100, 1000) },
];

function entries(type: RequestType, count: number, requestOf: (i: number) => object): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => entryData(type, requestOf(i)));
}

function applyAll(store: Store, data: readonly Uint8Array[]): void {
  for (let first = 0; first < data.length; first += batchEntries) {
    const index = store.appliedIndex + 1;
    store.apply(data.slice(first, first + batchEntries).map((data, i) => ({ index: index + i, term: 1, data })));
  }
}

function ranges(store: Store, count: number, width: number): void {
  const headerOf = (revision: number): Uint8Array => etcdserverpb.ResponseHeader.encode({ revision }).finish();
  for (let i = 0; i < count; i++) {
    const from = (i * 7919) % (keyCount - width);
    const request = width === 1 ? { key: keyOf(from) } : { key: keyOf(from), range_end: keyOf(from + width) };
    const outcome = store.encodedRange(request, headerOf);
    if (!outcome.ok) throw new Error(outcome.error.code);
  }
}

const store = createStore();
for (let first = 0; first < keyCount; first += 20_000) {
  applyAll(
    store,
    entries('put', 20_000, (i) => ({ key: keyOf(first + i), value })),
  );
}
const wanted = process.argv.slice(2);
for (const { name, count, run } of cases) {
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
  const samples: number[] = [];
  for (let round = 0; round < 9; round++) {
    const before = process.cpuUsage();
    run(store);
    const { user, system } = process.cpuUsage(before);
    samples.push((user + system) / count);
    const index = store.appliedIndex + 1;
    store.apply([{ index, term: 1, data: entryData('compact', { revision: store.revision }) }]);
  }
  samples.sort((a, b) => a - b);
  console.log(
    `${name.padEnd(28)}${(samples[0] ?? 0).toFixed(2).padStart(10)}${(samples[4] ?? 0).toFixed(2).padStart(10)}`,
  );
}
