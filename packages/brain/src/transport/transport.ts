/** What the driver needs of the network between members; gRPC is one, a simulated network another. */
import type { Message, NodeId, SnapshotMessage } from '@flotilla/raft';

/** State that travels beside a snapshot message. */
export interface SnapshotTransfer {
  readonly message: SnapshotMessage;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface PeerTransport {
  /** Queues the messages of one turn. What can't be queued is dropped, and its receiver reported unreachable. */
  send(messages: readonly Message[]): void;
  /** Streams a snapshot; rejects when it did not arrive whole. */
  sendSnapshot(transfer: SnapshotTransfer, signal: AbortSignal): Promise<void>;
  /** Asks a member (the leader, as far as known); rejects when it can't be reached or does not lead. */
  ask(to: NodeId, question: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** Whether messages to a member can leave now. */
  connected(to: NodeId): boolean;
  close(): Promise<void>;
}

/** What the network tells a member. */
export interface PeerReceiver {
  /** The last entry that this member has synced; announced with every connection. */
  lastSyncedIndex(): number;
  receive(messages: readonly Message[]): void;
  /** Messages to a member were dropped. */
  unreachable(id: NodeId): void;
  /** A connection to a member broke and its port refuses: its process is dead. */
  dead(id: NodeId): void;
  /** A member can be reached again. */
  alive(id: NodeId): void;
  /** A member that connects says how far its log goes; a text says why it must stop. */
  admit(from: NodeId, lastIndex: number): string | undefined;
  /** Another member found that this one must stop. */
  expelled(reason: string): void;
  receiveSnapshot(transfer: SnapshotTransfer): Promise<void>;
  answer(from: NodeId, question: Uint8Array): Promise<Uint8Array>;
}
