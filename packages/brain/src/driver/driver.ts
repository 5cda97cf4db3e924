/**
 * The loop around raft. Everything that happens asks for a turn; in the turn raft is given all messages, proposals and reads
 * that came together, and what it wants done is done: messages leave, one write begins, committed entries are applied.
 *
 * A turn never waits. A failure in it is a bug or a broken disk: the member stops.
 */
import type { Clock } from '@flotilla/base';
import type { Message, Raft, Ready } from '@flotilla/raft';
import type { Lag } from '../member/world.ts';
import type { PeerTransport } from '../transport/transport.ts';
import type { Applier } from './applier.ts';
import { CommitNews } from './commit-news.ts';
import { ForwardedProposals } from './forwarded-proposals.ts';
import type { Leadership } from './leadership.ts';
import type { LogWriter } from './log-writer.ts';
import type { Proposals } from './proposals.ts';
import type { Reads } from './reads.ts';
import type { SnapshotReceiver, SnapshotSender } from './snapshots.ts';
import { Turns, type TurnsOptions } from './turns.ts';

export interface DriverParts {
  readonly raft: Raft;
  readonly transport: PeerTransport;
  readonly writer: LogWriter;
  readonly applier: Applier;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly leadership: Leadership;
  readonly snapshotSender: SnapshotSender;
  readonly snapshotReceiver: SnapshotReceiver;
}

export interface DriverOptions extends Pick<TurnsOptions, 'endOfTurn' | 'soon'> {
  readonly clock: Clock;
  readonly lag?: Pick<Lag, 'newsMs'>;
  readonly onFailure: (error: unknown) => void;
}

export class Driver {
  readonly #options: DriverOptions;
  #parts: DriverParts | undefined;
  #stopped = false;
  #inbox: Message[] = [];
  #outbox: Message[] = [];
  readonly #turns: Turns;
  readonly #news: CommitNews;
  readonly #forwarded = new ForwardedProposals();

  constructor(options: DriverOptions) {
    this.#options = options;
    const release = (messages: readonly Message[]): void => this.#guarded(({ transport }) => transport.send(messages));
    this.#news = new CommitNews({ clock: options.clock, delayMs: options.lag?.newsMs, release });
    const { endOfTurn, soon } = options;
    const turn = (): void => this.#guarded((parts) => this.#turn(parts));
    this.#turns = new Turns({ endOfTurn, soon, isCalm: () => this.#isCalm(), turn });
  }

  /** The parts ask for turns, so they exist after the driver; nothing runs before this. */
  start(parts: DriverParts): void {
    this.#parts = parts;
    this.schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#news.stop();
  }

  /** Asks for a turn. */
  readonly schedule = (): void => {
    if (this.#runs) this.#turns.schedule();
  };

  /** Asks for a turn for an entry, or news of one. */
  readonly hurry = (): void => {
    if (this.#runs) this.#turns.hurry();
  };

  /** Messages of other members arrived. */
  receive(messages: readonly Message[]): void {
    for (const message of messages) this.#inbox.push(message);
    if (messages.length === 1 && messages[0] && isOfEntries(messages[0])) this.hurry();
    else this.schedule();
  }

  /** The write of `ready` is durable: what waited for it goes on at once. */
  synced(ready: Ready): void {
    this.#guarded((parts) => {
      this.#confirm(parts, ready);
      this.#process(parts);
      if (ready.snapshot) this.schedule();
    });
  }

  get #runs(): boolean {
    return this.#parts !== undefined && !this.#stopped;
  }

  /** At most one entry is under way. */
  #isCalm(): boolean {
    const raft = this.#parts?.raft;
    return raft !== undefined && raft.lastIndex - raft.commit <= 1;
  }

  #guarded(act: (parts: DriverParts) => void): void {
    if (this.#stopped || !this.#parts) return;
    try {
      act(this.#parts);
    } catch (error) {
      this.#stopped = true;
      this.#options.onFailure(error);
    }
  }

  #turn(parts: DriverParts): void {
    const { raft, proposals, reads, snapshotReceiver } = parts;
    const messages = this.#inbox;
    this.#inbox = [];
    for (const message of messages) {
      this.#news.received(message);
      if (message.type === 'propose' && !this.#forwarded.takes(message, raft.term)) continue;
      raft.step(message);
    }
    snapshotReceiver.stepped();
    if (canAsk(parts)) {
      proposals.flush(raft);
      reads.flush(raft);
    }
    this.#process(parts);
  }

  #process(parts: DriverParts): void {
    const { raft, writer, snapshotReceiver } = parts;
    for (let ready = raft.ready(); ready; ready = raft.ready()) this.#handle(parts, ready);
    this.#sendQueued(parts);
    if (snapshotReceiver.undecided && !writer.busy)
      snapshotReceiver.discard().then(this.schedule, this.#options.onFailure);
  }

  #handle(parts: DriverParts, ready: Ready): void {
    const { writer, applier, reads, leadership } = parts;
    this.#queue(parts, ready.messages);
    if (ready.snapshot) applier.pause();
    if (ready.mustSync) {
      // The others begin their sync as early as can be.
      this.#sendQueued(parts);
      if (writer.write(ready)) {
        // Whoever waits for this member's hears of it before anything is applied.
        this.#confirm(parts, ready);
        this.#sendQueued(parts);
      }
    }
    if (ready.softState) {
      leadership.update(ready.softState);
      reads.leaderChanged();
      this.schedule();
    }
    applier.apply(ready.committed);
    for (const { context, index } of ready.readStates) reads.confirmedAt(context, index);
  }

  #confirm(parts: DriverParts, ready: Ready): void {
    parts.raft.synced(ready);
    this.#queue(parts, ready.messagesAfterSync);
  }

  #sendQueued({ transport }: DriverParts): void {
    if (this.#outbox.length === 0) return;
    const messages = this.#outbox;
    this.#outbox = [];
    transport.send(messages);
  }

  #queue({ snapshotSender }: DriverParts, messages: readonly Message[]): void {
    for (const message of messages) {
      if (message.type === 'snapshot') snapshotSender.send(message);
      else if (this.#news.leaves(message)) this.#outbox.push(message);
    }
  }
}

function isOfEntries({ type }: Message): boolean {
  return type === 'append' || type === 'appendResponse' || type === 'propose';
}

/**
 * What is forwarded leaves only once: it waits while the way to the leader is known to be broken, and for a snapshot that is on its
 * way, because nobody can tell what became of a proposal that it holds.
 */
function canAsk({ raft, transport, applier, snapshotReceiver }: DriverParts): boolean {
  if (raft.role === 'leader') return true;
  const waitsForSnapshot = snapshotReceiver.undecided || applier.isPaused || raft.config.voters.length === 0;
  return !waitsForSnapshot && transport.connected(raft.leader);
}
