/** What `KV.Txn` refuses, in which order, and that nothing is written then. */
import { type etcdserverpb, fromId } from '@flotilla/wire';
import { bytes, number } from './client.ts';
import { type Compare, type Op, del, get, put, revisionOf, txn } from './operations.ts';
import { conformance, refusal } from './rules.ts';

const duplicate = '3 etcdserver: duplicate key given in txn request';
const compacted = '11 etcdserver: mvcc: required revision has been compacted';
const future = '11 etcdserver: mvcc: required revision is a future revision';
const noLease = '5 etcdserver: requested lease not found';

conformance('What Txn refuses', ({ rule }) => {
  rule('more operations than the limit are refused, per list', async ({ t, client, key }) => {
    const many = (count: number): Op[] => Array.from({ length: count }, () => get(key('a')));
    const compares = (count: number): Compare[] => Array.from({ length: count }, () => ({ key: key('a') }));
    const refused = '3 etcdserver: too many operations in txn request';
    t.equal(
      await refusal(client.kv.Txn({ success: many(128), failure: many(128), compare: compares(128) })),
      'answered',
    );
    for (const request of [{ success: many(129) }, { failure: many(129) }, { compare: compares(129) }]) {
      t.equal(await refusal(client.kv.Txn(request)), refused);
    }
  });

  rule('a nested transaction gets what its parent left of the limit', { since: '3.5' }, async ({ t, client, key }) => {
    const many = (count: number): Op[] => Array.from({ length: count }, () => get(key('a')));
    const nested = (outer: number, inner: number): Op[] => [...many(outer - 1), txn({ success: many(inner) })];
    t.equal(await refusal(client.kv.Txn({ success: nested(100, 28) })), 'answered');
    const refused = '3 etcdserver: too many operations in txn request';
    t.equal(await refusal(client.kv.Txn({ success: nested(100, 29) })), refused);
  });

  rule('an operation with nothing in it is refused', async ({ t, client }) => {
    t.equal(await refusal(client.kv.Txn({ success: [{}] })), '3 etcdserver: key not found');
  });

  rule('empty keys are refused wherever they stand', async ({ t, client, key }) => {
    const refused = '3 etcdserver: key is not provided';
    t.equal(await refusal(client.kv.Txn({ compare: [{}] })), refused);
    t.equal(await refusal(client.kv.Txn({ success: [put(bytes(''))] })), refused);
    t.equal(await refusal(client.kv.Txn({ failure: [get(bytes(''))] })), refused);
    t.equal(await refusal(client.kv.Txn({ success: [del(bytes(''))] })), refused);
    t.equal(await refusal(client.kv.Txn({ success: [put(key('a')), txn({ success: [get(bytes(''))] })] })), refused);
  });

  rule('two puts of one key in a branch are refused, in both branches', async ({ t, client, key }) => {
    const twice = [put(key('a')), put(key('a'))];
    t.equal(await refusal(client.kv.Txn({ success: twice })), duplicate);
    t.equal(await refusal(client.kv.Txn({ failure: twice })), duplicate);
    t.equal(await refusal(client.kv.Txn({ success: [put(key('a'))], failure: [put(key('a'))] })), 'answered');
  });

  rule('a put of a key that the branch deletes is refused, in any order', async ({ t, client, key, end }) => {
    t.equal(await refusal(client.kv.Txn({ success: [put(key('a')), del(key(), end)] })), duplicate);
    t.equal(await refusal(client.kv.Txn({ success: [del(key(), end), put(key('a'))] })), duplicate);
    t.equal(await refusal(client.kv.Txn({ success: [del(key('a')), put(key('a'))] })), duplicate);
    t.equal(await refusal(client.kv.Txn({ success: [del(key('a')), put(key('b'))] })), 'answered');
  });

  rule('deletes may overlap', async ({ t, client, key, end }) => {
    await client.kv.Put({ key: key('a') });
    const { responses } = await client.kv.Txn({ success: [del(key('a')), del(key(), end)] });
    t.strictSame(
      responses.map(({ response_delete_range }) => number(response_delete_range?.deleted)),
      [1, 0],
    );
  });

  rule('nested branches may put the same key, but not with their parent', async ({ t, client, key }) => {
    const both = txn({ success: [put(key('a'))], failure: [put(key('a'))] });
    t.equal(await refusal(client.kv.Txn({ success: [both] })), 'answered');
    t.equal(await refusal(client.kv.Txn({ success: [put(key('a')), both] })), duplicate);
    t.equal(await refusal(client.kv.Txn({ success: [both, del(key('a'))] })), duplicate);
    t.equal(await refusal(client.kv.Txn({ success: [both, both] })), duplicate);
  });

  rule('a nested delete counts against its parent and what follows, not against what was before', async (setting) => {
    const { t, client, key } = setting;
    const nestedPut = txn({ success: [put(key('a'))] });
    const nestedDelete = txn({ success: [del(key('a'))] });
    t.equal(await refusal(client.kv.Txn({ success: [put(key('a')), nestedDelete] })), duplicate);
    t.equal(await refusal(client.kv.Txn({ success: [nestedDelete, put(key('a'))] })), duplicate);
    t.equal(await refusal(client.kv.Txn({ success: [nestedDelete, nestedPut] })), duplicate);
    t.equal(await refusal(client.kv.Txn({ success: [nestedPut, nestedDelete] })), 'answered');
    t.equal(number((await client.kv.Range({ key: key('a') })).count), 0, 'they ran in their order');
  });

  rule('a delete from a key on, with a range_end of one zero byte, counts against nothing', async (setting) => {
    const { t, client } = setting;
    const [from, zero] = [bytes('zzzz/'), bytes('\0')];
    t.equal(await refusal(client.kv.Txn({ success: [del(from, zero), put(bytes('zzzz/a'))] })), 'answered');
    t.equal(number((await client.kv.Range({ key: from, range_end: zero })).count), 1);
    t.equal(await refusal(client.kv.Txn({ success: [put(bytes('zzzz/b')), del(from, zero)] })), 'answered');
    t.equal(number((await client.kv.Range({ key: from, range_end: zero })).count), 0);
  });

  rule('an error in one operation means that nothing happened', async (setting) => {
    const { t, client, key } = setting;
    const revision = await revisionOf(setting);
    const later: Op = { request_range: { key: key('a'), revision: revision + 100 } };
    t.equal(await refusal(client.kv.Txn({ success: [put(key('a')), later] })), future);
    const leased: Op = { request_put: { key: key('b'), lease: fromId(4711n) } };
    t.equal(await refusal(client.kv.Txn({ success: [put(key('a')), leased] })), noLease);
    const ignoring: Op = { request_put: { key: key('b'), ignore_value: true } };
    t.equal(await refusal(client.kv.Txn({ success: [put(key('a')), ignoring] })), '3 etcdserver: key not found');
    t.equal(await revisionOf(setting), revision);
  });

  rule('of two operations with a fault the first one tells its own', { since: '3.7' }, async ({ t, client, key }) => {
    const { header } = await client.kv.Put({ key: key('a') });
    await client.kv.Compact({ revision: number(header?.revision) });
    const revision = number(header?.revision) + 100;
    const faults: readonly (readonly [string, Op])[] = [
      [future, { request_range: { key: key('a'), revision } }],
      [compacted, { request_range: { key: key('a'), revision: 1 } }],
      ['3 etcdserver: key not found', { request_put: { key: key('b'), ignore_value: true } }],
      [noLease, { request_put: { key: key('c'), lease: 4711 } }],
    ];
    for (const [told, first] of faults) {
      for (const [other, second] of faults) {
        if (told === other) continue;
        t.equal(await refusal(client.kv.Txn({ success: [first, second] })), told, `${told} before ${other}`);
        t.equal(await refusal(client.kv.Txn({ success: [del(key('d')), txn({ success: [first] }), second] })), told);
        t.equal(await refusal(client.kv.Txn({ success: [put(key('d')), first, txn({ success: [second] })] })), told);
      }
    }
  });

  rule('a put in it is asked for its lease before its key', { since: '3.7' }, async ({ t, client, key }) => {
    for (const ignores of [{ ignore_value: true }, { ignore_value: true, prev_kv: true }]) {
      const leased: Op = { request_put: { key: key('b'), lease: 4711, ...ignores } };
      t.equal(await refusal(client.kv.Txn({ success: [leased] })), noLease);
    }
  });

  rule('what can be told without the state is told first', async ({ t, client, key }) => {
    const leased: Op = { request_put: { key: key('a'), lease: 4711 } };
    const answer = (success: Op[], failure: Op[] = []): Promise<string> => refusal(client.kv.Txn({ success, failure }));
    t.equal(await answer([leased, get(bytes(''))]), '3 etcdserver: key is not provided');
    t.equal(await answer([leased], [get(bytes(''))]), '3 etcdserver: key is not provided', 'also of the other branch');
    t.equal(await answer([leased, leased]), duplicate);
    t.equal(
      await answer([put(key('b')), put(key('b')), {}]),
      '3 etcdserver: key not found',
      'each before all together',
    );
  });

  rule('of what can be told without the state, the first in order is told', async ({ t, client, key }) => {
    const noKey = '3 etcdserver: key is not provided';
    const valued: Op = { request_put: { key: key('a'), value: bytes('x'), ignore_value: true } };
    const value = '3 etcdserver: value is provided';
    const answer = (request: etcdserverpb.TxnRequest.$Properties): Promise<string> => refusal(client.kv.Txn(request));
    const many = Array.from({ length: 129 }, () => valued);
    t.equal(await answer({ compare: [{}], success: many }), '3 etcdserver: too many operations in txn request');
    t.equal(await answer({ compare: [{}], success: [valued] }), noKey);
    t.equal(await answer({ success: [valued], failure: [get(bytes(''))] }), value);
    t.equal(await answer({ success: [txn({ success: [valued] }), get(bytes(''))] }), value);
    t.equal(await answer({ success: [get(bytes('')), valued] }), noKey);
  });

  rule('a range in it of the revision that it makes is of the future', async ({ t, client, key }) => {
    const { header } = await client.kv.Put({ key: key('a') });
    const revision = number(header?.revision) + 1;
    const success = [put(key('a')), { request_range: { key: key('a'), revision } }];
    t.equal(await refusal(client.kv.Txn({ success })), future);
  });

  rule('a branch that is not taken may ask for what does not exist', async ({ t, client, key }) => {
    const leased: Op = { request_put: { key: key('b'), lease: fromId(4711n) } };
    t.equal(await refusal(client.kv.Txn({ success: [put(key('a'))], failure: [leased] })), 'answered');
  });

  rule('in a transaction a negative revision is compared, and is compacted', async ({ t, client, key }) => {
    const { header } = await client.kv.Put({ key: key('a') });
    await client.kv.Compact({ revision: number(header?.revision) });
    const request = { success: [{ request_range: { key: key('a'), revision: -1 } }, put(key('b'))] };
    t.equal(await refusal(client.kv.Txn(request)), compacted);
  });
});
