import t from 'tap';
import { silentLogger, systemClock, systemRandomness } from '@flotilla/base';
import {
  type Front,
  type PeerReceiver,
  type PeerTransport,
  openFront,
  peerHandlers,
  peerService,
  startGrpcTransport,
} from '@flotilla/brain';
import type { Message } from '@flotilla/raft';
import { createRpcServer } from '@flotilla/wire';
import { reservePorts } from './reserve-ports.ts';

/** One end of a transport, and what it was told. */
interface End {
  readonly transport: PeerTransport;
  readonly received: Message[];
  readonly events: string[];
  /** Resolves once `condition` holds; looked at whenever the end is told something. */
  until(condition: () => boolean): Promise<void>;
  snapshotBytes: Buffer;
  admit: (lastIndex: number) => string | undefined;
  standing: 'member' | 'removed';
  close(): Promise<void>;
}

async function openEnd(options: {
  readonly id: bigint;
  readonly peer: bigint;
  readonly port: number;
  readonly peerPort: number;
  readonly clusterId?: bigint;
  readonly lastIndex?: number;
}): Promise<End> {
  const { id, peer, port, peerPort, clusterId = 7n, lastIndex = 0 } = options;
  const received: Message[] = [];
  const events: string[] = [];
  const waiting = new Set<() => void>();
  const told = (event?: string): void => {
    if (event !== undefined) events.push(event);
    for (const look of waiting) look();
  };
  const receiver: PeerReceiver = {
    lastSyncedIndex: () => lastIndex,
    peerUrls: () => [`http://127.0.0.1:${port}`],
    standing: () => end.standing,
    removed: () => told('removed'),
    members: () => [{ id, name: 'm', peerUrls: [`http://127.0.0.1:${port}`], isLearner: false }],
    isChanging: () => false,
    receive(messages) {
      received.push(...messages);
      told();
    },
    unreachable: () => told('unreachable'),
    dead: () => told('dead'),
    alive: () => told('alive'),
    admit: (_from, last) => end.admit(last),
    expelled: (reason) => told(`expelled: ${reason}`),
    async receiveSnapshot({ chunks }) {
      for await (const chunk of chunks) end.snapshotBytes = Buffer.concat([end.snapshotBytes, chunk]);
    },
    answer: (_from, question) => Promise.resolve(Buffer.from(question).reverse()),
  };
  const grpc = createRpcServer('flotilla');
  grpc.add(peerService, peerHandlers({ clusterId, self: id, receiver, onReceived: () => undefined }));
  const front: Front = await openFront({
    place: { host: '127.0.0.1', port },
    flag: 'listen-peer-urls',
    grpc,
    onRequest: (_, response) => response.end(),
  });
  front.serve();
  const transport = startGrpcTransport({
    clusterId,
    self: id,
    receiver,
    clock: systemClock,
    randomness: systemRandomness,
    logger: silentLogger,
    onSent: () => undefined,
    onDropped: () => undefined,
    onRoundTrip: () => undefined,
    onConnected: () => undefined,
    onDisconnected: () => undefined,
  });
  transport.setPeers([{ id: peer, peerUrls: [`http://127.0.0.1:${peerPort}`] }]);
  const end: End = {
    transport,
    standing: 'member',
    received,
    events,
    snapshotBytes: Buffer.alloc(0),
    admit: () => undefined,
    async until(condition) {
      await new Promise<void>((resolve) => {
        const look = (): void => {
          if (!condition()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    },
    async close() {
      await transport.close();
      await front.close(0);
    },
  };
  return end;
}

const heartbeat = (from: bigint, to: bigint, round: number): Message => ({
  type: 'heartbeat',
  from,
  to,
  term: 1,
  commit: 0,
  round,
});

t.test('messages, questions and snapshots reach the other member', async (t) => {
  const [portA = 0, portB = 0] = await reservePorts(2);
  const a = await openEnd({ id: 1n, peer: 2n, port: portA, peerPort: portB });
  const b = await openEnd({ id: 2n, peer: 1n, port: portB, peerPort: portA });
  await Promise.all([a.until(() => a.transport.connected(2n)), b.until(() => b.transport.connected(1n))]);
  for (let round = 0; round < 100; round++) a.transport.send([heartbeat(1n, 2n, round)]);
  await b.until(() => b.received.length === 100);
  t.strictSame(
    b.received.map((message) => message.type === 'heartbeat' && message.round),
    Array.from({ length: 100 }, (_, i) => i),
  );

  const answer = await a.transport.ask(2n, Buffer.from('abc'), new AbortController().signal);
  t.equal(Buffer.from(answer).toString(), 'cba');

  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    for (let i = 0; i < 50; i++) yield Buffer.alloc(64 * 1024, i);
    await Promise.resolve();
  }
  const snapshot = { index: 9, term: 1, config: { voters: [1n, 2n], votersOutgoing: [], learners: [] } };
  const message = { type: 'snapshot' as const, from: 1n, to: 2n, term: 1, snapshot };
  await a.transport.sendSnapshot({ message, chunks: chunks() }, new AbortController().signal);
  t.equal(b.snapshotBytes.length, 50 * 64 * 1024);
  t.equal(b.snapshotBytes.at(-1), 49);

  await b.close();
  await a.until(() => a.events.includes('dead'));
  t.equal(a.transport.connected(2n), false, 'a broken connection and a refused port are evidence of death');
  a.transport.send([heartbeat(1n, 2n, 0)]);
  t.equal(a.events.at(-1), 'unreachable');
  const again = await openEnd({ id: 2n, peer: 1n, port: portB, peerPort: portA });
  await a.until(() => a.transport.connected(2n));
  await Promise.all([a.close(), again.close()]);
});

t.test('a member of another cluster, and one that expects somebody else, are refused', async (t) => {
  const [portA = 0, portB = 0] = await reservePorts(2);
  const a = await openEnd({ id: 1n, peer: 2n, port: portA, peerPort: portB });
  const stranger = await openEnd({ id: 2n, peer: 1n, port: portB, peerPort: portA, clusterId: 8n });
  await stranger.until(() => stranger.events.filter((event) => event === 'unreachable').length >= 2);
  t.equal(stranger.transport.connected(1n), false);
  t.strictSame(a.received, []);
  await stranger.close();
  const mistaken = await openEnd({ id: 2n, peer: 3n, port: portB, peerPort: portA });
  await mistaken.until(() => mistaken.events.filter((event) => event === 'unreachable').length >= 2);
  t.equal(mistaken.transport.connected(3n), false);
  await Promise.all([a.close(), mistaken.close()]);
});

t.test('a member whose disk was rolled back is told to stop', async () => {
  const [portA = 0, portB = 0] = await reservePorts(2);
  const leader = await openEnd({ id: 1n, peer: 2n, port: portA, peerPort: portB });
  leader.admit = (lastIndex) => (lastIndex < 10 ? `log ends with ${lastIndex}, but had acknowledged 10` : undefined);
  const b = await openEnd({ id: 2n, peer: 1n, port: portB, peerPort: portA, lastIndex: 4 });
  await b.until(() => b.events.includes('expelled: log ends with 4, but had acknowledged 10'));
  await Promise.all([leader.close(), b.close()]);
});

t.test('a member that was removed is told so', async () => {
  const [portA = 0, portB = 0] = await reservePorts(2);
  const a = await openEnd({ id: 1n, peer: 2n, port: portA, peerPort: portB });
  a.standing = 'removed';
  const b = await openEnd({ id: 2n, peer: 1n, port: portB, peerPort: portA });
  await b.until(() => b.events.includes('removed'));
  await Promise.all([a.close(), b.close()]);
});

t.test('ways to members are opened, moved and closed as the members change', async (t) => {
  const [portA = 0, portB = 0, portC = 0] = await reservePorts(3);
  const a = await openEnd({ id: 1n, peer: 2n, port: portA, peerPort: portB });
  const b = await openEnd({ id: 2n, peer: 1n, port: portB, peerPort: portA });
  await a.until(() => a.transport.connected(2n));
  const moved = await openEnd({ id: 2n, peer: 1n, port: portC, peerPort: portA });
  a.transport.setPeers([{ id: 2n, peerUrls: [`http://127.0.0.1:${portC}`] }]);
  t.equal(a.transport.connected(2n), false, 'other URLs are another way');
  await a.until(() => a.transport.connected(2n));
  a.transport.send([heartbeat(1n, 2n, 7)]);
  await moved.until(() => moved.received.length === 1);
  t.strictSame(b.received, []);
  a.transport.setPeers([{ id: 2n, peerUrls: [`http://127.0.0.1:${portC}`] }]);
  t.equal(a.transport.connected(2n), true, 'what stays is left alone');
  a.transport.setPeers([]);
  t.equal(a.transport.connected(2n), false);
  a.transport.send([heartbeat(1n, 2n, 8)]);
  t.equal(a.events.at(-1), 'unreachable');
  await Promise.all([a.close(), b.close(), moved.close()]);
});

t.test('a port in use is an error that says what to do', async (t) => {
  const [port = 0, other = 0] = await reservePorts(2);
  const a = await openEnd({ id: 1n, peer: 2n, port, peerPort: other });
  await t.rejects(openEnd({ id: 1n, peer: 2n, port, peerPort: other }), {
    code: 'LISTEN_FAILED',
    message: `127.0.0.1:${port} is in use by another program: stop it, or give another --listen-peer-urls`,
  });
  await a.close();
});
