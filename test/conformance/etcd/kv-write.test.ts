/** `KV.Put`, `KV.DeleteRange` and `KV.Compact`. */
import { fromId, toId } from '@flotilla/wire';
import { bytes, kvText, number, text } from './client.ts';
import { conformance, refusal } from './rules.ts';

const zero = bytes('\0');
const noLease = '5 etcdserver: requested lease not found';

conformance('Put, DeleteRange, Compact', ({ rule }) => {
  // It must stay the first.
  rule('a fresh store is at revision 1, and its first write makes 2', async ({ t, client, key }) => {
    t.equal(number((await client.kv.Range({ key: key() })).header?.revision), 1);
    t.equal(number((await client.kv.Put({ key: key() })).header?.revision), 2);
  });

  rule('what was never compacted may be compacted at 0, once', async ({ t, client }) => {
    t.equal(await refusal(client.kv.Compact({ revision: 0 })), 'answered');
    const old = '11 etcdserver: mvcc: required revision has been compacted';
    t.equal(await refusal(client.kv.Compact({ revision: 0 })), old);
  });

  rule('a write makes the next revision, and its header tells it', async ({ t, clients, key }) => {
    let revision = number((await clients[0]?.kv.Range({ key: key() }))?.header?.revision);
    for (const client of [...clients, ...clients]) {
      const { header, prev_kv } = await client.kv.Put({ key: key('a'), value: bytes('1') });
      t.equal(number(header?.revision), ++revision);
      t.ok(number(header?.raft_term) > 0);
      t.not(prev_kv, undefined === prev_kv ? prev_kv : {}, 'prev_kv comes only when asked for');
    }
  });

  rule('versions count from 1, and again after a delete; create_revision is kept by updates', async (setting) => {
    const { t, client, key } = setting;
    const base = number((await client.kv.Put({ key: key('a'), value: bytes('1') })).header?.revision) - 1;
    const read = async (): Promise<string> => kvText((await client.kv.Range({ key: key('a') })).kvs[0], base).slice(5);
    t.equal(await read(), 'a=1 1/1/1');
    await client.kv.Put({ key: key('a'), value: bytes('2') });
    t.equal(await read(), 'a=2 1/2/2');
    await client.kv.DeleteRange({ key: key('a') });
    await client.kv.Put({ key: key('a'), value: bytes('3') });
    t.equal(await read(), 'a=3 4/4/1');
  });

  rule('prev_kv is what was there before', async ({ t, client, key }) => {
    const first = await client.kv.Put({ key: key('a'), value: bytes('1'), prev_kv: true });
    t.notOk(first.prev_kv);
    const base = number(first.header?.revision) - 1;
    const second = await client.kv.Put({ key: key('a'), value: bytes('2'), prev_kv: true });
    t.equal(kvText(second.prev_kv, base).slice(5), 'a=1 1/1/1');
  });

  rule('an empty key is refused, an empty value is not', async ({ t, client, key }) => {
    t.equal(await refusal(client.kv.Put({ value: bytes('x') })), '3 etcdserver: key is not provided');
    await client.kv.Put({ key: key('a') });
    t.equal(number((await client.kv.Range({ key: key('a') })).count), 1);
  });

  rule('keys and values are any bytes', async ({ t, client, key }) => {
    const odd = Buffer.concat([key(), Buffer.of(0, 255, 128, 10)]);
    await client.kv.Put({ key: odd, value: Buffer.of(0, 254, 0) });
    const { kvs } = await client.kv.Range({ key: odd });
    t.strictSame([Buffer.from(kvs[0]?.key ?? []), Buffer.from(kvs[0]?.value ?? [])], [odd, Buffer.of(0, 254, 0)]);
  });

  rule('an unknown lease is refused, and nothing is written', async ({ t, client, key }) => {
    t.equal(await refusal(client.kv.Put({ key: key('a'), lease: fromId(4711n) })), noLease);
    t.equal(number((await client.kv.Range({ key: key('a') })).count), 0);
  });

  rule('a put moves the key to its lease, and lease 0 detaches it', async ({ t, client, key }) => {
    const leases = [await client.lease.LeaseGrant({ TTL: 600 }), await client.lease.LeaseGrant({ TTL: 600 })];
    const attached = async (i: number): Promise<string[]> => {
      const { keys } = await client.lease.LeaseTimeToLive({ ID: leases[i]?.ID ?? null, keys: true });
      return keys.map((name) => text(name).slice(5));
    };
    await client.kv.Put({ key: key('a'), lease: leases[0]?.ID ?? null });
    t.strictSame([await attached(0), await attached(1)], [['a'], []]);
    await client.kv.Put({ key: key('a'), lease: leases[1]?.ID ?? null });
    t.strictSame([await attached(0), await attached(1)], [[], ['a']]);
    await client.kv.Put({ key: key('a') });
    t.strictSame([await attached(0), await attached(1)], [[], []]);
    t.equal(toId((await client.kv.Range({ key: key('a') })).kvs[0]?.lease), 0n);
    for (const { ID } of leases) await client.lease.LeaseRevoke({ ID });
  });

  rule('ignore_value keeps the value, ignore_lease the lease', async ({ t, client, key }) => {
    const { ID } = await client.lease.LeaseGrant({ TTL: 600 });
    await client.kv.Put({ key: key('a'), value: bytes('kept'), lease: ID });
    await client.kv.Put({ key: key('a'), ignore_value: true, ignore_lease: true });
    const { kvs } = await client.kv.Range({ key: key('a') });
    t.strictSame([text(kvs[0]?.value), toId(kvs[0]?.lease), number(kvs[0]?.version)], ['kept', toId(ID), 2]);
    await client.kv.Put({ key: key('a'), ignore_value: true });
    t.equal(toId((await client.kv.Range({ key: key('a') })).kvs[0]?.lease), 0n);
    await client.lease.LeaseRevoke({ ID });
  });

  rule('ignore flags refuse what they ignore, and missing keys', async ({ t, client, key }) => {
    const put = (request: object): Promise<string> => refusal(client.kv.Put({ key: key('a'), ...request }));
    t.equal(await put({ ignore_value: true, value: bytes('x') }), '3 etcdserver: value is provided');
    t.equal(await put({ ignore_lease: true, lease: 7 }), '3 etcdserver: lease is provided');
    t.equal(await put({ ignore_value: true }), '3 etcdserver: key not found');
    t.equal(await put({ ignore_lease: true, value: bytes('x') }), '3 etcdserver: key not found');
  });

  rule('a put with several faults tells the first: of itself, of its lease, of its key', async ({ t, client, key }) => {
    const put = (request: object): Promise<string> => refusal(client.kv.Put({ lease: 4711, ...request }));
    t.equal(await put({ value: bytes('x'), ignore_value: true }), '3 etcdserver: key is not provided');
    const faulty = { key: key('a'), ignore_value: true, ignore_lease: true };
    t.equal(await put({ ...faulty, value: bytes('x') }), '3 etcdserver: value is provided');
    t.equal(await put(faulty), '3 etcdserver: lease is provided');
    t.equal(await put({ key: key('a'), ignore_value: true, prev_kv: true }), noLease);
  });

  rule('a delete of several keys makes one revision, and counts them', async ({ t, client, key, end }) => {
    let base = 0;
    for (const name of ['a', 'b', 'c']) {
      const { header } = await client.kv.Put({ key: key(name), value: bytes(name) });
      base ||= number(header?.revision) - 1;
    }
    const { deleted, header, prev_kvs } = await client.kv.DeleteRange({ key: key(), range_end: end, prev_kv: true });
    t.strictSame([number(deleted), number(header?.revision)], [3, base + 4]);
    t.strictSame(
      prev_kvs.map((kv) => kvText(kv, base).slice(5)),
      ['a=a 1/1/1', 'b=b 2/2/1', 'c=c 3/3/1'],
    );
    t.equal(number((await client.kv.Range({ key: key(), range_end: end })).count), 0);
  });

  rule('a delete that finds nothing makes no revision', async ({ t, client, key }) => {
    const { header } = await client.kv.Put({ key: key('a') });
    const none = await client.kv.DeleteRange({ key: key('x'), prev_kv: true });
    t.strictSame([number(none.deleted), none.prev_kvs.length], [0, 0]);
    t.equal(number(none.header?.revision), number(header?.revision));
    const inverted = await client.kv.DeleteRange({ key: key('b'), range_end: key('a') });
    t.equal(number(inverted.deleted), 0);
  });

  rule('a delete without a key is refused', async ({ t, client }) => {
    t.equal(await refusal(client.kv.DeleteRange({})), '3 etcdserver: key is not provided');
  });

  rule('a delete with a range_end of one zero byte takes every key from key on', async ({ t, client }) => {
    await client.kv.Put({ key: bytes('zz/1') });
    await client.kv.Put({ key: bytes('zz/2') });
    const { deleted } = await client.kv.DeleteRange({ key: bytes('zz/'), range_end: zero });
    t.equal(number(deleted), 2);
  });

  rule('compaction refuses what is compacted and what is to come', async ({ t, client, key }) => {
    const { header } = await client.kv.Put({ key: key('a') });
    const revision = number(header?.revision);
    const compacted = await client.kv.Compact({ revision });
    t.equal(number(compacted.header?.revision), revision);
    const old = '11 etcdserver: mvcc: required revision has been compacted';
    t.equal(await refusal(client.kv.Compact({ revision })), old);
    t.equal(await refusal(client.kv.Compact({ revision: 0 })), old);
    t.equal(await refusal(client.kv.Compact({ revision: -1 })), old);
    const future = '11 etcdserver: mvcc: required revision is a future revision';
    t.equal(await refusal(client.kv.Compact({ revision: revision + 1 })), future);
  });

  rule('compaction keeps the newest version of each key at or below its revision', async ({ t, client, key, end }) => {
    const { header } = await client.kv.Put({ key: key('a'), value: bytes('1') });
    const base = number(header?.revision) - 1;
    await client.kv.Put({ key: key('b'), value: bytes('2') });
    await client.kv.Put({ key: key('a'), value: bytes('3') });
    await client.kv.DeleteRange({ key: key('b') });
    await client.kv.Put({ key: key('a'), value: bytes('5') });
    const compacted = await client.kv.Compact({ revision: base + 4, physical: true });
    t.equal(number(compacted.header?.revision), base + 5, 'the header is of now');
    const { kvs } = await client.kv.Range({ key: key(), range_end: end, revision: base + 4 });
    t.strictSame(
      kvs.map((kv) => kvText(kv, base).slice(5)),
      ['a=3 1/3/2'],
    );
    const now = await client.kv.Range({ key: key(), range_end: end });
    t.strictSame(
      now.kvs.map((kv) => kvText(kv, base).slice(5)),
      ['a=5 1/5/3'],
    );
  });

  rule('every member answers a write with what it wrote', { cluster: true }, async ({ t, clients, key }) => {
    for (const [i, client] of clients.entries()) {
      await client.kv.Put({ key: key('a'), value: bytes(String(i)) });
      for (const other of clients) t.equal(text((await other.kv.Range({ key: key('a') })).kvs[0]?.value), String(i));
    }
  });
});
