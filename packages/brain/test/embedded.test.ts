/** A brain inside this process: `flotilla/brain` of the npm package. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import t from 'tap';
import { type Brain, startBrain } from '@flotilla/brain/embedded';
import { type TestClient, connect, until } from './cluster.ts';

t.setTimeout(0);

const bytes = (text: string): Uint8Array => Buffer.from(text);

async function withClient<T>(endpoint: string | undefined, act: (client: TestClient) => Promise<T>): Promise<T> {
  const client = connect(endpoint ?? '');
  try {
    return await act(client);
  } finally {
    client.close();
  }
}

async function read({ endpoints }: Brain, member: number, key: string): Promise<string | undefined> {
  const { kvs } = await withClient(endpoints[member], ({ kv }) => kv.Range({ key: bytes(key) }));
  return kvs[0] && Buffer.from(kvs[0].value ?? []).toString();
}

async function write({ endpoints }: Brain, member: number, key: string, value: string): Promise<void> {
  await withClient(endpoints[member], ({ kv }) => kv.Put({ key: bytes(key), value: bytes(value) }));
}

for (const members of [1, 3]) {
  t.test(`${members} in memory: what one member is given, all have, and no file is made`, async (t) => {
    const brain = await startBrain({ members });
    t.teardown(() => brain.close());
    t.equal(brain.members.length, members);
    t.equal(brain.members.filter(({ leads }) => leads).length, 1, 'it is ready: one leads');
    await write(brain, 0, 'a', '1');
    for (const i of brain.members.keys()) t.equal(await read(brain, i, 'a'), '1');
    t.notOk(existsSync('/memory'));
    const { dbSize } = await withClient(brain.endpoints[0], ({ maintenance }) => maintenance.Status({}));
    t.ok(Number(dbSize) >= 0);
  });

  t.test(`${members} on a directory: everything is there again after a close`, async (t) => {
    const dataDir = t.testdir();
    const first = await startBrain({ members, dataDir });
    await write(first, 0, 'a', '1');
    await first.close();
    const second = await startBrain({ members, dataDir });
    t.teardown(() => second.close());
    for (const i of second.members.keys()) t.equal(await read(second, i, 'a'), '1');
  });
}

t.test('many writes, deletes and a compaction in memory', async (t) => {
  const brain = await startBrain({ flags: { 'snapshot-count': 100, 'snapshot-catchup-entries': 10 } });
  t.teardown(() => brain.close());
  await withClient(brain.endpoints[0], async ({ kv }) => {
    const value = Buffer.alloc(64 * 1024);
    for (let i = 0; i < 300; i++) await kv.Put({ key: bytes(`k${i % 10}`), value });
    const { header } = await kv.DeleteRange({ key: bytes('k1') });
    await kv.Compact({ revision: header?.revision ?? 0, physical: true });
    const { count } = await kv.Range({ key: bytes('k'), range_end: bytes('l'), count_only: true });
    t.equal(Number(count), 9);
  });
});

t.test('one of three may be closed: the others lead and serve', async (t) => {
  const brain = await startBrain({ members: 3 });
  t.teardown(() => brain.close());
  await write(brain, 0, 'a', '1');
  const leader = brain.members.findIndex(({ leads }) => leads);
  const member = brain.members[leader];
  if (!member) throw new Error('nobody leads');
  await member.close();
  await t.resolves(member.stopped);
  const other = (leader + 1) % 3;
  await until(() => brain.members.some(({ leads }, i) => leads && i !== leader));
  await write(brain, other, 'b', '2');
  t.equal(await read(brain, other, 'a'), '1');
});

t.test('brains stand side by side, and close by themselves with `await using`', async (t) => {
  const [a, b] = await Promise.all([startBrain(), startBrain()]);
  t.teardown(() => b.close());
  await write(a, 0, 'a', 'of a');
  t.equal(await read(b, 0, 'a'), undefined);
  await a[Symbol.asyncDispose]();
  await t.resolves(a.close(), 'once more does nothing');
});

t.test('whatever is wrong with the options is said at once, and nothing runs', async (t) => {
  const flags = { 'max-txn-ops': 'many', 'no-such-flag': 1 };
  await t.rejects(startBrain({ flags }), {
    code: 'INVALID_OPTIONS',
    message: /max-txn-ops[\s\S]*no-such-flag|no-such-flag[\s\S]*max-txn-ops/,
  });
  await t.rejects(startBrain({ members: 0, flags: { name: 'x', 'data-dir': 'y' } }), {
    code: 'INVALID_OPTIONS',
    message:
      'members: 0 is not a whole number from 1 to 7\nflags: name is chosen by startBrain\nflags: data-dir is chosen by startBrain',
  });
});

t.test('a directory is refused by another number of members, and while a brain is on it', async (t) => {
  const dataDir = t.testdir();
  const brain = await startBrain({ dataDir });
  await t.rejects(startBrain({ dataDir }), { code: 'LISTEN_FAILED' });
  await brain.close();
  await t.rejects(startBrain({ dataDir, members: 3 }), { code: 'DATA_DIRECTORY', message: /1 members, not of 3/ });
  const again = await startBrain({ dataDir });
  await again.close();
});

t.test('a port that a directory remembers and another program has is named', async (t) => {
  const dataDir = t.testdir();
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => new Promise((resolve) => void server.close(resolve)));
  const { port } = server.address() as { port: number };
  t.testdir({ 'peer-ports.json': `[${port}]` });
  await t.rejects(startBrain({ dataDir }), { code: 'LISTEN_FAILED', message: new RegExp(`127.0.0.1:${port}`) });
});
