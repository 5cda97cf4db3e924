/**
 * Who the others are right now, for the network: the members of the state, and before it knows any, those that this member was
 * started with. Three kinds are kept beside them:
 *
 * - a caller that the state does not know yet: a member whose state is behind must be told what it missed, by whoever leads now;
 * - a member that was removed, for one more election timeout, so that it hears that its removal is committed;
 * - a removed voter of a joint configuration, until that is left, and the leader, as long as it leads: it hands over.
 */
import type { Clock, Timer } from '@flotilla/base';
import { type Message, type NodeId, type Raft, isVoter } from '@flotilla/raft';
import type { Membership } from '../cluster/membership.ts';
import type { KnownMember, Peer, PeerTransport } from '../transport/transport.ts';
import type { Leadership } from './leadership.ts';
import type { StateMachine } from './state-machine.ts';

/** The most callers that the state does not know; more are refused a way back until it does. */
const maxStrangers = 16;

export interface RosterOptions {
  readonly membership: Membership;
  readonly machine: StateMachine;
  readonly raft: Pick<Raft, 'config'>;
  readonly transport: PeerTransport;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly electionTimeoutMs: number;
}

export class Roster {
  readonly #options: RosterOptions;
  #peers = new Map<NodeId, Peer>();
  readonly #strangers = new Map<NodeId, Peer>();
  /** Removed members → until when they are kept. */
  readonly #leaving = new Map<NodeId, number>();
  /** Since when each can be reached, monotonic. */
  readonly #aliveSinceMs = new Map<NodeId, number>();
  /** The last conf change that was applied in this run. */
  #reconfiguredAt = 0;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  /** This member's own URLs. */
  get peerUrls(): readonly string[] {
    const { membership, machine } = this.#options;
    const { self } = membership;
    return machine.store.membership.members.get(self.id)?.peerUrls ?? self.peerUrls;
  }

  /** All members as far as this one knows. */
  get members(): readonly KnownMember[] {
    const { membership, machine } = this.#options;
    const { config, members } = machine.store.membership;
    if (!config) return membership.members;
    return [...members].map(([id, { name, peerUrls, isLearner }]) => ({ id, name, peerUrls, isLearner }));
  }

  /** The ids of all other members. */
  get others(): readonly NodeId[] {
    return this.members.map(({ id }) => id).filter((id) => id !== this.#options.membership.self.id);
  }

  /** To be called when members or the leader have changed. */
  refresh(): void {
    if (this.#stopped) return;
    const { membership, transport } = this.#options;
    const others = this.members.filter(({ id }) => id !== membership.self.id);
    const peers = new Map<NodeId, Peer>(others.map((peer) => [peer.id, peer]));
    for (const id of this.#strangers.keys()) if (peers.has(id) || this.#isGone(id)) this.#strangers.delete(id);
    for (const peer of this.#peers.values()) if (this.#isKept(peer.id)) peers.set(peer.id, peers.get(peer.id) ?? peer);
    for (const peer of this.#strangers.values()) peers.set(peer.id, peer);
    this.#peers = peers;
    transport.setPeers([...peers.values()]);
  }

  /** Only a voter's word that a member is removed counts: before a voter knows, the others may need its vote. */
  standing(peer: Peer): 'member' | 'removed' {
    if (this.mayDismiss(peer.id)) return 'removed';
    // One that was removed and has a vote all the same is unknown after a restart: its record is gone.
    if (!this.#peers.has(peer.id) && !this.#isGone(peer.id) && this.#strangers.size < maxStrangers) {
      this.#strangers.set(peer.id, peer);
      this.refresh();
    }
    return 'member';
  }

  /** The messages of one sender that are to be taken. */
  taken(messages: readonly Message[]): readonly Message[] {
    const [first] = messages;
    return first && this.isStranger(first.from) ? messages.filter(mayComeFromStranger) : messages;
  }

  /** Whether the state knows nothing of a member, not even that it was removed. */
  isStranger(id: NodeId): boolean {
    const { membership, machine } = this.#options;
    const { config, members, removed } = machine.store.membership;
    if (!config) return !membership.members.some((member) => member.id === id);
    return !members.has(id) && !removed.has(id);
  }

  /** A member can be reached again. */
  alive(id: NodeId): void {
    this.#aliveSinceMs.set(id, this.#options.clock.monotonicMs());
  }

  /** Since when a member can be reached, monotonic; undefined when it can't. */
  aliveSinceMs(id: NodeId): number | undefined {
    return this.#options.transport.connected(id) ? this.#aliveSinceMs.get(id) : undefined;
  }

  /** A conf change was applied. */
  reconfigured(): void {
    this.#reconfiguredAt = this.#options.machine.store.appliedIndex;
    this.refresh();
  }

  /**
   * Whether this member may say to one that was removed that it was, which then is gone. It must be a voter, and the other have no
   * vote any more (in a joint configuration its half still decides). And it must know it durably: one of two voters that forgets in
   * a crash that the other was removed needs its vote again.
   */
  mayDismiss(id: NodeId): boolean {
    const { membership, machine, raft } = this.#options;
    if (!this.#isRemoved(id) || !isVoter(raft.config, membership.self.id) || isVoter(raft.config, id)) return false;
    if (machine.state.durable.index >= this.#reconfiguredAt) return true;
    // Who was removed asks again. What fails here stops the member elsewhere.
    machine.state.flush().catch(() => undefined);
    return false;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #isRemoved(id: NodeId): boolean {
    return this.#options.machine.store.membership.removed.has(id);
  }

  #isGone(id: NodeId): boolean {
    return this.#isRemoved(id) && !this.#isKept(id);
  }

  /** Whether one that is no member is kept all the same. */
  #isKept(id: NodeId): boolean {
    const { leadership, clock, electionTimeoutMs } = this.#options;
    if (!this.#isRemoved(id)) return false;
    if (leadership.leader === id || isVoter(this.#options.raft.config, id)) return true;
    const nowMs = clock.monotonicMs();
    const untilMs = this.#leaving.get(id) ?? nowMs + electionTimeoutMs;
    this.#leaving.set(id, untilMs);
    if (untilMs <= nowMs) return false;
    this.#timer ??= clock.after(untilMs - nowMs, () => {
      this.#timer = undefined;
      this.refresh();
    });
    return true;
  }
}

/**
 * What a member may have to hear from one that it does not know yet, because it is behind: that somebody leads, and what it missed;
 * and that somebody would lead, because the others may need its vote (the thesis, section 4.2.3). Not that it should campaign, or
 * vote although it hears a leader; nothing to put into the log; no confirmations, which are only asked of members.
 */
function mayComeFromStranger(message: Message): boolean {
  const { type } = message;
  if (type === 'vote' || type === 'preVote') return !message.transfer;
  return type === 'append' || type === 'heartbeat' || type === 'snapshot';
}
