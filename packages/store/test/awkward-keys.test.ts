/** Keys that are prefixes of one another, hold zero bytes or differ late: in order while they come and go, and after a restart. */
import fc from 'fast-check';
import t from 'tap';
import { type Store } from '@flotilla/store';
import { createMachine } from './persistence-harness.ts';
import { applyData, entryData } from './server.ts';

const byte = fc.constantFrom(0, 1, 0x61, 0x62, 0xff);
const tail = fc
  .uint8Array({ maxLength: 9 })
  .chain((some) => fc.array(byte, { maxLength: 6 }).map((more) => [...some.slice(0, 2), ...more]));
const stem = fc.constantFrom('', '/', '/registry/pods/', '/registry/pods/default/a', '/registry/pods/default/a\0');
const key = fc.tuple(stem, tail).map(([stem, tail]) => Buffer.concat([Buffer.from(stem), Buffer.from([1, ...tail])]));

t.test('all keys are found in order before and after a restart', async (t) => {
  const property = fc.asyncProperty(fc.array(key, { minLength: 1, maxLength: 900 }), fc.nat(), async (keys, seed) => {
    const machine = createMachine();
    const first = await machine.open();
    const live = new Set<string>();
    for (const [i, key] of keys.entries()) {
      applyData(first.store, entryData('put', { key, value: key }));
      live.add(key.toString('latin1'));
      const gone = (i * 7 + seed) % 5 === 0 ? keys[(i * 13 + seed) % (i + 1)] : undefined;
      if (!gone) continue;
      applyData(first.store, entryData('deleteRange', { key: gone }));
      live.delete(gone.toString('latin1'));
    }
    applyData(first.store, entryData('compact', { revision: first.store.revision }));
    const expected = [...live].sort().join('|');
    const before = keysOf(first.store);
    first.state.logSyncedTo(first.store.appliedIndex);
    await first.state.close();
    const second = await machine.open();
    const after = keysOf(second.store);
    const fresh = Buffer.from('/registry/pods/default/b');
    applyData(second.store, entryData('put', { key: fresh }));
    const withFresh = [...live, fresh.toString('latin1')].sort().join('|');
    const isSame = before === expected && after === expected && keysOf(second.store) === withFresh;
    await second.state.close();
    return isSame;
  });
  await fc.assert(property, { numRuns: 40 });
  t.pass('in order');
});

t.test('keys that arrive in ascending and in descending order fill and empty many blocks', async (t) => {
  const machine = createMachine();
  const { store, state } = await machine.open();
  const name = (i: number) => Buffer.from(`k${String(i).padStart(6, '0')}`);
  for (let i = 3000; i < 6000; i++) applyData(store, entryData('put', { key: name(i) }));
  for (let i = 2999; i >= 0; i--) applyData(store, entryData('put', { key: name(i) }));
  const all = Array.from({ length: 6000 }, (_, i) => name(i).toString()).join('|');
  t.equal(keysOf(store), all);
  applyData(store, entryData('deleteRange', { key: name(100), range_end: name(5900) }));
  applyData(store, entryData('compact', { revision: store.revision }));
  state.logSyncedTo(store.appliedIndex);
  await state.compacted(store.revision);
  const few = Array.from({ length: 6000 }, (_, i) => i).filter((i) => i < 100 || i >= 5900);
  t.equal(keysOf(store), few.map((i) => name(i).toString()).join('|'));
  for (let i = 0; i < 6000; i++) applyData(store, entryData('put', { key: name(i) }));
  t.equal(keysOf(store), all);
  await state.close();
});

/** All keys in the order of a range, each of which is also found by itself. */
function keysOf(store: Store): string {
  const outcome = store.range({ key: Buffer.from([0]), range_end: Buffer.from([0]) });
  if (!outcome.ok) return outcome.error.code;
  return (outcome.response.kvs ?? [])
    .map(({ key }) => {
      const point = store.range({ key: key ?? null });
      return point.ok && point.response.count === 1 ? Buffer.from(key ?? []).toString('latin1') : 'not found by itself';
    })
    .join('|');
}
