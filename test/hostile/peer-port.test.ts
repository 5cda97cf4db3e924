/**
 * The port for the other members, called by whoever is none: cluster, sender, receiver and version are checked before a byte of
 * a frame is looked at, and what a right greeting is followed by must be frames.
 */
import t from 'tap';
import { seededRandomness } from '@flotilla/base';
import { brainSettings, encodeFrames, encodeValue } from '@flotilla/brain';
import { connect, until } from '@flotilla/brain/test/cluster';
import type { Message } from '@flotilla/raft';
import { clampInteger } from '@flotilla/wire';
import { forgeBytes } from './forge.ts';
import { callRaw, framed, openSession } from './raw-calls.ts';
import { type Victim, startVictim } from './victim.ts';

t.setTimeout(0);

const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const [FAILED_PRECONDITION, INVALID_ARGUMENT] = [9, 3];

/** What another member says first. */
function greetingTo({ plan }: Victim) {
  const { membership } = brainSettings(plan.members[0]?.options ?? {});
  const other = membership.members.find((member) => member !== membership.self);
  if (!other) throw new Error('no other member');
  return {
    'flotilla-protocol': '1',
    'flotilla-cluster': membership.clusterId.toString(16),
    'flotilla-from': other.id.toString(16),
    'flotilla-to': membership.self.id.toString(16),
    'flotilla-last-index': '999999999',
    'flotilla-peer-urls': other.peerUrls.join(),
  };
}

t.test('strangers are refused before their frames are read, and members for frames that are none', async (t) => {
  const victim = await startVictim(t, 3);
  const randomness = seededRandomness(seed);
  const random = (): number => randomness.next();
  const right = greetingTo(victim);
  const strangers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'nobody at all': {},
    'another cluster': { ...right, 'flotilla-cluster': 'abc' },
    'the member itself': { ...right, 'flotilla-from': right['flotilla-to'] },
    'one who looks for another': { ...right, 'flotilla-to': '1' },
    'another version': { ...right, 'flotilla-protocol': '2' },
    'ids that are none': { ...right, 'flotilla-from': 'x'.repeat(5000) },
    'one who can be reached nowhere': { ...right, 'flotilla-peer-urls': 'nowhere' },
    'an index that is none': { ...right, 'flotilla-last-index': 'NaN' },
  };
  const session = await openSession(victim.peerPort);
  t.teardown(() => session.destroy());
  const garbage = (): Buffer => framed(Buffer.concat(Array.from({ length: 20 }, () => forgeBytes(random))));
  const methods = ['Exchange', 'Snapshot', 'Ask'];
  for (const [who, headers] of Object.entries(strangers)) {
    for (const method of methods) {
      const call = { path: `/flotilla.v1.Peer/${method}`, body: garbage(), headers, patienceMs: 10_000 };
      const { grpcStatus } = await callRaw(session, call);
      t.equal(grpcStatus, FAILED_PRECONDITION, `${who}: ${method}`);
    }
  }
  // It may have joined a moment ago: an unknown id passes, and must send what members send.
  const newcomer = { ...right, 'flotilla-from': '1', 'flotilla-peer-urls': 'http://127.0.0.1:1' };
  for (const method of methods) {
    const call = { path: `/flotilla.v1.Peer/${method}`, body: garbage(), headers: newcomer, patienceMs: 10_000 };
    t.equal((await callRaw(session, call)).grpcStatus, INVALID_ARGUMENT, `a newcomer: ${method}`);
  }
  for (let i = 0; i < 50; i++) {
    for (const method of methods) {
      const call = { path: `/flotilla.v1.Peer/${method}`, body: garbage(), headers: right, patienceMs: 10_000 };
      const { grpcStatus, message } = await callRaw(session, call);
      const expected =
        method === 'Ask' ? grpcStatus !== 0 && grpcStatus !== undefined : grpcStatus === INVALID_ARGUMENT;
      if (!expected) t.fail(`${method}: status ${grpcStatus} ${message}`, { seed });
    }
  }
  const huge = { path: '/flotilla.v1.Peer/Exchange', body: framed(Buffer.alloc(10), 2 ** 31), headers: right };
  t.equal((await callRaw(session, { ...huge, patienceMs: 10_000 })).grpcStatus, 8, 'a size that no frame has');
  t.equal((await callRaw(session, { path: '/etcdserverpb.KV/Put', body: framed(Buffer.alloc(0)) })).grpcStatus, 12);
  await victim.probe();
  t.strictSame(victim.bugs(), [], `SEED=${seed}`);
});

t.test('one that no member knows moves nobody, but by what a member that is behind must hear', async (t) => {
  const victim = await startVictim(t, 3);
  const session = await openSession(victim.peerPort);
  const client = connect(victim.plan.endpoints[0] ?? '');
  t.teardown(() => {
    session.destroy();
    client.close();
  });
  const stranger = { ...greetingTo(victim), 'flotilla-from': '1', 'flotilla-peer-urls': 'http://127.0.0.1:1' };
  const look = async (): Promise<{ readonly term: number; readonly index: number; readonly leader: string }> => {
    await client.kv.Range({ key: Buffer.from('k') });
    const { raftTerm, raftIndex, leader } = await client.maintenance.Status({});
    return { term: clampInteger(raftTerm), index: clampInteger(raftIndex), leader: leader.toString() };
  };
  const before = await look();
  const envelope = { from: 1n, to: BigInt(`0x${stranger['flotilla-to'] ?? '0'}`) };
  const say = async (headers: Readonly<Record<string, string>>, ...messages: readonly Message[]): Promise<void> => {
    const body = Buffer.concat(encodeFrames(messages).map((frame) => framed(frame)));
    const { grpcStatus } = await callRaw(session, {
      path: '/flotilla.v1.Peer/Exchange',
      body,
      headers,
      patienceMs: 10_000,
    });
    t.equal(grpcStatus, 0);
  };
  const order = { type: 'timeoutNow', ...envelope, term: before.term } as const;
  const election = { lastIndex: 999_999, lastTerm: 999, transfer: true } as const;
  await say(
    stranger,
    order,
    { type: 'propose', ...envelope, term: before.term, data: [Buffer.from('anything')] },
    { type: 'readIndex', ...envelope, term: before.term, context: 'mine' },
    { type: 'vote', ...envelope, term: before.term + 1, ...election },
    { type: 'vote', ...envelope, term: before.term + 1, ...election, transfer: false },
  );
  t.strictSame(await look(), before);
  const ask = { path: '/flotilla.v1.Peer/Ask', body: framed(encodeValue({ kind: 'confChange' })), headers: stranger };
  t.equal((await callRaw(session, { ...ask, patienceMs: 10_000 })).grpcStatus, FAILED_PRECONDITION);
  // It had been heard: the same words of a member move the victim.
  await say(greetingTo(victim), { type: 'vote', ...envelope, term: before.term + 1, ...election });
  await until(async () => (await look()).term > before.term);
  t.strictSame(victim.bugs(), []);
});
