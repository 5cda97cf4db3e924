/** `Watch.Watch`: creating and cancelling, order, catching up, filters, progress. */
import { etcdserverpb, fromId } from '@flotilla/wire';
import { type Client, type Stream, bytes, number, openStream, text, watchText } from './client.ts';
import { type Setting, conformance, refusal, until } from './rules.ts';

type WatchStream = Stream<etcdserverpb.WatchRequest.$Properties, etcdserverpb.WatchResponse>;
type Create = etcdserverpb.WatchCreateRequest.$Properties;

const { NOPUT, NODELETE } = etcdserverpb.WatchCreateRequest.FilterType;
const zero = bytes('\0');

/** Opens a stream for a rule, and closes it at its end. */
function openWatch({ t }: Pick<Setting, 't'>, client: Client): WatchStream {
  const stream: WatchStream = openStream(client.watch.Watch);
  t.teardown(() => stream.close());
  return stream;
}

async function create(stream: WatchStream, request: Create): Promise<etcdserverpb.WatchResponse> {
  stream.ask({ create_request: request });
  return await stream.next();
}

/** Answers until `count` events have come. */
async function events(stream: WatchStream, count: number): Promise<etcdserverpb.WatchResponse[]> {
  const found: etcdserverpb.WatchResponse[] = [];
  for (let seen = 0; seen < count; seen += found.at(-1)?.events.length ?? 0) found.push(await stream.next());
  return found;
}

const keysOf = (responses: readonly etcdserverpb.WatchResponse[]): string =>
  responses.flatMap((response) => response.events.map(({ kv }) => text(kv?.key).slice(5))).join('');

conformance(
  'Watch',
  ({ rule }) => {
    rule('ids are given out from 0, and the answer tells where the watch begins', async (setting) => {
      const { t, client, key } = setting;
      const { header } = await client.kv.Put({ key: key('a') });
      const stream = openWatch(setting, client);
      for (const id of [0, 1, 2]) {
        const created = await create(stream, { key: key('a') });
        t.equal(watchText(created), `#${id} created`);
        t.equal(number(created.header?.revision), number(header?.revision));
        t.ok(number(created.header?.raft_term) > 0);
      }
    });

    rule('an id of the client is used as it is; one that is taken is refused', async (setting) => {
      const { t, client, key } = setting;
      const stream = openWatch(setting, client);
      t.equal(watchText(await create(stream, { key: key('a'), watch_id: 7 })), '#7 created');
      t.equal(
        watchText(await create(stream, { key: key('a'), watch_id: 7 })),
        '#-1 created canceled mvcc: duplicate watch ID provided on the WatchStream',
      );
      t.equal(watchText(await create(stream, { key: key('a') })), '#0 created');
      t.equal(watchText(await create(stream, { key: key('a'), watch_id: -1 })), '#-1 created');
      t.equal(watchText(await create(stream, { key: key('a'), watch_id: 1 })), '#1 created');
      t.equal(watchText(await create(stream, { key: key('a') })), '#2 created', 'what is taken is passed over');
    });

    rule('an empty interval is refused', async (setting) => {
      const { t, client, key } = setting;
      const stream = openWatch(setting, client);
      for (const range_end of [key('b'), key('a')]) {
        const answer = await create(stream, { key: key('b'), range_end });
        t.match(watchText(answer), /^#-1 created canceled/);
      }
    });

    rule('the reason of a refused interval is told', { since: '3.5' }, async (setting) => {
      const { t, client, key } = setting;
      const answer = await create(openWatch(setting, client), { key: key('b'), range_end: key('a') });
      t.equal(answer.cancel_reason, 'mvcc: watcher range is empty');
    });

    rule('an empty key means the zero byte, and a zero range_end everything from it', async (setting) => {
      const { t, client, key } = setting;
      const stream = openWatch(setting, client);
      t.equal(watchText(await create(stream, { range_end: zero })), '#0 created');
      await client.kv.Put({ key: key('a') });
      t.equal(keysOf(await events(stream, 1)), 'a');
    });

    rule('a negative start is refused', { since: '3.6' }, async (setting) => {
      const { t, client, key } = setting;
      const answer = await create(openWatch(setting, client), { key: key('a'), start_revision: -1 });
      t.equal(watchText(answer), '#-1 created canceled etcdserver: mvcc: required revision has been compacted');
    });

    rule('a watch from 0 sees what comes after its creation', async (setting) => {
      const { t, client, key, end } = setting;
      const { header } = await client.kv.Put({ key: key('a'), value: bytes('0') });
      const base = number(header?.revision);
      const stream = openWatch(setting, client);
      await create(stream, { key: key(), range_end: end });
      await client.kv.Put({ key: key('a'), value: bytes('1') });
      await client.kv.DeleteRange({ key: key('a') });
      const answers = await events(stream, 2);
      const prefix = text(key());
      t.equal(
        answers.map((answer) => watchText(answer, base).replace('#0 ', '')).join(' '),
        `+${prefix}a=1 0/1/2 -${prefix}a= 0/2/0`,
      );
      t.equal(number(answers.at(-1)?.header?.revision), base + 2);
    });

    rule('a delete has key and mod_revision only', async (setting) => {
      const { t, client, key } = setting;
      const stream = openWatch(setting, client);
      await create(stream, { key: key('a') });
      await client.kv.Put({ key: key('a'), value: bytes('v') });
      const { header } = await client.kv.DeleteRange({ key: key('a') });
      const [event] = (await events(stream, 2)).flatMap((answer) => answer.events).slice(-1);
      t.equal(event?.type, 1);
      t.strictSame(
        [number(event?.kv?.create_revision), number(event?.kv?.mod_revision), number(event?.kv?.version)],
        [0, number(header?.revision), 0],
      );
      t.strictSame([text(event?.kv?.value), number(event?.kv?.lease)], ['', 0]);
      t.notOk(event?.prev_kv);
    });

    rule('a start in the past brings history, in order of revisions and of changes in them', async (setting) => {
      const { t, client, key, end } = setting;
      const { header } = await client.kv.Put({ key: key('a') });
      const put = (name: string): etcdserverpb.RequestOp.$Properties => ({ request_put: { key: key(name) } });
      await client.kv.Txn({ success: [put('c'), put('b')] });
      await client.kv.Put({ key: key('x') });
      await client.kv.DeleteRange({ key: key('b'), range_end: key('d') });
      const stream = openWatch(setting, client);
      t.equal(
        watchText(await create(stream, { key: key(), range_end: end, start_revision: header?.revision ?? 0 })),
        '#0 created',
      );
      const answers = await events(stream, 6);
      t.equal(keysOf(answers), 'acbxbc');
      t.ok(number(answers.at(-1)?.header?.revision) >= number(header?.revision) + 3);
    });

    rule('a revision is never split over two answers', async (setting) => {
      const { t, client, key, end } = setting;
      const stream = openWatch(setting, client);
      const { header } = await create(stream, { key: key(), range_end: end });
      const put = (name: string): etcdserverpb.RequestOp.$Properties => ({ request_put: { key: key(name) } });
      for (let i = 0; i < 20; i++) await client.kv.Txn({ success: [put('a'), put('b'), put('c')] });
      const last = number(header?.revision) + 20;
      for (let seen = 0; seen < last;) {
        const answer = await stream.next();
        const revisions = answer.events.map(({ kv }) => number(kv?.mod_revision));
        for (const revision of new Set(revisions)) t.equal(revisions.filter((one) => one === revision).length, 3);
        t.ok(Math.min(...revisions) > seen, 'later than the answer before');
        seen = Math.max(...revisions);
      }
    });

    rule('prev_kv is the version before, and absent for a new key', async (setting) => {
      const { t, client, key, end } = setting;
      const { header } = await client.kv.Put({ key: key('a'), value: bytes('1') });
      const base = number(header?.revision) - 1;
      await client.kv.Put({ key: key('a'), value: bytes('2') });
      await client.kv.DeleteRange({ key: key('a') });
      const stream = openWatch(setting, client);
      await create(stream, { key: key(), range_end: end, prev_kv: true, start_revision: base + 1 });
      const found = (await events(stream, 3)).flatMap((answer) => answer.events);
      t.strictSame(
        found.map(({ prev_kv }) =>
          prev_kv ? `${text(prev_kv.value)}@${number(prev_kv.mod_revision) - base}` : 'none',
        ),
        ['none', '1@1', '2@2'],
      );
    });

    rule('prev_kv of a live event too', async (setting) => {
      const { t, client, key } = setting;
      await client.kv.Put({ key: key('a'), value: bytes('1') });
      const stream = openWatch(setting, client);
      await create(stream, { key: key('a'), prev_kv: true });
      await client.kv.Put({ key: key('a'), value: bytes('2') });
      await client.kv.DeleteRange({ key: key('a') });
      const found = (await events(stream, 2)).flatMap((answer) => answer.events);
      t.strictSame(
        found.map(({ prev_kv }) => text(prev_kv?.value)),
        ['1', '2'],
      );
    });

    rule('prev_kv is absent when it is compacted away', async (setting) => {
      const { t, client, key } = setting;
      await client.kv.Put({ key: key('a'), value: bytes('1') });
      const { header } = await client.kv.Put({ key: key('a'), value: bytes('2') });
      await client.kv.Compact({ revision: header?.revision ?? 0, physical: true });
      const stream = openWatch(setting, client);
      await create(stream, { key: key('a'), prev_kv: true, start_revision: header?.revision ?? 0 });
      const [event] = (await events(stream, 1)).flatMap((answer) => answer.events);
      t.equal(text(event?.kv?.value), '2');
      t.notOk(event?.prev_kv);
    });

    rule('a start below the compacted revision is created, then cancelled with the revision', async (setting) => {
      const { t, client, key } = setting;
      await client.kv.Put({ key: key('a') });
      const { header } = await client.kv.Put({ key: key('a') });
      const revision = number(header?.revision);
      await client.kv.Compact({ revision });
      const stream = openWatch(setting, client);
      t.equal(watchText(await create(stream, { key: key('a'), start_revision: revision - 1 })), '#0 created');
      const canceled = await stream.next();
      t.equal(watchText(canceled, revision), '#0 canceled compacted 0');
      t.equal(number(canceled.header?.revision), 0);
      await create(stream, { key: key('a'), start_revision: revision });
      t.equal(number((await stream.next()).events[0]?.kv?.mod_revision), revision, 'that revision itself is fine');
    });

    rule('a delete at the compacted revision is still seen', { since: '3.6' }, async (setting) => {
      const { t, client, key } = setting;
      await client.kv.Put({ key: key('a') });
      const { header } = await client.kv.DeleteRange({ key: key('a') });
      await client.kv.Put({ key: key('b') });
      await client.kv.Compact({ revision: header?.revision ?? 0, physical: true });
      const stream = openWatch(setting, client);
      await create(stream, { key: key('a'), start_revision: header?.revision ?? 0 });
      t.equal(watchText(await stream.next(), number(header?.revision)), `#0 -${text(key('a'))}= 0/0/0`);
    });

    rule('filters drop puts or deletes', async (setting) => {
      const { t, client, key, end } = setting;
      const { header } = await client.kv.Put({ key: key('a') });
      await client.kv.DeleteRange({ key: key('a') });
      await client.kv.Put({ key: key('b') });
      await client.kv.DeleteRange({ key: key('b') });
      const from = header?.revision ?? 0;
      for (const [filters, kinds] of [
        [[NOPUT], [1, 1]],
        [[NODELETE], [0, 0]],
      ] as const) {
        const stream = openWatch(setting, client);
        await create(stream, { key: key(), range_end: end, start_revision: from, filters: [...filters] });
        const found = (await events(stream, 2)).flatMap((answer) => answer.events);
        t.strictSame(
          found.map(({ type }) => type),
          kinds,
        );
      }
      const both = openWatch(setting, client);
      await create(both, { key: key(), range_end: end, start_revision: from, filters: [NOPUT, NODELETE] });
      const live = await create(both, { key: key('z') });
      t.equal(watchText(live), '#1 created', 'an empty batch sends nothing');
    });

    rule('a cancelled watch says so and is silent then', async (setting) => {
      const { t, client, key } = setting;
      const stream = openWatch(setting, client);
      await create(stream, { key: key('a') });
      await create(stream, { key: key('a') });
      const { header } = await client.kv.Put({ key: key('other') });
      stream.ask({ cancel_request: { watch_id: 0 } });
      const canceled = await stream.next();
      t.equal(watchText(canceled), '#0 canceled');
      t.equal(number(canceled.header?.revision), number(header?.revision));
      await client.kv.Put({ key: key('a') });
      t.match(watchText(await stream.next()), /^#1 \+/);
    });

    rule('cancelling an unknown id is not answered', async (setting) => {
      const { t, client, key } = setting;
      const stream = openWatch(setting, client);
      stream.ask({ cancel_request: { watch_id: 99 } });
      t.equal(watchText(await create(stream, { key: key('a') })), '#0 created');
    });

    rule('an empty request is ignored', async (setting) => {
      const { t, client, key } = setting;
      const stream = openWatch(setting, client);
      stream.ask({});
      t.equal(watchText(await create(stream, { key: key('a') })), '#0 created');
    });

    rule('a start in the future waits for it', async (setting) => {
      const { t, client, key } = setting;
      const { header } = await client.kv.Put({ key: key('a') });
      const revision = number(header?.revision);
      const stream = openWatch(setting, client);
      t.equal(watchText(await create(stream, { key: key('a'), start_revision: revision + 3 })), '#0 created');
      for (let i = 0; i < 4; i++) await client.kv.Put({ key: key('a') });
      const found = (await events(stream, 2)).flatMap((answer) => answer.events);
      t.strictSame(
        found.map(({ kv }) => number(kv?.mod_revision) - revision),
        [3, 4],
      );
    });

    rule('progress on request comes under id -1 and the revision of now', async (setting) => {
      const { t, client, key } = setting;
      const stream = openWatch(setting, client);
      await create(stream, { key: key('a') });
      const { header } = await client.kv.Put({ key: key('other') });
      await until(async () => {
        stream.ask({ progress_request: {} });
        const progress = await stream.next();
        t.equal(watchText(progress), '#-1');
        return number(progress.header?.revision) === number(header?.revision);
      });
    });

    rule('a stream without watches gets no progress', { since: '3.6' }, async (setting) => {
      const { t, client, key } = setting;
      const stream = openWatch(setting, client);
      stream.ask({ progress_request: {} });
      t.equal(watchText(await create(stream, { key: key('a') })), '#0 created');
    });

    rule('progress is withheld while a watch waits for a revision to come', { since: '3.6' }, async (setting) => {
      const { t, client, key } = setting;
      const { header } = await client.kv.Put({ key: key('a') });
      const stream = openWatch(setting, client);
      await create(stream, { key: key('a'), start_revision: number(header?.revision) + 2 });
      stream.ask({ progress_request: {} });
      t.equal(watchText(await create(stream, { key: key('b') })), '#1 created');
    });

    // In 3.4 no flag shortens its ten minutes, in 3.5 one that is marked as experimental.
    rule('automatic progress carries the id of the watch and no events', { since: '3.6' }, async (setting) => {
      const { t, client, key } = setting;
      const stream = openWatch(setting, client);
      await create(stream, { key: key('a'), progress_notify: true, watch_id: 5 });
      const progress = await stream.next();
      t.equal(watchText(progress), '#5');
      t.ok(number(progress.header?.revision) > 0);
    });

    rule('an answer that is too large is split when asked for', async (setting) => {
      const { t, client, key, end } = setting;
      const value = new Uint8Array(700 * 1024);
      for (const name of ['a', 'b', 'c', 'd', 'e']) await client.kv.Put({ key: key(name), value });
      const { header } = await client.kv.DeleteRange({ key: key(), range_end: end });
      const start_revision = header?.revision ?? 0;
      const request = { key: key(), range_end: end, start_revision, prev_kv: true };
      const stream = openWatch(setting, client);
      await create(stream, { ...request, fragment: true });
      const answers = await events(stream, 5);
      t.equal(keysOf(answers), 'abcde');
      t.ok(answers.length > 1, 'several answers');
      t.strictSame(
        answers.map(({ fragment }) => fragment),
        answers.map((_, i) => i < answers.length - 1),
      );
      const whole = openWatch(setting, client);
      await create(whole, request);
      t.equal(keysOf([await whole.next()]), 'abcde', 'one answer unless asked for');
    });

    rule('what a lease takes with it is seen as deletes of one revision', async (setting) => {
      const { t, client, key, end } = setting;
      const { ID } = await client.lease.LeaseGrant({ TTL: 600 });
      for (const name of ['b', 'c', 'a']) await client.kv.Put({ key: key(name), lease: ID });
      const stream = openWatch(setting, client);
      await create(stream, { key: key(), range_end: end });
      const { header } = await client.lease.LeaseRevoke({ ID });
      const answers = await events(stream, 3);
      t.equal(keysOf(answers), 'abc');
      t.strictSame(
        answers.flatMap((answer) => answer.events.map(({ kv }) => number(kv?.mod_revision))),
        [1, 1, 1].map(() => number(header?.revision)),
      );
    });

    rule('a delete of several keys is seen as deletes of one revision, by key', async (setting) => {
      const { t, client, key, end } = setting;
      for (const name of ['b', 'c', 'a']) await client.kv.Put({ key: key(name) });
      const stream = openWatch(setting, client);
      await create(stream, { key: key(), range_end: end });
      const { header } = await client.kv.DeleteRange({ key: key(), range_end: end });
      const answers = await events(stream, 3);
      t.equal(keysOf(answers), 'abc');
      t.strictSame(
        answers.flatMap((answer) => answer.events.map(({ kv }) => number(kv?.mod_revision))),
        [1, 1, 1].map(() => number(header?.revision)),
      );
    });

    rule('the half-closed stream of a client goes on until it is closed', async (setting) => {
      const { t, client, key } = setting;
      const stream: WatchStream = openStream(client.watch.Watch);
      t.teardown(() => stream.close());
      await create(stream, { key: key('a') });
      stream.end();
      await client.kv.Put({ key: key('a') });
      t.match(watchText(await stream.next()), /^#0 \+/);
    });

    rule('every member shows every change in order', { cluster: true }, async (setting) => {
      const { t, clients, key, end } = setting;
      const streams = clients.map((client) => openWatch(setting, client));
      for (const stream of streams) await create(stream, { key: key(), range_end: end });
      for (let i = 0; i < 9; i++) await clients[i % clients.length]?.kv.Put({ key: key(String(i)) });
      for (const stream of streams) t.equal(keysOf(await events(stream, 9)), '012345678');
    });

    rule('metadata hasleader does no harm where there is a leader', async (setting) => {
      const { t, client, key } = setting;
      const metadata = { hasleader: 'true' };
      const stream: WatchStream = openStream(client.watch.Watch, { metadata });
      t.teardown(() => stream.close());
      t.equal(watchText(await create(stream, { key: key('a') })), '#0 created');
      t.equal(await refusal(client.kv.Put({ key: key('a') }, { metadata })), 'answered');
      t.match(watchText(await stream.next()), /^#0 \+/);
      t.equal(
        await refusal(client.kv.Put({ key: key('a'), lease: fromId(9n) }, { metadata })),
        '5 etcdserver: requested lease not found',
      );
    });
  },
  { since: { '3.6': { 'watch-progress-notify-interval': '100ms' } } },
);
