/**
 * State for members whose next entry is compacted, and for newcomers. Sending: the newest written state is streamed in place of
 * the one that raft named, once it reaches that. Receiving: the state is written beside the current one; only when raft accepts the message does it take over.
 */
import { type Logger, OperatingError, assert, messageOf } from '@flotilla/base';
import type { Message, NodeId, Raft, SnapshotMessage, SnapshotMeta } from '@flotilla/raft';
import type { ExportedSnapshot, IncomingSnapshot } from '@flotilla/store';
import type { PeerTransport, SnapshotTransfer } from '../transport/transport.ts';
import type { StateMachine } from './state-machine.ts';

export interface SnapshotSenderOptions {
  readonly raft: Raft;
  readonly machine: StateMachine;
  readonly transport: PeerTransport;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** A member that lags by no more than this is served from the log in any case. */
  readonly catchUpEntries: number;
  /** Asks for a turn. */
  readonly schedule: () => void;
}

/** A member may lag by so many times the entries that came while it got its snapshot: one that lags more does not catch up. */
const lagGrowthMax = 2;

export class SnapshotSender {
  readonly #options: SnapshotSenderOptions;
  readonly #sending = new Set<NodeId>();
  /** Members that have got a snapshot and now what came meanwhile: by how many entries they may lag. */
  readonly #following = new Map<NodeId, number>();

  constructor(options: SnapshotSenderOptions) {
    this.#options = options;
  }

  /**
   * Whether a member is getting a snapshot, or the entries behind it: forgetting those would end in another snapshot, and under a load
   * that does not end, in one after the other.
   */
  needsLog(): boolean {
    for (const [id, lagMax] of this.#following) if (!this.#follows(id, lagMax)) this.#following.delete(id);
    return this.#sending.size > 0 || this.#following.size > 0;
  }

  /** Whether it still gets what came meanwhile, and may catch up. */
  #follows(id: NodeId, lagMax: number): boolean {
    const { raft, transport, catchUpEntries } = this.#options;
    const { progress, applied } = raft.status();
    const peer = progress.get(id);
    if (!peer || peer.state === 'snapshot' || !transport.connected(id)) return false;
    const lag = applied - peer.next + 1;
    return lag > catchUpEntries && lag <= lagMax;
  }

  /** Sends in the background, and tells raft what became of it. */
  send(message: SnapshotMessage): void {
    const { to } = message;
    if (this.#sending.has(to)) return;
    this.#sending.add(to);
    void this.#send(message).then((ok) => {
      this.#sending.delete(to);
      const { raft, catchUpEntries } = this.#options;
      raft.reportSnapshot(to, ok);
      const cameMeanwhile = raft.status().applied - message.snapshot.index;
      if (ok) this.#following.set(to, catchUpEntries + lagGrowthMax * cameMeanwhile);
      this.#options.schedule();
    });
  }

  async #send(message: SnapshotMessage): Promise<boolean> {
    const { raft, machine, transport, logger, signal } = this.#options;
    const to = message.to.toString(16);
    let exported: ExportedSnapshot | undefined;
    try {
      // What is written may be behind what is applied, and a newcomer needs the change that let it in.
      await machine.state.reachedEntry(message.snapshot.index);
      exported = machine.state.exportSnapshot();
      assert(exported.index >= message.snapshot.index, 'the written state reaches what raft named');
      const fields = { to, index: exported.index, bytes: exported.sizeBytes };
      logger.info('sending a snapshot', fields);
      const snapshot = raft.snapshotMeta(exported.index);
      await transport.sendSnapshot({ message: { ...message, snapshot }, chunks: exported.chunks }, signal);
      logger.info('sent a snapshot', fields);
      return true;
    } catch (error) {
      if (!signal.aborted) logger.warn('a snapshot was not sent', { to, reason: messageOf(error) });
      return false;
    } finally {
      await exported?.close();
    }
  }
}

export interface SnapshotReceiverOptions {
  readonly machine: StateMachine;
  readonly logger: Logger;
  /** Gives the message to raft in the next turn. */
  readonly receive: (messages: readonly Message[]) => void;
}

interface Waiting {
  readonly snapshot: SnapshotMeta;
  readonly incoming: IncomingSnapshot;
  /** Raft has seen the message. */
  stepped: boolean;
  settle(error?: Error): void;
}

export class SnapshotReceiver {
  readonly #options: SnapshotReceiverOptions;
  #busy = false;
  #waiting: Waiting | undefined;

  constructor(options: SnapshotReceiverOptions) {
    this.#options = options;
  }

  /** Resolves when the snapshot is the state, or was not needed; rejects when it did not arrive whole. */
  async receive({ message, chunks }: SnapshotTransfer): Promise<void> {
    if (this.#busy) throw new OperatingError('SNAPSHOT_BUSY', 'another snapshot is being received');
    this.#busy = true;
    try {
      await this.#receive({ message, chunks });
    } finally {
      this.#busy = false;
    }
  }

  async #receive({ message, chunks }: SnapshotTransfer): Promise<void> {
    const { machine, receive } = this.#options;
    const { snapshot } = message;
    if (snapshot.index <= machine.store.appliedIndex) return;
    const incoming = await machine.state.receiveSnapshot({ index: snapshot.index, term: snapshot.term });
    try {
      for await (const chunk of chunks) await incoming.write(chunk);
    } catch (error) {
      await incoming.abort();
      throw error;
    }
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error): void => (error ? reject(error) : resolve());
      this.#waiting = { snapshot, incoming, stepped: false, settle };
      receive([message]);
    });
  }

  /** Raft has taken all messages so far into account. */
  stepped(): void {
    if (this.#waiting) this.#waiting.stepped = true;
  }

  /** Raft has seen a snapshot that is not installed yet. */
  get undecided(): boolean {
    return this.#waiting?.stepped === true;
  }

  /** Raft asks for nothing more, so it does not need the snapshot that it saw. */
  async discard(): Promise<void> {
    const waiting = this.#waiting;
    if (!waiting) return;
    this.#waiting = undefined;
    await waiting.incoming.abort();
    waiting.settle();
  }

  /** Raft accepted the snapshot: makes it the state. */
  async install(snapshot: SnapshotMeta): Promise<void> {
    const waiting = this.#waiting;
    assert(waiting?.snapshot.index === snapshot.index, 'raft installs the snapshot that was received');
    this.#waiting = undefined;
    try {
      await waiting.incoming.finish((opened) => this.#options.machine.replace(opened));
      this.#options.logger.info('installed a snapshot', { index: snapshot.index, term: snapshot.term });
      waiting.settle();
    } catch (error) {
      waiting.settle(error instanceof Error ? error : new Error(messageOf(error)));
      throw error;
    }
  }
}
