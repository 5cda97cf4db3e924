/** `KV.Txn`: compares, branches, checks before anything is written, nesting. */
import { etcdserverpb, fromId } from '@flotilla/wire';
import { bytes, kvText, number, text } from './client.ts';
import { type Setting, conformance, refusal } from './rules.ts';

type Compare = etcdserverpb.Compare.$Properties;
type Op = etcdserverpb.RequestOp.$Properties;

const { CompareResult, CompareTarget } = etcdserverpb.Compare;
const duplicate = '3 etcdserver: duplicate key given in txn request';
const compacted = '11 etcdserver: mvcc: required revision has been compacted';
const future = '11 etcdserver: mvcc: required revision is a future revision';
const noLease = '5 etcdserver: requested lease not found';

const put = (key: Uint8Array, value = ''): Op => ({ request_put: { key, value: bytes(value) } });
const get = (key: Uint8Array, range_end?: Uint8Array): Op => ({ request_range: { key, range_end: range_end ?? null } });
const del = (key: Uint8Array, range_end?: Uint8Array): Op => ({
  request_delete_range: { key, range_end: range_end ?? null },
});
const txn = (request: etcdserverpb.TxnRequest.$Properties): Op => ({ request_txn: request });

async function revisionOf({ client, key }: Setting): Promise<number> {
  return number((await client.kv.Range({ key: key() })).header?.revision);
}

conformance('Txn', ({ rule }) => {
  rule('an empty transaction succeeds and changes nothing', async (setting) => {
    const { t, client } = setting;
    const revision = await revisionOf(setting);
    const { succeeded, responses, header } = await client.kv.Txn({});
    t.strictSame([succeeded, responses.length, number(header?.revision)], [true, 0, revision]);
  });

  rule('the branch is chosen by all compares together', async ({ t, client, key }) => {
    await client.kv.Put({ key: key('a'), value: bytes('1') });
    const is = (value: string): Compare => ({ key: key('a'), target: CompareTarget.VALUE, value: bytes(value) });
    const run = async (...compare: Compare[]): Promise<boolean> => (await client.kv.Txn({ compare })).succeeded;
    t.strictSame([await run(is('1')), await run(is('1'), is('2')), await run(is('2'))], [true, false, false]);
  });

  rule('each target and each result compares as it says', async ({ t, client, key }) => {
    const { ID } = await client.lease.LeaseGrant({ TTL: 600, ID: 5000 });
    await client.kv.Put({ key: key('a'), value: bytes('m') });
    const { header } = await client.kv.Put({ key: key('a'), value: bytes('m'), lease: ID });
    const mod = number(header?.revision);
    const targets: readonly (readonly [number, (delta: number) => Compare])[] = [
      [CompareTarget.VERSION, (delta) => ({ version: 2 + delta })],
      [CompareTarget.CREATE, (delta) => ({ create_revision: mod - 1 + delta })],
      [CompareTarget.MOD, (delta) => ({ mod_revision: mod + delta })],
      [CompareTarget.LEASE, (delta) => ({ lease: 5000 + delta })],
      [CompareTarget.VALUE, (delta) => ({ value: bytes(String.fromCharCode(109 + delta)) })],
    ];
    for (const [target, of] of targets) {
      for (const [name, expected] of [
        ['EQUAL', [false, true, false]],
        ['GREATER', [true, false, false]],
        ['LESS', [false, false, true]],
        ['NOT_EQUAL', [true, false, true]],
      ] as const) {
        const found: boolean[] = [];
        for (const delta of [-1, 0, 1]) {
          const compare = [{ key: key('a'), target: target as never, result: CompareResult[name], ...of(delta) }];
          found.push((await client.kv.Txn({ compare })).succeeded);
        }
        t.strictSame(found, expected, `${CompareTarget[target]} ${name}`);
      }
    }
    await client.lease.LeaseRevoke({ ID });
  });

  rule('of a missing key every number is 0, and no compare of its value holds', async ({ t, client, key }) => {
    const holds = async (compare: Compare): Promise<boolean> =>
      (await client.kv.Txn({ compare: [{ key: key('x'), ...compare }] })).succeeded;
    t.ok(await holds({ target: CompareTarget.CREATE, create_revision: 0 }));
    t.ok(await holds({ target: CompareTarget.MOD, mod_revision: 0 }));
    t.ok(await holds({ target: CompareTarget.VERSION, version: 0 }));
    t.ok(await holds({ target: CompareTarget.LEASE, lease: 0 }));
    t.ok(await holds({ target: CompareTarget.VERSION, version: 1, result: CompareResult.LESS }));
    t.notOk(await holds({ target: CompareTarget.VALUE, value: bytes('') }));
    t.notOk(await holds({ target: CompareTarget.VALUE, value: bytes('a'), result: CompareResult.NOT_EQUAL }));
  });

  rule('a compare that is not understood holds; one of another field compares with 0', async ({ t, client, key }) => {
    await client.kv.Put({ key: key('a'), value: bytes('1') });
    const holds = async (compare: Compare): Promise<boolean> =>
      (await client.kv.Txn({ compare: [{ key: key('a'), ...compare }] })).succeeded;
    t.ok(await holds({ target: 9 as never }));
    t.ok(await holds({ target: CompareTarget.VERSION, result: 9 as never, version: 1 }));
    t.notOk(await holds({ target: CompareTarget.MOD }), 'nothing to compare with is 0');
    t.notOk(await holds({ target: CompareTarget.MOD, version: 1 }));
    t.ok(await holds({ target: CompareTarget.MOD, version: 1, result: CompareResult.GREATER }));
    t.notOk(await holds({ target: CompareTarget.VALUE }), 'or an empty value');
  });

  rule('a compare with range_end must hold for every key in it', async ({ t, client, key, end }) => {
    await client.kv.Put({ key: key('a'), value: bytes('x') });
    await client.kv.Put({ key: key('b'), value: bytes('x') });
    const compare = [{ key: key(), range_end: end, target: CompareTarget.VALUE, value: bytes('x') }];
    t.ok((await client.kv.Txn({ compare })).succeeded);
    await client.kv.Put({ key: key('b'), value: bytes('y') });
    t.notOk((await client.kv.Txn({ compare })).succeeded);
    const fromB = {
      key: key('b'),
      range_end: bytes('\0'),
      target: CompareTarget.CREATE,
      result: CompareResult.GREATER,
    };
    t.ok(
      (await client.kv.Txn({ compare: [{ ...fromB, create_revision: 0 }] })).succeeded,
      'and one zero byte is no end',
    );
    const none = { key: key('m'), range_end: key('n') };
    t.ok((await client.kv.Txn({ compare: [{ ...none, target: CompareTarget.VERSION, version: 0 }] })).succeeded);
    t.notOk((await client.kv.Txn({ compare: [{ ...none, target: CompareTarget.VALUE }] })).succeeded);
  });

  rule('operations see what earlier ones of the same transaction wrote', async ({ t, client, key }) => {
    await client.kv.Put({ key: key('a'), value: bytes('old') });
    const { responses } = await client.kv.Txn({
      success: [get(key('a')), put(key('a'), 'new'), get(key('a')), del(key('b')), get(key('b'))],
    });
    t.equal(text(responses[0]?.response_range?.kvs?.[0]?.value), 'old');
    t.equal(text(responses[2]?.response_range?.kvs?.[0]?.value), 'new');
    t.equal(number(responses[3]?.response_delete_range?.deleted), 0);
  });

  rule('a nested transaction takes its turn among the others, and its header is empty', async ({ t, client, key }) => {
    const { header, responses } = await client.kv.Txn({
      success: [put(key('a'), '1'), txn({ success: [get(key('a')), put(key('b'), '2')] }), get(key('b'))],
    });
    const nested = responses[1]?.response_txn;
    t.equal(text(nested?.responses?.[0]?.response_range?.kvs?.[0]?.value), '1');
    t.equal(text(responses[2]?.response_range?.kvs?.[0]?.value), '2');
    t.equal(number(nested?.responses?.[1]?.response_put?.header?.revision), number(header?.revision));
    t.strictSame([nested?.succeeded, number(nested?.header?.revision)], [true, 0]);
  });

  rule('all its changes share one revision', async (setting) => {
    const { t, client, key, end } = setting;
    const revision = await revisionOf(setting);
    const { header } = await client.kv.Txn({ success: [put(key('a')), put(key('b')), put(key('c'))] });
    t.equal(number(header?.revision), revision + 1);
    const { kvs } = await client.kv.Range({ key: key(), range_end: end });
    t.ok(kvs.every((kv) => number(kv.mod_revision) === revision + 1));
  });

  rule('a transaction whose branch changes nothing makes no revision', async (setting) => {
    const { t, client, key } = setting;
    const revision = await revisionOf(setting);
    const { header } = await client.kv.Txn({ success: [del(key('x'))], failure: [put(key('y'))] });
    t.equal(number(header?.revision), revision);
  });

  rule('the responses in it have a header of the revision alone', async ({ t, client, key }) => {
    const { header, responses } = await client.kv.Txn({ success: [put(key('a')), get(key('a')), del(key('b'))] });
    const inner = [responses[0]?.response_put, responses[1]?.response_range, responses[2]?.response_delete_range];
    for (const response of inner) {
      t.equal(number(response?.header?.revision), number(header?.revision));
      t.equal(String(response?.header?.cluster_id ?? 0), '0');
      t.equal(number(response?.header?.raft_term), 0);
    }
  });

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

  rule('all compares see the state before the transaction', async ({ t, client, key }) => {
    const isThere: Compare = { key: key('a'), target: CompareTarget.VERSION, version: 1 };
    const { responses } = await client.kv.Txn({
      success: [put(key('a')), txn({ compare: [isThere], success: [put(key('yes'))], failure: [put(key('no'))] })],
    });
    t.equal(responses[1]?.response_txn?.succeeded, false);
    t.equal(number((await client.kv.Range({ key: key('no') })).count), 1);
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

  rule('a range in it reads an older revision', async ({ t, client, key }) => {
    const { header } = await client.kv.Put({ key: key('a'), value: bytes('1') });
    await client.kv.Put({ key: key('a'), value: bytes('2') });
    const revision = number(header?.revision);
    for (const extra of [[], [put(key('b'))]]) {
      const { header: now, responses } = await client.kv.Txn({
        success: [{ request_range: { key: key('a'), revision } }, ...extra],
      });
      t.equal(text(responses[0]?.response_range?.kvs?.[0]?.value), '1');
      t.equal(number(now?.revision), revision + 1 + extra.length, 'under the header of now');
    }
  });

  rule('in a transaction a negative revision is compared, and is compacted', async ({ t, client, key }) => {
    const { header } = await client.kv.Put({ key: key('a') });
    await client.kv.Compact({ revision: number(header?.revision) });
    const request = { success: [{ request_range: { key: key('a'), revision: -1 } }, put(key('b'))] };
    t.equal(await refusal(client.kv.Txn(request)), compacted);
  });

  rule('its parts answer as the calls of their own do', async ({ t, client, key, end }) => {
    const { header } = await client.kv.Txn({ success: [put(key('a'), '1'), put(key('b'), '2'), put(key('c'), '3')] });
    const base = number(header?.revision) - 1;
    const { responses } = await client.kv.Txn({
      success: [
        { request_range: { key: key(), range_end: end, limit: 2 } },
        { request_range: { key: key(), range_end: end, count_only: true } },
        { request_put: { key: key('a'), value: bytes('4'), prev_kv: true } },
        { request_delete_range: { key: key('b'), range_end: end, prev_kv: true } },
      ],
    });
    const range = responses[0]?.response_range;
    t.strictSame([range?.kvs?.length, range?.more, number(range?.count)], [2, true, 3]);
    t.equal(number(responses[1]?.response_range?.count), 3);
    t.equal(kvText(responses[2]?.response_put?.prev_kv, base).slice(5), 'a=1 1/1/1');
    t.strictSame(
      responses[3]?.response_delete_range?.prev_kvs?.map((kv) => kvText(kv, base).slice(5)),
      ['b=2 1/1/1', 'c=3 1/1/1'],
    );
  });

  rule('the watch shows its changes in their order, in one answer', async ({ t, client, key, end }) => {
    const { header } = await client.kv.Txn({ success: [put(key('c')), put(key('a')), put(key('b'))] });
    const revision = number(header?.revision);
    async function* create(): AsyncGenerator<etcdserverpb.WatchRequest.$Properties, void> {
      yield { create_request: { key: key(), range_end: end, start_revision: revision } };
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    for await (const { events } of client.watch.Watch(create())) {
      if (events.length === 0) continue;
      t.strictSame(
        events.map(({ kv }) => text(kv?.key).slice(5)),
        ['c', 'a', 'b'],
      );
      break;
    }
  });
});
