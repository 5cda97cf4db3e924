/** The same requests over the wire to a member and to a real etcd: codes, texts and fields must be the same. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { clampInteger, etcdserverpb, fromId, isRpcError, toId } from '@flotilla/wire';
import { answerOf, comparable, expectedOf, withOneAnswer, withoutIds } from '@flotilla/store/test/differential';
import { hasEtcd, startEtcd } from '@flotilla/store/test/etcd';
import { faultyOperation } from '@flotilla/store/test/faulty-operations';
import { type OperationAt, operation } from '@flotilla/store/test/operations';
import { plain } from '@flotilla/wire/test/plain';
import { type TestClient, connect, planCluster, startAll } from './cluster.ts';
import { lineOf, openWatch } from './watch-client.ts';

t.setTimeout(0);

const b = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const everything = { key: b('\0'), range_end: b('\0') };
const skip = hasEtcd ? false : 'there is no etcd';

interface Both {
  readonly ours: TestClient;
  readonly theirs: TestClient;
  /** The release of the real one. */
  readonly level: string;
}

async function withBoth(t: Test, compare: (both: Both) => Promise<void>): Promise<void> {
  const [plan, etcd] = [await planCluster(1), await startEtcd()];
  const brains = await startAll(plan);
  const [ours, theirs] = [connect(plan.endpoints[0] ?? ''), connect(etcd.target)];
  t.teardown(async () => {
    for (const client of [ours, theirs]) client.close();
    await Promise.all([...brains.map((brain) => brain.close()), etcd.stop()]);
    await plan.clean();
  });
  await compare({ ours, theirs, level: etcd.level });
}

/** What a call answers: the response as plain data without ids, or code and text of the error. */
async function outcomeOf(call: Promise<object>): Promise<unknown> {
  try {
    return withoutIds(plain(await call));
  } catch (error) {
    if (isRpcError(error)) return { status: error.status, message: error.message };
    throw error;
  }
}

t.test('random requests', { skip }, async (t) => {
  await compareRandom(t, operation, 500);
});

t.test('random requests with several faults', { skip }, async (t) => {
  await compareRandom(t, faultyOperation, 300);
});

async function compareRandom(t: Test, drawn: fc.Arbitrary<OperationAt>, count: number): Promise<void> {
  await withBoth(t, async ({ ours, theirs, level }) => {
    const expected = expectedOf(level);
    const seed = Number(process.env['SEED'] ?? 20_261_121);
    let differing: unknown;
    let revision = 1;
    for (const operationAt of fc.sample(drawn, { seed, numRuns: count })) {
      const asked = withOneAnswer(operationAt(revision), level);
      const [our, their] = await Promise.all(
        [ours, theirs].map(async ({ kv, lease }) => comparable(asked, await answerOf({ ...kv, ...lease }, asked))),
      );
      const header = (our as { header?: { revision?: string } }).header;
      revision = Number(header?.revision ?? revision);
      if (isDeepStrictEqual(expected(asked, our), their)) continue;
      differing = { seed, level, asked: JSON.stringify(asked), our, their };
      break;
    }
    t.same(differing, undefined, 'no answer differs');
  });
}

const { EQUAL } = etcdserverpb.Compare.CompareResult;
const { CREATE, VALUE } = etcdserverpb.Compare.CompareTarget;
const put = (key: string, rest: etcdserverpb.PutRequest.$Properties = {}) => ({
  request_put: { key: b(key), ...rest },
});
const range = (key: string, rest: etcdserverpb.RangeRequest.$Properties = {}) => ({
  request_range: { key: b(key), ...rest },
});
const remove = (key: string, end = '') => ({ request_delete_range: { key: b(key), range_end: b(end) } });
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** One after the other: each finds what those before it left. */
const requests: readonly (readonly [type: 'Range' | 'Put' | 'DeleteRange' | 'Txn' | 'Compact', request: object])[] = [
  ['Range', {}],
  ['Range', { key: b('a') }],
  ['Range', { key: b('a'), revision: 2 }],
  ['Put', {}],
  ['Put', { key: b('a'), ignore_value: true }],
  ['Put', { key: b('a'), ignore_lease: true }],
  ['Put', { key: b('a'), value: b('x'), ignore_value: true }],
  ['Put', { key: b('a'), lease: 5, ignore_lease: true }],
  ['Put', { key: b('a'), lease: 404 }],
  ['Put', { key: b('a'), value: new Uint8Array(1.6 * 2 ** 20) }],
  ['Put', { key: b('a'), value: b('1') }],
  ['Put', { key: b('a'), value: b('2'), prev_kv: true }],
  ['Put', { key: b('b'), value: b('1'), prev_kv: true }],
  ['Range', { key: b('a'), revision: 2 }],
  ['Range', { key: b('a'), revision: 99 }],
  ['Range', { key: b('a'), revision: -1 }],
  ['Range', { key: b('b'), range_end: b('a') }],
  ['Range', { ...everything, count_only: true, limit: 1 }],
  ['Range', { ...everything, limit: 1 }],
  ['Range', { ...everything, sort_order: 2, sort_target: 3 }],
  ['Range', { ...everything, min_mod_revision: 4 }],
  ['DeleteRange', {}],
  ['DeleteRange', { key: b('missing') }],
  ['DeleteRange', { key: b('b'), range_end: b('a') }],
  ['Txn', {}],
  ['Txn', { success: [{}] }],
  ['Txn', { compare: [{ target: CREATE }] }],
  ['Txn', { success: [range('')] }],
  ['Txn', { success: [put('')] }],
  ['Txn', { success: [remove('')] }],
  ['Txn', { failure: [put('c', { value: b('x'), ignore_value: true })] }],
  ['Txn', { success: [put('c'), put('c')] }],
  ['Txn', { success: [put('c'), remove('b', 'd')] }],
  ['Txn', { success: [remove('b', 'd'), remove('a', 'z')] }],
  ['Txn', { success: many(129, () => range('a')) }],
  ['Txn', { compare: many(129, () => ({ key: b('a'), target: CREATE })) }],
  ['Txn', { success: many(128, (i) => put(`many/${i}`)) }],
  ['Txn', { success: [{ request_txn: { success: many(128, () => range('a')) } }] }],
  ['Txn', { success: [put('n'), { request_txn: { success: [put('n')] } }] }],
  ['Txn', { success: [{ request_txn: { success: [put('n')], failure: [put('n')] } }] }],
  ['Txn', { success: [put('o'), range('a', { revision: 99 })] }],
  ['Txn', { success: [put('o'), range('a', { revision: -1 })] }],
  ['Txn', { success: [range('a', { revision: 99 })] }],
  ['Txn', { success: [put('o', { lease: 404 })] }],
  ['Txn', { success: [put('o', { ignore_value: true })] }],
  ['Txn', { compare: [{ key: b('none'), target: VALUE, result: 3, value: b('x') }], failure: [range('a')] }],
  ['Txn', { compare: [{ key: b('none'), target: CREATE, result: EQUAL, create_revision: 0 }], success: [put('none')] }],
  ['Txn', { compare: [{ ...everything, target: CREATE, create_revision: 0 }], failure: [range('none'), remove('no')] }],
  ['Compact', { revision: 99_999 }],
  ['Compact', { revision: 3 }],
  ['Compact', { revision: 3 }],
  ['Compact', { revision: 2 }],
  ['Compact', { revision: -5 }],
  ['Range', { key: b('a'), revision: 2 }],
  ['Range', { key: b('a'), revision: 3 }],
  ['Txn', { success: [range('a', { revision: 2 })] }],
  ['Compact', { revision: 4, physical: true }],
  ['Range', { key: b('a'), revision: 3 }],
];

t.test('every refusal and every kind of answer of KV', { skip }, async (t) => {
  await withBoth(t, async ({ ours, theirs }) => {
    for (const [i, [name, request]] of requests.entries()) {
      const [our, their] = await Promise.all([ours, theirs].map(({ kv }) => outcomeOf(kv[name](request))));
      const text = JSON.stringify(request, (_, value: unknown) => (value instanceof Uint8Array ? '…' : value));
      t.strictSame(our, their, `${i}: ${name} ${text.slice(0, 100)}`);
    }
    const tooLarge = await Promise.all(
      [ours, theirs].map(({ kv }) =>
        kv.Put({ key: b('a'), value: new Uint8Array(2.5 * 2 ** 20) }).catch((error: unknown) => error),
      ),
    );
    // The text is that of each gRPC library.
    for (const error of tooLarge) t.match(error, { status: 8 });
  });
});

t.test('leases', { skip }, async (t) => {
  await withBoth(t, async (both) => {
    const [ours, theirs] = await Promise.all([both.ours, both.theirs].map(leaseWalk));
    t.strictSame(ours, theirs);
  });
});

async function leaseWalk({ lease, kv }: TestClient): Promise<unknown> {
  const seen: unknown[] = [];
  const grant = async (ID: number, TTL: number): Promise<void> =>
    void seen.push(await outcomeOf(lease.LeaseGrant({ ID, TTL })));
  const timeToLive = async (ID: number, keys: boolean): Promise<void> => {
    const answer = (await outcomeOf(lease.LeaseTimeToLive({ ID, keys }))) as { TTL?: string };
    // A second may have passed.
    seen.push({ ...answer, TTL: Math.ceil(Number(answer.TTL) / 100) });
  };
  for (const TTL of [-1, 0, 1, 2, 3]) await grant(TTL + 10, TTL);
  await grant(13, 60);
  await grant(20, 9_000_000_001);
  await grant(21, 9_000_000_000);
  await grant(22, 100);
  const drawn = await lease.LeaseGrant({ TTL: 50 });
  seen.push(toId(drawn.ID) > 0n, clampInteger(drawn.TTL));
  for (const key of ['l/b', 'l/a', 'l/c']) await kv.Put({ key: b(key), lease: 22 });
  await kv.Put({ key: b('l/c'), lease: 21 });
  await kv.Put({ key: b('l/b'), ignore_value: true });
  await timeToLive(22, true);
  await timeToLive(22, false);
  await timeToLive(21, true);
  await timeToLive(404, true);
  seen.push(await keepAlives(lease, [22, 404, 21, 0]));
  seen.push(await outcomeOf(lease.LeaseRevoke({ ID: 404 })));
  seen.push(await outcomeOf(lease.LeaseRevoke({ ID: 22 })));
  seen.push(await outcomeOf(lease.LeaseRevoke({ ID: 22 })));
  seen.push(await outcomeOf(kv.Range({ key: b('l/'), range_end: b('l0') })));
  await timeToLive(22, true);
  for (const ID of [9, 10, 11, 12, 13]) await lease.LeaseRevoke({ ID });
  await lease.LeaseRevoke({ ID: drawn.ID });
  seen.push(await outcomeOf(lease.LeaseLeases({})));
  return seen;
}

async function keepAlives(lease: TestClient['lease'], ids: readonly number[]): Promise<readonly unknown[]> {
  async function* asked(): AsyncGenerator<etcdserverpb.LeaseKeepAliveRequest.$Properties, void> {
    for (const id of ids) {
      yield { ID: fromId(BigInt(id)) };
      await Promise.resolve();
    }
  }
  const answers: unknown[] = [];
  for await (const { header, ID, TTL } of lease.LeaseKeepAlive(asked())) {
    answers.push([clampInteger(header?.revision), toId(ID).toString(), clampInteger(TTL)]);
  }
  return answers;
}

t.test('watches', { skip }, async (t) => {
  await withBoth(t, async (both) => {
    const [ours, theirs] = await Promise.all([both.ours, both.theirs].map(watchWalk));
    t.strictSame(ours, theirs);
  });
});

/** Each step says how many responses it has; the last one shows that no others came. */
async function watchWalk(client: TestClient): Promise<readonly string[]> {
  const { kv } = client;
  const lines: string[] = [];
  const watch = openWatch(client);
  const see = async (count: number): Promise<void> => void lines.push(...(await watch.next(count)).map(lineOf));
  const ask = async (request: etcdserverpb.WatchCreateRequest.$Properties): Promise<void> => {
    watch.create(request);
    await see(1);
  };
  await ask({ key: b('b'), range_end: b('a') });
  await ask({ key: b('a') });
  await ask({ key: b('p'), range_end: b('q'), watch_id: 7, prev_kv: true });
  await ask({ key: b('z'), watch_id: 7 });
  await kv.Put({ key: b('a'), value: b('1') });
  await see(1);
  await kv.Put({ key: b('p1'), value: b('1') });
  await see(1);
  await kv.Put({ key: b('p1'), value: b('2') });
  await see(1);
  await kv.Txn({ success: [put('p2', { value: b('x') }), put('p3'), remove('p1')] });
  await see(1);
  await kv.DeleteRange({ key: b('p'), range_end: b('q') });
  await see(1);
  // Old revisions, one at a time, so that none is caught up while another is asked for.
  await ask({ ...everything, start_revision: 2 });
  await see(1);
  await ask({ key: b('p'), range_end: b('q'), start_revision: 4, filters: [1], prev_kv: true });
  await see(1);
  await ask({ key: b('p'), range_end: b('q'), start_revision: 3, filters: [0] });
  await see(1);
  watch.ask({ cancel_request: { watch_id: 99 } });
  watch.ask({});
  watch.ask({ cancel_request: { watch_id: 7 } });
  await see(1);
  watch.ask({ cancel_request: { watch_id: 7 } });
  await ask({ key: b('a'), start_revision: 9, watch_id: 50 });
  await kv.Put({ key: b('y'), value: b('8') });
  await see(1);
  await kv.Compact({ revision: 6 });
  await ask({ key: b('a'), start_revision: 3, watch_id: 60 });
  await see(1);
  await ask({ key: b('end'), watch_id: 70 });
  await kv.Put({ key: b('end') });
  lines.push(...(await watch.next(2)).map(lineOf).toSorted((one, other) => (one < other ? -1 : 1)));
  watch.close();
  return lines;
}
