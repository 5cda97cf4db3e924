/** Many keys and values of all sizes come and go: the index, the slabs and the pages against a plain map. */
import t from 'tap';
import { seededRandomness } from '@flotilla/base';
import { createStore } from '@flotilla/store';
import { applyData, entryData } from './server.ts';

const operationCount = 30_000;
const keyCount = 4000;
const checkEvery = 10_000;

t.test('what was put and not deleted is there, whatever came and went', (t) => {
  const { next } = seededRandomness(20);
  const below = (limit: number): number => Math.floor(next() * limit);
  const store = createStore();
  const expected = new Map<string, Uint8Array>();
  const keyOf = (number: number): string => `key/${number % 7}/${number}${'/long'.repeat(number % 40)}`;
  const valueOf = (): Uint8Array => {
    const size = [0, 10, 100, 1000, 5000][below(5)] ?? 0;
    return new Uint8Array(below(500) === 0 ? 70_000 + below(600_000) : below(size + 1)).fill(below(256));
  };
  for (let i = 1; i <= operationCount; i++) {
    const key = keyOf(below(keyCount));
    if (below(3) === 0) {
      applyData(store, entryData('deleteRange', { key: Buffer.from(key) }));
      expected.delete(key);
    } else {
      const value = valueOf();
      applyData(store, entryData('put', { key: Buffer.from(key), value }));
      expected.set(key, value);
    }
    if (i % 1000 === 0) applyData(store, entryData('compact', { revision: store.revision - below(500) }));
    if (i % checkEvery === 0) t.equal(firstDifference(store, expected), undefined, `after ${i} operations`);
  }
  t.end();
});

function firstDifference(store: ReturnType<typeof createStore>, expected: Map<string, Uint8Array>): string | undefined {
  const outcome = store.range({ key: Buffer.from([0]), range_end: Buffer.from([0]) });
  const kvs = outcome.ok ? (outcome.response.kvs ?? []) : [];
  if (kvs.length !== expected.size) return `${kvs.length} keys of ${expected.size}`;
  const names = [...expected.keys()].sort();
  for (const [i, kv] of kvs.entries()) {
    const name = Buffer.from(kv.key ?? []).toString();
    if (name !== names[i]) return `${name} instead of ${names[i]}`;
    if (!Buffer.from(kv.value ?? []).equals(expected.get(name) ?? new Uint8Array(0))) return `the value of ${name}`;
    const point = store.range({ key: kv.key ?? null });
    if (!point.ok || point.response.count !== 1) return `${name} by itself`;
  }
  return undefined;
}
