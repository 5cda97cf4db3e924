/**
 * The way to one other member: a stream of frames that is opened again whenever it ends. While there is none, messages are
 * dropped. What a broken stream and a refusing port say together is passed on as evidence that the process is dead.
 */
import {
  type Backoff,
  type Clock,
  type Logger,
  type Randomness,
  createBackoff,
  messageOf,
  sleep,
} from '@flotilla/base';
import type { NodeId } from '@flotilla/raft';
import { type ClientStream, StatusCode, connectService, isRpcError, openStream } from '@flotilla/wire';
import type { CallerTls } from '../tls/caller-tls.ts';
import { decodeValue, encodeFrames } from './frame.ts';
import { PeerDialer } from './peer-dialer.ts';
import { helloMetadata, peerService, removedText } from './peer-service.ts';
import { probePort } from './port-probe.ts';
import type { PeerReceiver, SnapshotTransfer } from './transport.ts';

/** More may not wait for the other member: what goes beyond is dropped, which raft may always do. */
const maxWaitingBytes = 64 * 1024 * 1024;

export interface PeerAddress {
  readonly id: NodeId;
  readonly host: string;
  readonly port: number;
  /** Clear text unless told. */
  readonly tls?: boolean;
}

export interface PeerLinkOptions {
  readonly clusterId: bigint;
  readonly self: NodeId;
  readonly peer: PeerAddress;
  readonly receiver: PeerReceiver;
  /** For members whose URL is https. */
  readonly tls?: CallerTls | undefined;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly logger: Logger;
  /** Told the bytes of each frame that was queued. */
  readonly onSent: (bytes: number) => void;
  /** Told when messages can leave, and when they can no more. */
  readonly onConnected: () => void;
  readonly onDisconnected: (how: Disconnection) => void;
}

/** `closed`: this member wanted it so. */
export type Disconnection = 'lost' | 'closed';

export class PeerLink {
  readonly #options: PeerLinkOptions;
  readonly #backoff: Backoff;
  readonly #dialer: PeerDialer;
  #stream: ClientStream<Uint8Array> | undefined;
  #welcome = false;
  #logged = '';

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#dialer = new PeerDialer(options.peer, options.tls);
    this.#backoff = createBackoff({ initialMs: 20, maxMs: 500, jitter: 0.5 }, options.randomness);
  }

  get connected(): boolean {
    return this.#welcome;
  }

  /** False when something was dropped. */
  send(frames: readonly Uint8Array[]): boolean {
    const stream = this.#stream;
    // Before the welcome nobody knows whether the other member's log is whole.
    if (!stream || !this.#welcome) return false;
    for (const frame of frames) {
      const { waitingBytes } = stream;
      // A single frame above the bound still travels when nothing else waits.
      if (waitingBytes > 0 && waitingBytes + frame.length > maxWaitingBytes) return false;
      stream.writeNow(frame);
      this.#options.onSent(frame.length);
    }
    return true;
  }

  /** Calls back when the other end has answered; never when there is no connection. */
  ping(onAnswer: () => void): void {
    this.#stream?.ping(onAnswer);
  }

  async ask(question: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    if (!this.#stream) throw new Error('the member is not connected');
    const { channel } = this.#dialer;
    return await connectService(channel, peerService).Ask(question, { signal, metadata: this.#metadata() });
  }

  /** A snapshot has a connection of its own, so that heartbeats do not queue behind it. */
  async sendSnapshot({ message, chunks }: SnapshotTransfer, signal: AbortSignal): Promise<void> {
    const channel = this.#dialer.openChannel();
    async function* frames(): AsyncGenerator<Uint8Array, void> {
      yield* encodeFrames([message]);
      yield* chunks;
    }
    try {
      const answers = connectService(channel, peerService).Snapshot(frames(), { signal, metadata: this.#metadata() });
      let taken = false;
      for await (const _ of answers) taken = true;
      if (!taken) throw new Error('the snapshot was not taken');
    } finally {
      channel.close();
    }
  }

  /** Keeps the stream open until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { receiver, clock, peer } = this.#options;
    let wasConnected = false;
    while (!signal.aborted) {
      await this.#connection(signal);
      if (this.#welcome) {
        wasConnected = true;
        this.#options.onDisconnected(signal.aborted ? 'closed' : 'lost');
      }
      this.#welcome = false;
      if (signal.aborted) return;
      if (wasConnected && (await probePort(peer, signal)) === 'refused') receiver.dead(peer.id);
      await sleep(clock, this.#backoff.nextMs(), signal);
    }
  }

  /** One connection, from its beginning to its end. */
  async #connection(signal: AbortSignal): Promise<void> {
    try {
      await this.#exchange(signal);
      this.#logOnce('the connection to a member ended', undefined);
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    } finally {
      this.#stream = undefined;
      this.#dialer.closeChannel();
      this.#options.receiver.unreachable(this.#options.peer.id);
    }
  }

  /** The stream of frames, until it ends. */
  async #exchange(signal: AbortSignal): Promise<void> {
    const { host, port } = this.#options.peer;
    const socket = await this.#dialer.connect(signal);
    return new Promise((resolve, reject) => {
      this.#stream = openStream({
        host,
        port,
        ...(socket && { socket }),
        method: peerService.Exchange,
        metadata: this.#metadata(),
        signal,
        onMessage: (welcome) => this.#welcomed(welcome),
        onEnd: (error) => (error ? reject(error) : resolve()),
      });
    });
  }

  #welcomed(welcome: Uint8Array): void {
    const { receiver, peer } = this.#options;
    this.#check(welcome);
    this.#welcome = true;
    this.#options.onConnected();
    this.#logged = '';
    this.#backoff.reset();
    receiver.alive(peer.id);
  }

  /** A member whose log has lost something must hear nothing of what it had: it is told when it connects itself. */
  #check(welcome: Uint8Array): void {
    const { receiver, peer } = this.#options;
    const { lastIndex } = decodeValue(welcome);
    const reason = typeof lastIndex === 'number' ? receiver.admit(peer.id, lastIndex) : 'an unknown welcome';
    if (reason !== undefined) throw new Error(reason);
  }

  #failed(error: unknown): void {
    const { receiver, self } = this.#options;
    if (isRpcError(error, StatusCode.DATA_LOSS)) receiver.expelled(error.message);
    if (isRpcError(error, StatusCode.PERMISSION_DENIED) && error.message === removedText(self)) receiver.removed();
    this.#logOnce('no connection to a member', error);
  }

  /** A member that stays away is mentioned once for each reason. */
  #logOnce(message: string, error: unknown): void {
    const reason = `${message}: ${error === undefined ? '' : messageOf(error)}`;
    if (reason === this.#logged) return;
    this.#logged = reason;
    const { peer, logger } = this.#options;
    const fields = { peer: peer.id.toString(16), address: `${peer.host}:${peer.port}` };
    logger.warn(message, error === undefined ? fields : { ...fields, reason: messageOf(error) });
  }

  #metadata(): Readonly<Record<string, string>> {
    const { clusterId, self, peer, receiver } = this.#options;
    const [lastIndex, peerUrls] = [receiver.lastSyncedIndex(), receiver.peerUrls()];
    return helloMetadata({ clusterId, from: self, to: peer.id, lastIndex, peerUrls });
  }
}
