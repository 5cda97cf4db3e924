/** `KV.Txn`: compares, branches, nesting, and what it answers. */
import { etcdserverpb } from '@flotilla/wire';
import { bytes, kvText, number, text } from './client.ts';
import { type Compare, del, get, put, revisionOf, txn } from './operations.ts';
import { conformance } from './rules.ts';

const { CompareResult, CompareTarget } = etcdserverpb.Compare;

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

  rule('all compares see the state before the transaction', async ({ t, client, key }) => {
    const isThere: Compare = { key: key('a'), target: CompareTarget.VERSION, version: 1 };
    const { responses } = await client.kv.Txn({
      success: [put(key('a')), txn({ compare: [isThere], success: [put(key('yes'))], failure: [put(key('no'))] })],
    });
    t.equal(responses[1]?.response_txn?.succeeded, false);
    t.equal(number((await client.kv.Range({ key: key('no') })).count), 1);
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
