/**
 * Brain's transport on the virtual network. A link to each other member is kept up as the real one does it: the caller says how
 * far its log goes, and is told how far the other's does; what is sent while there is no connection is dropped; a broken
 * connection and a port that refuses are evidence that the process is dead. Messages travel as the real frames.
 */
import { createAsyncQueue, messageOf } from '@flotilla/base';
import { type Peer, type PeerTransport, type SnapshotTransfer, decodeFrame, encodeFrames } from '@flotilla/brain';
import type { Message, NodeId } from '@flotilla/raft';
import type { Marks } from '../world/marks.ts';
import { Connection } from './network.ts';
import type { PeerEnd, PeerPorts } from './peers.ts';

const connectTimeoutMs = 1000;
const firstRetryMs = 20;
const longestRetryMs = 500;

export interface VirtualTransportOptions {
  readonly self: NodeId;
  readonly end: PeerEnd;
  readonly ports: PeerPorts;
  readonly marks: Marks;
}

export function startVirtualTransport(options: VirtualTransportOptions): PeerTransport {
  const links = new Map<NodeId, Link>();
  const over = <T>(to: NodeId, act: (link: Link) => Promise<T>): Promise<T> => {
    const link = links.get(to);
    return link ? act(link) : Promise.reject(new Error(`no member ${to}`));
  };
  return {
    setPeers(peers) {
      const wanted = new Map(peers.map((peer) => [peer.id, peer]));
      for (const [id, link] of links) {
        const peer = wanted.get(id);
        if (peer && link.isTo(peer)) continue;
        link.close();
        links.delete(id);
      }
      for (const peer of wanted.values()) {
        if (links.has(peer.id)) continue;
        const link = new Link(options, peer);
        links.set(peer.id, link);
        link.connect();
      }
    },
    send(messages) {
      for (const to of new Set(messages.map((message) => message.to))) {
        const own = messages.filter((message) => message.to === to);
        if (links.get(to)?.send(own) !== true) options.end.receiver.unreachable(to);
      }
    },
    sendSnapshot: (transfer, signal) => over(transfer.message.to, (link) => link.sendSnapshot(transfer, signal)),
    ask: (to, question, signal) => over(to, (link) => link.ask(question, signal)),
    connected: (to) => links.get(to)?.isOpen ?? false,
    close() {
      for (const link of links.values()) link.close();
      return Promise.resolve();
    },
  };
}

class Link {
  readonly #options: VirtualTransportOptions;
  readonly #peer: NodeId;
  readonly #peerUrls: readonly string[];
  #connection: Connection | undefined;
  #isWelcome = false;
  #wasConnected = false;
  #retryMs = firstRetryMs;
  #isClosed = false;

  constructor(options: VirtualTransportOptions, { id, peerUrls }: Peer) {
    this.#options = options;
    this.#peer = id;
    this.#peerUrls = peerUrls;
  }

  isTo({ peerUrls }: Peer): boolean {
    return peerUrls.join() === this.#peerUrls.join();
  }

  get isOpen(): boolean {
    return this.#isWelcome;
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.break();
  }

  /** Tries once; whatever comes of it leads to the next try. */
  connect(): void {
    const { end, ports, marks } = this.#options;
    const { process, receiver } = end;
    if (this.#isClosed) return;
    const [here, there] = [process.name, ports.host(this.#peerUrls)];
    let isOver = false;
    const over = (refused: boolean): void => {
      if (isOver) return;
      isOver = true;
      timeout.cancel();
      this.#retry(refused);
    };
    const timeout = process.after(connectTimeoutMs, () => over(false));
    if (ports.network.isRejected(here, there)) {
      process.after(ports.network.latencyMs(here, there), () => over(true));
      return;
    }
    const [lastIndex, peerUrls] = [receiver.lastSyncedIndex(), receiver.peerUrls()];
    ports.network.throwAt(here, there, () => {
      const other = ports.end(this.#peer);
      if (!other) {
        if (!ports.dark.has(there)) ports.network.throwAt(there, here, () => process.take(() => over(true)));
        return;
      }
      other.process.take(() => {
        const connection = new Connection(ports.network, [process, other.process], [here, there]);
        const caller = { id: this.#options.self, peerUrls };
        const isRemoved = other.receiver.standing(caller) === 'removed';
        if (isRemoved) marks.hit('removed member refused by the others');
        const refusal = isRemoved ? undefined : other.receiver.admit(caller.id, lastIndex);
        const othersLast = other.receiver.lastSyncedIndex();
        connection.send(
          1,
          () => {
            if (isOver || this.#isClosed) return connection.break();
            isOver = true;
            timeout.cancel();
            if (isRemoved) receiver.removed();
            else if (refusal !== undefined) receiver.expelled(refusal);
            else if (receiver.admit(this.#peer, othersLast) === undefined) return this.#opened(connection);
            connection.break();
            this.#retry(false);
          },
          'reliably',
        );
      });
    });
  }

  #opened(connection: Connection): void {
    const { receiver, process } = this.#options.end;
    this.#connection = connection;
    this.#isWelcome = true;
    this.#wasConnected = true;
    this.#retryMs = firstRetryMs;
    connection.onBroken(() => {
      this.#options.marks.hit('connection broken');
      this.#isWelcome = false;
      this.#connection = undefined;
      process.after(0, () => {
        receiver.unreachable(this.#peer);
        if (!this.#isClosed) this.connect();
      });
    });
    receiver.alive(this.#peer);
  }

  #retry(refused: boolean): void {
    const { end, marks } = this.#options;
    if (this.#isClosed) return;
    if (refused && this.#wasConnected) {
      marks.hit('port refused after a death');
      end.receiver.dead(this.#peer);
    }
    end.process.after(this.#retryMs, () => this.connect());
    this.#retryMs = Math.min(longestRetryMs, 2 * this.#retryMs);
  }

  send(messages: readonly Message[]): boolean {
    const connection = this.#connection;
    const other = this.#options.ports.end(this.#peer);
    if (!connection || !this.#isWelcome) return false;
    const route = { from: this.#options.self, to: this.#peer };
    for (const frame of encodeFrames(messages)) {
      connection.send(0, () => other?.receiver.receive(decodeFrame(frame, route)));
    }
    return true;
  }

  ask(question: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const connection = this.#connection;
    const other = this.#options.ports.end(this.#peer);
    let abort: () => void = () => undefined;
    const answered = new Promise<Uint8Array>((resolve, reject) => {
      if (!connection || !other) return reject(new Error('the member is not connected'));
      connection.onBroken(() => reject(new Error('the connection broke')));
      abort = () => reject(new Error('aborted'));
      signal.addEventListener('abort', abort, { once: true });
      connection.send(
        0,
        () => {
          other.receiver.answer(this.#options.self, question).then(
            (answer) => connection.send(1, () => resolve(answer), 'reliably'),
            (error: unknown) =>
              connection.send(
                1,
                () => reject(error instanceof Error ? error : new Error(messageOf(error))),
                'reliably',
              ),
          );
        },
        'reliably',
      );
    });
    return answered.finally(() => signal.removeEventListener('abort', abort));
  }

  /** A connection of its own, in order, chunk by chunk. */
  async sendSnapshot({ message, chunks }: SnapshotTransfer, signal: AbortSignal): Promise<void> {
    const { end, ports, self, marks } = this.#options;
    const other = ports.end(this.#peer);
    const [here, there] = [end.process.name, ports.host(this.#peerUrls)];
    if (!other || ports.network.isCut(here, there)) throw new Error('the member cannot be reached');
    marks.hit('snapshot sent');
    const queue = createAsyncQueue<Uint8Array>(Infinity);
    let isBroken = false;
    const fail = (): void => {
      isBroken = true;
      queue.fail(new Error('the connection broke'));
    };
    end.process.onDeath(fail);
    const pass = async (): Promise<void> => {
      await end.process.wait(ports.network.latencyMs(here, there));
      if (!isBroken && other.process.isAlive && !ports.network.isCut(here, there) && !signal.aborted) return;
      fail();
      throw new Error('the connection broke');
    };
    await pass();
    const [copy] = encodeFrames([message]).flatMap((frame) => decodeFrame(frame, { from: self, to: this.#peer }));
    if (copy?.type !== 'snapshot') throw new Error('a snapshot message is one');
    const taken = new Promise<void>((resolve, reject) => {
      other.process.take(() => {
        other.receiver.receiveSnapshot({ message: copy, chunks: queue }).then(resolve, reject);
      });
      other.process.onDeath(() => reject(new Error('the other process died')));
    });
    taken.catch((error: unknown) => error);
    for await (const chunk of chunks) {
      const pieces = 1 + (chunk.length % 4);
      for (let i = 0; i < pieces; i++) {
        await pass();
        const [from, to] = [i, i + 1].map((n) => Math.floor((n * chunk.length) / pieces));
        queue.push(chunk.slice(from, to));
      }
    }
    queue.end();
    await taken;
    await pass();
  }
}
