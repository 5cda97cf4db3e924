/** State on disk that shrinks, and state that travels. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { type OpenedState, hashState, openState } from '@flotilla/store';
import {
  optionsFor,
  createMachine,
  finished,
  sampleEntries,
  applyAll,
  hashAfter,
  put,
  applyAndFlush,
} from './persistence-harness.ts';
import { entryData } from './server.ts';

t.test('old versions are read from disk once they left memory, and compaction gives their room back', async (t) => {
  const directory = join(t.testdir(), 'state');
  const { store, state } = await openState(optionsFor(directory));
  const rounds = 400;
  for (let i = 0; i < rounds; i++) applyAll(store, [put('hot', `value ${i} ${'x'.repeat(500)}`), put(`cold${i % 10}`)]);
  state.logSyncedTo(store.appliedIndex);
  await state.flush();
  await state.close();

  const again = await openState(optionsFor(directory));
  const at = (revision: number) => {
    const outcome = again.store.range({ key: Buffer.from('hot'), revision });
    return outcome.ok
      ? Buffer.from(outcome.response.kvs?.[0]?.value ?? [])
          .toString()
          .replace(/ x+$/, '')
      : outcome.error.code;
  };
  t.equal(at(2), 'value 0');
  t.equal(at(3 + 2 * 100), 'value 100');
  const before = again.state.sizeInUseBytes;
  const compactRevision = again.store.revision - 20;
  await applyAndFlush(again, [entryData('compact', { revision: compactRevision })]);
  t.equal(at(2), 'compacted');
  t.equal(at(compactRevision), `value ${rounds - 11}`);
  await again.state.compacted(compactRevision);
  t.ok(again.state.sizeInUseBytes < before / 5);
  const hash = hashState(again.store);
  await again.state.close();
  const third = await openState(optionsFor(directory));
  t.equal(hashState(third.store), hash);
  await third.state.close();
});

t.test('what was deleted and compacted stays deleted after a restart, wherever its versions lay', async (t) => {
  const machine = createMachine();
  const opened = await machine.open();
  // A page of 64 changes that live on but for one; then pages in which nothing lives on.
  await applyAndFlush(opened, [put('gone'), ...Array.from({ length: 63 }, (_, i) => put(`lives${i}`))]);
  const churn = (key: string) => [put(key), entryData('deleteRange', { key: Buffer.from(key) })];
  const remove = entryData('deleteRange', { key: Buffer.from('gone') });
  await applyAndFlush(opened, [remove, ...Array.from({ length: 100 }, () => churn('short')).flat(), put('last')]);
  const compact = async ({ store, state }: typeof opened): Promise<void> => {
    await applyAndFlush({ store, state }, [entryData('compact', { revision: store.revision })]);
    await state.compacted(store.compactRevision);
  };
  await compact(opened);
  const hash = hashState(opened.store);
  await opened.state.close();
  const again = await machine.open();
  const found = again.store.range({ key: Buffer.from('gone') });
  t.ok(found.ok && found.response.kvs?.length === 0, 'the key is not there');
  t.equal(hashState(again.store), hash);
  // Its tombstone goes with the page that it was kept for.
  await applyAndFlush(again, [
    entryData('deleteRange', { key: Buffer.from('lives'), range_end: Buffer.from('livet') }),
    put('last'),
  ]);
  await compact(again);
  const before = again.state.sizeInUseBytes;
  await applyAndFlush(again, [put('last')]);
  await compact(again);
  t.ok(again.state.sizeInUseBytes <= before);
  const rehashed = hashState(again.store);
  await again.state.close();
  const third = await machine.open();
  t.equal(hashState(third.store), rehashed);
  t.equal(third.store.range({ key: Buffer.from('gone') }).ok, true);
  await third.state.close();
});

t.test('a compaction in slices ends as one at once, with writes going on between', async (t) => {
  const entries = sampleEntries(1200, 15);
  const machine = createMachine();
  const opened = await machine.open();
  for (let at = 0; at < entries.length; at += 7) {
    applyAll(opened.store, entries.slice(at, at + 7));
    opened.state.logSyncedTo(opened.store.appliedIndex);
    if (at % 5 === 0) await opened.state.flush();
    if (at % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await opened.state.flush();
  const expected = hashAfter(entries, entries.length);
  t.equal(hashState(opened.store), expected);
  await opened.state.close();
  const again = await machine.open();
  t.equal(hashState(again.store), expected);
  await again.state.close();
});

t.test('a snapshot taken under writes makes the same state elsewhere', async (t) => {
  const entries = sampleEntries(900, 16);
  const root = t.testdir();
  const sender = await openState(optionsFor(join(root, 'sender')));
  await applyAndFlush(sender, entries.slice(0, 500));
  const snapshot = sender.state.exportSnapshot();
  await applyAndFlush(sender, entries.slice(500));

  const chunks: Uint8Array[] = [];
  for await (const chunk of snapshot.chunks) chunks.push(chunk);
  await snapshot.close();
  const bytes = Buffer.concat(chunks);
  t.equal(snapshot.index, 500);
  t.equal(bytes.length, snapshot.sizeBytes);

  const receiver = await openState(optionsFor(join(root, 'receiver'), { memberId: 6n }));
  await applyAndFlush(receiver, entries.slice(0, 10));
  const incoming = await receiver.state.receiveSnapshot(snapshot);
  for (let at = 0; at < bytes.length; at += 1000) await incoming.write(bytes.subarray(at, at + 1000));
  const received = await finished(incoming);
  t.equal(hashState(received.store), hashAfter(entries, 500));
  t.equal(received.state.durable.index, 500);
  await applyAndFlush(received, entries.slice(500));
  t.equal(hashState(received.store), hashState(sender.store));
  await received.state.close();
  await sender.state.close();
  t.same((await readdir(join(root, 'receiver'))).sort(), ['current', 'generation-000002']);
  const again = await openState(optionsFor(join(root, 'receiver'), { memberId: 6n }));
  t.equal(hashState(again.store), hashState(sender.store));
  await again.state.close();
});

t.test('the old state can be read until the new one has taken over', async (t) => {
  const [sender, receiver] = [createMachine(), createMachine()];
  const source = await sender.open();
  await applyAndFlush(source, sampleEntries(200, 18));
  const snapshot = source.state.exportSnapshot();
  const old = await receiver.open();
  const incoming = await old.state.receiveSnapshot(snapshot);
  for await (const chunk of snapshot.chunks) await incoming.write(chunk);
  let opened: OpenedState | undefined;
  await incoming.finish((next) => {
    opened = next;
    t.equal(old.state.exportSnapshot().index, 0);
  });
  t.throws(() => old.state.exportSnapshot(), 'afterwards it is closed');
  t.equal(opened?.store.appliedIndex, snapshot.index);
  await opened?.state.close();
  await source.state.close();
});

t.test('a damaged, cut or foreign snapshot is refused and the old state stays', async (t) => {
  const machine = createMachine();
  const opened = await machine.open();
  await applyAndFlush(opened, sampleEntries(200, 17));
  const snapshot = opened.state.exportSnapshot();
  const chunks: Uint8Array[] = [];
  for await (const chunk of snapshot.chunks) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const receive = async (stream: Uint8Array, position = { index: snapshot.index, term: snapshot.term }) => {
    const incoming = await opened.state.receiveSnapshot(position);
    try {
      await incoming.write(stream);
      await finished(incoming);
      return 'accepted';
    } catch (error) {
      await incoming.abort();
      return (error as { code?: unknown }).code;
    }
  };
  for (let at = 0; at < bytes.length; at += 997) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    t.match(await receive(flipped), /_DAMAGED$/, `byte ${at}`);
  }
  t.equal(await receive(bytes.subarray(0, -1)), 'SNAPSHOT_DAMAGED');
  t.equal(await receive(bytes.subarray(0, 20)), 'SNAPSHOT_DAMAGED');
  t.equal(await receive(bytes, { index: 1, term: 1 }), 'SNAPSHOT_DAMAGED');
  const hash = hashState(opened.store);
  await opened.state.close();
  const again = await machine.open();
  t.equal(hashState(again.store), hash);
  await again.state.close();
});
