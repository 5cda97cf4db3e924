import {
  type EtcdClient,
  type WatchBatch,
  type WatchEvent,
  createEtcdClient,
  ordersProgress,
  prefixRange,
} from '@flotilla/etcd-client';
import t from 'tap';
import { type EtcdMember, etcdLevel, startEtcd } from './etcd-process.ts';

const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();

/** The next batch that is no progress. */
async function next(batches: AsyncIterator<WatchBatch>): Promise<WatchBatch> {
  for (;;) {
    const result = await batches.next();
    if (result.done === true) throw new Error('the watch ended');
    if (result.value.type !== 'progress') return result.value;
  }
}

async function nextEvents(batches: AsyncIterator<WatchBatch>): Promise<readonly WatchEvent[]> {
  const batch = await next(batches);
  if (batch.type !== 'events') throw new Error(`expected events, got ${batch.type}`);
  return batch.events;
}

void t.test('one member', async (t) => {
  const cluster = await startEtcd(1, [
    '--max-request-bytes=8000000',
    `--${etcdLevel() < '3.6' ? 'experimental-' : ''}watch-progress-notify-interval=100ms`,
  ]);
  const client = createEtcdClient({ endpoints: cluster.endpoints });
  t.teardown(async () => {
    client.close();
    await cluster.close();
  });
  const { kv } = client;

  await t.test('a watch from now sees what follows, and nothing before', async (t) => {
    await kv.put({ key: 'now', value: 'before' });
    const batches = client.watch({ key: 'now', prevKv: true })[Symbol.asyncIterator]();
    t.match(await next(batches), { type: 'created' });
    await kv.put({ key: 'now', value: 'after' });
    await kv.deleteRange({ key: 'now' });
    const [put] = await nextEvents(batches);
    t.match(
      { type: put?.type, value: text(put?.kv.value), prev: text(put?.prevKv?.value) },
      { type: 'put', value: 'after', prev: 'before' },
    );
    const [deleted] = await nextEvents(batches);
    t.match({ type: deleted?.type, prev: text(deleted?.prevKv?.value) }, { type: 'delete', prev: 'after' });
    await batches.return?.();
  });

  await t.test('a watch from a past revision replays history in order', async (t) => {
    const { header } = await kv.put({ key: 'h/0', value: '' });
    for (let i = 1; i < 50; i++) await kv.put({ key: `h/${i}`, value: '' });
    const seen: string[] = [];
    for await (const batch of client.watch({ ...prefixRange('h/'), startRevision: header.revision })) {
      if (batch.type === 'events') seen.push(...batch.events.map(({ kv }) => text(kv.key) ?? ''));
      if (seen.length === 50) break;
    }
    t.same(
      seen,
      Array.from({ length: 50 }, (_, i) => `h/${i}`),
    );
  });

  await t.test('filters leave out puts or deletes', async (t) => {
    const { header } = await kv.put({ key: 'f', value: '1' });
    await kv.deleteRange({ key: 'f' });
    const deletes = client.watch({ key: 'f', startRevision: header.revision, noPut: true })[Symbol.asyncIterator]();
    t.match(await next(deletes), { type: 'created' });
    t.match(await nextEvents(deletes), [{ type: 'delete' }]);
    await deletes.return?.();
  });

  await t.test('a transaction that is sent in fragments arrives as one batch', async (t) => {
    const large = Buffer.alloc(900_000, 7);
    const batches = client.watch(prefixRange('big/'))[Symbol.asyncIterator]();
    t.match(await next(batches), { type: 'created' });
    const { header } = await kv.txn({
      success: Array.from({ length: 8 }, (_, i) => ({ type: 'put' as const, key: `big/${i}`, value: large })),
    });
    // Two transactions that the watch finds together in history make one answer beyond the server's limit.
    const again = await kv.txn({
      success: Array.from({ length: 8 }, (_, i) => ({ type: 'put' as const, key: `big/${i}`, value: large })),
    });
    t.match(
      (await nextEvents(batches)).map(({ kv }) => kv.modRevision),
      Array(8).fill(header.revision),
    );
    await batches.return?.();
    const history = client.watch({ ...prefixRange('big/'), startRevision: header.revision })[Symbol.asyncIterator]();
    t.match(await next(history), { type: 'created' });
    const revisions: number[] = [];
    let batchesSeen = 0;
    while (revisions.length < 16) {
      revisions.push(...(await nextEvents(history)).map(({ kv }) => kv.modRevision));
      batchesSeen++;
    }
    t.same(revisions, [...Array<number>(8).fill(header.revision), ...Array<number>(8).fill(again.header.revision)]);
    t.ok(batchesSeen <= 2, 'no revision is split over two batches');
    await history.return?.();
  });

  await t.test('a compacted start is reported with the revision that can still be read', async (t) => {
    const { header } = await kv.put({ key: 'gone', value: '1' });
    const last = await kv.put({ key: 'gone', value: '2' });
    await kv.compact({ revision: last.header.revision });
    const watch = client.watch({ key: 'gone', startRevision: header.revision });
    const read = async (): Promise<void> => {
      for await (const batch of watch) t.equal(batch.type, 'created');
    };
    await t.rejects(read(), { code: 'ETCD_COMPACTED', compactRevision: last.header.revision });
  });

  await t.test('progress is surfaced, asked for or not', async (t) => {
    const { header } = await kv.put({ key: 'progress', value: '' });
    const notified = client.watch({ key: 'quiet', progressNotify: true })[Symbol.asyncIterator]();
    t.match((await notified.next()).value, { type: 'created' });
    t.match((await notified.next()).value, { type: 'progress', revision: header.revision });
    await notified.return?.();

    const watch = client.watch({ key: 'quiet' });
    const asked = watch[Symbol.asyncIterator]();
    t.match((await asked.next()).value, { type: 'created' });
    watch.requestProgress();
    t.match((await asked.next()).value, { type: 'progress', revision: header.revision });
    await asked.return?.();
  });

  await t.test('a watch ends with its signal and with its client, without an error', async (t) => {
    const controller = new AbortController();
    const own = createEtcdClient({ endpoints: cluster.endpoints });
    const ends = [
      {
        batches: own.watch({ key: 'e', signal: controller.signal })[Symbol.asyncIterator](),
        end: () => controller.abort(),
      },
      { batches: own.watch({ key: 'e' })[Symbol.asyncIterator](), end: () => own.close() },
    ];
    for (const { batches, end } of ends) {
      t.match(await next(batches), { type: 'created' });
      const waiting = batches.next();
      end();
      t.equal((await waiting).done, true);
    }
  });
});

void t.test('three members: a watch goes on through deaths without loss or repetition', async (t) => {
  const cluster = await startEtcd(3);
  const client = createEtcdClient({ endpoints: cluster.endpoints });
  t.teardown(async () => {
    client.close();
    await cluster.close();
  });
  const seen: number[] = [];
  const done = new AbortController();
  const first = await client.kv.put({ key: 'r/start', value: '' });
  const watching = (async () => {
    const watch = client.watch({ ...prefixRange('r/'), startRevision: first.header.revision, signal: done.signal });
    for await (const batch of watch) {
      if (batch.type === 'events') seen.push(...batch.events.map(({ kv }) => kv.modRevision));
    }
  })();
  for (const member of cluster.members) {
    await writeSome(client);
    await member.kill();
    await writeSome(client);
    await (member as EtcdMember).start();
  }
  const { header } = await client.kv.range({ key: 'r/start' });
  while ((seen.at(-1) ?? 0) < header.revision) await new Promise((resolve) => setTimeout(resolve, 5));
  done.abort();
  await watching;
  // Only this test writes, so revisions are without a gap.
  const expected = Array.from(
    { length: header.revision - first.header.revision + 1 },
    (_, i) => first.header.revision + i,
  );
  t.same(seen, expected);
});

/** Writes whatever the members' deaths let through. */
async function writeSome(client: EtcdClient): Promise<void> {
  for (let written = 0, i = 0; written < 30; i++) {
    written += await client.kv.put({ key: `r/${i}`, value: String(i) }).then(
      () => 1,
      () => 0,
    );
  }
}

void t.test('which servers order progress with events', (t) => {
  for (const version of ['3.4.31', '3.5.13', '3.6.0', '3.7.1', '4.0.0'])
    t.equal(ordersProgress(version), true, version);
  for (const version of ['3.4.23', '3.5.12', '3.3.99', '2.3.8', '']) t.equal(ordersProgress(version), false, version);
  t.end();
});
