/** What the driver needs of the network between members; gRPC is one, a simulated network another. */
import type { Message, NodeId, SnapshotMessage } from '@flotilla/raft';

/** State that travels beside a snapshot message. */
export interface SnapshotTransfer {
  readonly message: SnapshotMessage;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Another member, as the network knows it. */
export interface Peer {
  readonly id: NodeId;
  readonly peerUrls: readonly string[];
}

export interface PeerTransport {
  /**
   * From now on these are the others: ways to new ones are opened, those to others closed, and one to a member whose URLs
   * changed begins anew. Nobody, before it is called.
   */
  setPeers(peers: readonly Peer[]): void;
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

/** What a member that joins is told of each of the others. */
export interface KnownMember extends Peer {
  /** Empty when it has not started yet. */
  readonly name: string;
  readonly isLearner: boolean;
}

/** What the network tells a member. */
export interface PeerReceiver {
  /** This member's own URLs; announced with every connection. */
  peerUrls(): readonly string[];
  /** The last entry that this member has synced; announced with every connection. */
  lastSyncedIndex(): number;
  receive(messages: readonly Message[]): void;
  /** Messages to a member were dropped. */
  unreachable(id: NodeId): void;
  /** A connection to a member broke and its port refuses: its process is dead. */
  dead(id: NodeId): void;
  /** A member can be reached again. */
  alive(id: NodeId): void;
  /**
   * Whether a member that connects may. One that is not known yet may, because who is behind must be told what it missed; one
   * that was removed may not.
   */
  standing(peer: Peer): 'member' | 'removed';
  /** A member that connects says how far its log goes; a text says why it must stop. */
  admit(from: NodeId, lastIndex: number): string | undefined;
  /** Another member found that this one must stop. */
  expelled(reason: string): void;
  /** Another member knows that this one was removed from the cluster. */
  removed(): void;
  /** The members, for one that wants to join them; none before the state knows them: what flags say proves nothing. */
  members(): readonly KnownMember[];
  /** Whether a change of the members is in the log, and not applied. */
  isChanging(): boolean;
  receiveSnapshot(transfer: SnapshotTransfer): Promise<void>;
  answer(from: NodeId, question: Uint8Array): Promise<Uint8Array>;
}
