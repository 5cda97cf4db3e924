/** `KV.Range` and `KV.RangeStream`: intervals, revisions, sorting, limits, counts, filters. */
import { etcdserverpb } from '@flotilla/wire';
import { type Client, bytes, kvText, number, text } from './client.ts';
import { type Setting, conformance, refusal } from './rules.ts';

type RangeRequest = etcdserverpb.RangeRequest.$Properties;

const { SortOrder, SortTarget } = etcdserverpb.RangeRequest;
const zero = bytes('\0');

const keysOf = ({ kvs }: etcdserverpb.RangeResponse): string => kvs.map(({ key }) => text(key).slice(5)).join('');

/** Writes `a` to `e` with values and numbers of versions that order them differently; the revision before them. */
async function fill({ client, key }: Setting): Promise<number> {
  const order = ['c', 'a', 'e', 'b', 'd', 'a', 'a', 'b'];
  let base = 0;
  for (const [i, name] of order.entries()) {
    const { header } = await client.kv.Put({ key: key(name), value: bytes(String(9 - i)) });
    if (i === 0) base = number(header?.revision) - 1;
  }
  return base;
}

async function streamed(client: Client, request: RangeRequest): Promise<etcdserverpb.RangeResponse.$Properties[]> {
  const chunks: etcdserverpb.RangeResponse.$Properties[] = [];
  for await (const { range_response } of client.kv.RangeStream(request)) {
    if (range_response) chunks.push(range_response);
  }
  return chunks;
}

/** The keys of a stream, without the rule's prefix, which has five letters. */
async function streamedKeys({ client, key, end }: Setting, order: RangeRequest): Promise<string> {
  const chunks = await streamed(client, { key: key(), range_end: end, ...order });
  return chunks.flatMap(({ kvs }) => (kvs ?? []).map((kv) => text(kv.key).slice(5))).join('');
}

conformance('Range', ({ rule }) => {
  rule('an empty key is refused', async ({ t, client }) => {
    t.equal(await refusal(client.kv.Range({})), '3 etcdserver: key is not provided');
    t.equal(await refusal(client.kv.Range({ range_end: bytes('a') })), '3 etcdserver: key is not provided');
  });

  rule('without range_end it names one key', async (setting) => {
    const { t, client, key } = setting;
    const base = await fill(setting);
    const { kvs, count, more } = await client.kv.Range({ key: key('b') });
    t.strictSame(
      kvs.map((kv) => kvText(kv, base).slice(5)),
      ['b=2 4/8/2'],
    );
    t.strictSame([number(count), more], [1, false]);
    const none = await client.kv.Range({ key: key('x') });
    t.strictSame([none.kvs.length, number(none.count), none.more], [0, 0, false]);
  });

  rule('range_end is excluded', async (setting) => {
    await fill(setting);
    const { t, client, key } = setting;
    t.equal(keysOf(await client.kv.Range({ key: key('b'), range_end: key('d') })), 'bc');
  });

  rule('range_end of one zero byte means every key from key on', async (setting) => {
    await fill(setting);
    const { t, client, key } = setting;
    const { kvs } = await client.kv.Range({ key: key('d'), range_end: zero });
    t.strictSame(
      kvs.slice(0, 2).map((kv) => text(kv.key)),
      [text(key('d')), text(key('e'))],
    );
  });

  rule('key and range_end of one zero byte mean everything', async (setting) => {
    await fill(setting);
    const { t, client, key, end } = setting;
    const all = await client.kv.Range({ key: zero, range_end: zero, keys_only: true });
    const own = await client.kv.Range({ key: key(), range_end: end, keys_only: true });
    t.equal(number(own.count), 5);
    t.ok(number(all.count) >= 5);
  });

  rule('range_end at or before key is an empty interval, not an error', async (setting) => {
    await fill(setting);
    const { t, client, key } = setting;
    for (const range_end of [key('b'), key('a')]) {
      const { kvs, count } = await client.kv.Range({ key: key('b'), range_end });
      t.strictSame([kvs.length, number(count)], [0, 0]);
    }
  });

  rule('a revision that is not positive means the latest one', async (setting) => {
    await fill(setting);
    const { t, client, key } = setting;
    for (const revision of [0, -1, -100]) {
      const { kvs } = await client.kv.Range({ key: key('a'), revision });
      t.equal(text(kvs[0]?.value), '3');
    }
  });

  rule('an older revision reads what was there, under the header of now', async (setting) => {
    const base = await fill(setting);
    const { t, client, key } = setting;
    const { kvs, header } = await client.kv.Range({ key: key('a'), revision: base + 6 });
    t.equal(kvText(kvs[0], base).slice(5), 'a=4 2/6/2');
    t.equal(number(header?.revision), base + 8);
  });

  rule('a future revision is refused', async (setting) => {
    const base = await fill(setting);
    const { t, client, key } = setting;
    const request = { key: key('a'), revision: base + 9 };
    t.equal(await refusal(client.kv.Range(request)), '11 etcdserver: mvcc: required revision is a future revision');
    const serializable = { ...request, revision: base + 1000, serializable: true };
    t.equal(
      await refusal(client.kv.Range(serializable)),
      '11 etcdserver: mvcc: required revision is a future revision',
    );
  });

  rule('a revision below the compacted one is refused, that one itself is readable', async (setting) => {
    const base = await fill(setting);
    const { t, client, key } = setting;
    await client.kv.Compact({ revision: base + 7 });
    const read = (revision: number): Promise<etcdserverpb.RangeResponse> =>
      client.kv.Range({ key: key('a'), revision });
    t.equal(await refusal(read(base + 6)), '11 etcdserver: mvcc: required revision has been compacted');
    t.equal(text((await read(base + 7)).kvs[0]?.value), '3');
  });

  rule('sorts by each target, in both orders', async (setting) => {
    await fill(setting);
    const { t, client, key, end } = setting;
    const expected = { KEY: 'abcde', VERSION: '', CREATE: 'caebd', MOD: 'cedab', VALUE: 'badec' } as const;
    for (const [name, keys] of Object.entries(expected)) {
      const sort_target = SortTarget[name as keyof typeof expected];
      const sorted = async (sort_order: number): Promise<string> =>
        keysOf(await client.kv.Range({ key: key(), range_end: end, sort_target, sort_order }));
      if (name === 'VERSION') {
        t.equal((await sorted(SortOrder.ASCEND)).at(-1), 'a');
        t.equal((await sorted(SortOrder.DESCEND)).slice(0, 2), 'ab');
      } else {
        t.equal(await sorted(SortOrder.ASCEND), keys, name);
        t.equal(await sorted(SortOrder.DESCEND), keys.split('').reverse().join(''), name);
      }
    }
  });

  rule('a target other than the key is sorted ascending without an order', async (setting) => {
    await fill(setting);
    const { t, client, key, end } = setting;
    const request = { key: key(), range_end: end, sort_target: SortTarget.MOD };
    t.equal(keysOf(await client.kv.Range(request)), 'cedab');
  });

  // Those before die of it (etcd's changelog of 3.6).
  rule('unknown orders and targets are refused', { since: '3.6' }, async ({ t, client, key }) => {
    const refused = '3 etcdserver: invalid sort option';
    t.equal(await refusal(client.kv.Range({ key: key('a'), sort_order: 9 as never })), refused);
    t.equal(await refusal(client.kv.Range({ key: key('a'), sort_target: 9 as never })), refused);
  });

  rule('limit cuts, says that there is more, and leaves the count alone', async (setting) => {
    await fill(setting);
    const { t, client, key, end } = setting;
    for (const [limit, keys, more] of [
      [2, 'ab', true],
      [4, 'abcd', true],
      [5, 'abcde', false],
      [6, 'abcde', false],
      [0, 'abcde', false],
      [-1, 'abcde', false],
    ] as const) {
      const response = await client.kv.Range({ key: key(), range_end: end, limit });
      t.strictSame([keysOf(response), response.more, number(response.count)], [keys, more, 5], `limit ${limit}`);
    }
  });

  rule('with an explicit order the limit takes the first of the sorted keys', async (setting) => {
    await fill(setting);
    const { t, client, key, end } = setting;
    const request = { key: key(), range_end: end, limit: 2 };
    const descending = await client.kv.Range({ ...request, sort_order: SortOrder.DESCEND });
    t.strictSame([keysOf(descending), descending.more, number(descending.count)], ['ed', true, 5]);
    const byMod = { ...request, sort_target: SortTarget.MOD, sort_order: SortOrder.ASCEND };
    t.equal(keysOf(await client.kv.Range(byMod)), 'ce');
  });

  rule('with a target but no order the limit takes the first keys by key, and sorts those', async (setting) => {
    await fill(setting);
    const { t, client, key, end } = setting;
    const response = await client.kv.Range({ key: key(), range_end: end, limit: 2, sort_target: SortTarget.MOD });
    // a, b and c are fetched, and of c, a, b in order of their changes two are kept.
    t.strictSame([keysOf(response), response.more, number(response.count)], ['ca', true, 5]);
  });

  rule('count_only answers the count alone', async (setting) => {
    await fill(setting);
    const { t, client, key, end } = setting;
    const response = await client.kv.Range({ key: key(), range_end: end, count_only: true, limit: 2 });
    t.strictSame([response.kvs.length, number(response.count), response.more], [0, 5, false]);
  });

  rule('keys_only leaves the values out', async (setting) => {
    await fill(setting);
    const { t, client, key, end } = setting;
    const { kvs } = await client.kv.Range({ key: key(), range_end: end, keys_only: true });
    t.ok(kvs.every((kv) => text(kv.value) === '' && number(kv.mod_revision) > 0 && number(kv.version) > 0));
    const sorted = { key: key(), range_end: end, keys_only: true, sort_target: SortTarget.VALUE };
    t.equal(keysOf(await client.kv.Range(sorted)), 'badec', 'sorted by the values that are left out');
  });

  rule('keys_only leaves the lease out too', { since: '3.7' }, async ({ t, client, key }) => {
    const { ID } = await client.lease.LeaseGrant({ TTL: 600 });
    await client.kv.Put({ key: key('a'), lease: ID });
    const leaseOf = async (request: RangeRequest): Promise<string> =>
      String((await client.kv.Range({ key: key('a'), ...request })).kvs[0]?.lease);
    t.equal(await leaseOf({}), ID.toString());
    t.equal(await leaseOf({ keys_only: true }), '0');
    t.equal(await leaseOf({ keys_only: true, sort_target: SortTarget.VALUE }), ID.toString());
    await client.lease.LeaseRevoke({ ID });
  });

  rule('revision filters are inclusive, 0 turns them off, and the count ignores them', async (setting) => {
    const base = await fill(setting);
    const { t, client, key, end } = setting;
    for (const [filter, keys] of [
      [{ min_mod_revision: base + 5 }, 'abd'],
      [{ max_mod_revision: base + 5 }, 'cde'],
      [{ min_create_revision: base + 3 }, 'bde'],
      [{ max_create_revision: base + 3 }, 'ace'],
      [{ min_create_revision: base + 2, max_create_revision: base + 4 }, 'abe'],
      [{ min_mod_revision: 0, max_create_revision: 0 }, 'abcde'],
    ] as const) {
      const response = await client.kv.Range({ key: key(), range_end: end, ...filter });
      t.strictSame([keysOf(response), number(response.count), response.more], [keys, 5, false]);
    }
    const limited = await client.kv.Range({ key: key(), range_end: end, min_mod_revision: base + 5, limit: 2 });
    t.strictSame([keysOf(limited), limited.more], ['ab', true]);
  });

  rule('a serializable read is answered by every member', async (setting) => {
    const base = await fill(setting);
    const { t, clients, key } = setting;
    for (const client of clients) {
      await client.kv.Range({ key: key('a') });
      const { header } = await client.kv.Range({ key: key('a'), serializable: true });
      t.equal(number(header?.revision), base + 8);
    }
  });

  rule('headers name cluster, member and term of who answers', async ({ t, clients, key }) => {
    const headers = await Promise.all(clients.map(async ({ kv }) => (await kv.Range({ key: key('a') })).header));
    t.equal(new Set(headers.map((header) => header?.cluster_id?.toString())).size, 1);
    t.equal(new Set(headers.map((header) => header?.member_id?.toString())).size, clients.length);
    for (const header of headers) {
      t.ok(number(header?.raft_term) > 0);
      t.not(header?.cluster_id?.toString(), '0');
    }
  });

  rule('RangeStream brings what Range brings, in chunks of one revision', { since: '3.7' }, async (setting) => {
    const { t, client, key, end } = setting;
    await Promise.all(Array.from({ length: 45 }, (_, i) => client.kv.Put({ key: key(String(i)), value: bytes('v') })));
    for (const limit of [0, 7, 10, 11, 45, 100]) {
      const request = { key: key(), range_end: end, limit };
      const whole = await client.kv.Range(request);
      const chunks = await streamed(client, request);
      const keys = chunks.flatMap(({ kvs }) => (kvs ?? []).map((kv) => text(kv.key)));
      t.strictSame(
        keys,
        whole.kvs.map((kv) => text(kv.key)),
      );
      const last = chunks.pop();
      t.strictSame([last?.more, number(last?.count)], [whole.more, 45]);
      t.equal(number(last?.header?.revision), number(whole.header?.revision));
      t.ok(chunks.every(({ header, count, more }) => !header && number(count) === 0 && more !== true));
      const sizes = [...chunks, last].map((chunk) => chunk?.kvs?.length ?? 0);
      if (limit === 0) t.strictSame(sizes, [10, 20, 15], 'ten keys, and twice as many while that is little');
    }
    const [count, ...none] = await streamed(client, { key: key(), range_end: end, count_only: true });
    t.strictSame([none.length, count?.kvs?.length ?? 0, number(count?.count)], [0, 0, 45]);
  });

  // What etcd's `checkRangeStreamRequest` takes for the default order.
  rule('RangeStream takes the order of keys by its name', { since: '3.7' }, async (setting) => {
    await fill(setting);
    for (const order of [
      { sort_order: SortOrder.ASCEND },
      { sort_order: SortOrder.ASCEND, sort_target: SortTarget.KEY },
    ]) {
      setting.t.equal(await streamedKeys(setting, order), 'abcde');
    }
  });

  rule(
    'RangeStream with a target and no order keeps the order of keys',
    { since: '3.7', divergence: 'RangeStream with a target to sort by and no order' },
    async (setting) => {
      await fill(setting);
      setting.t.equal(await streamedKeys(setting, { sort_target: SortTarget.MOD }), 'abcde');
    },
  );

  rule('RangeStream refuses what it can not stream', { since: '3.7' }, async ({ t, client, key }) => {
    const ask = (request: RangeRequest): Promise<string> =>
      refusal(client.kv.RangeStream({ key: key('a'), ...request }));
    const sort = '12 RangeStream does not support custom sort orders';
    t.equal(await ask({ sort_order: SortOrder.DESCEND }), sort);
    t.equal(await ask({ sort_order: SortOrder.ASCEND, sort_target: SortTarget.MOD }), sort);
    t.equal(await ask({ sort_order: SortOrder.DESCEND, min_mod_revision: 1 }), sort);
    t.equal(await ask({ min_mod_revision: 1 }), '12 RangeStream does not support revision filters');
    t.equal(await ask({ max_create_revision: 1 }), '12 RangeStream does not support revision filters');
    t.equal(await ask({ key: new Uint8Array() }), '3 etcdserver: key is not provided');
    t.equal(await ask({ revision: 1e9 }), '11 etcdserver: mvcc: required revision is a future revision');
    t.equal(await ask({ sort_order: 9 as never }), '3 etcdserver: invalid sort option');
  });

  rule('etcd before 3.7 knows no RangeStream, and says so as gRPC does', async ({ t, client, key, server }) => {
    const answer = await refusal(client.kv.RangeStream({ key: key('a') }));
    if (server.level < '3.7') t.match(answer, /^12 /);
    else t.equal(answer, 'answered');
  });
});
