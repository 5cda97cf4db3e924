/**
 * News of commits that travel with the next entries. An append without entries tells a follower only how far the log is
 * committed, and costs each side a message and its answer. While more entries come, they take the news along; so such an
 * append waits a moment, and what follows it makes it superfluous.
 *
 * It leaves at once to a member whose own clients wait for the news: one that has just passed on a proposal or a read.
 * Nothing else waits, and no promise rests on this: raft allows any message to be late.
 */
import type { Clock, Timer } from '@flotilla/base';
import type { Message, NodeId } from '@flotilla/raft';

/** How long news wait for entries at most, milliseconds: longer than a put takes, so that one put at a time takes them along. */
const defaultDelayMs = 2;
/** A member that asked for something gets its news at once for this time. */
const interestMs = 100;

export interface CommitNewsOptions {
  readonly clock: Clock;
  /** How long news wait, milliseconds; 2 unless told. */
  readonly delayMs?: number | undefined;
  /** Sends what has waited long enough. */
  readonly release: (messages: readonly Message[]) => void;
}

export class CommitNews {
  readonly #options: CommitNewsOptions;
  readonly #held = new Map<NodeId, Message>();
  readonly #interestedUntilMs = new Map<NodeId, number>();
  #timer: Timer | undefined;

  constructor(options: CommitNewsOptions) {
    this.#options = options;
  }

  /** A message of another member: its clients may wait for what it asks. */
  received({ type, from }: Message): void {
    if (type !== 'propose' && type !== 'readIndex') return;
    this.#interestedUntilMs.set(from, this.#options.clock.monotonicMs() + interestMs);
  }

  /** Whether a message leaves now. One that is held leaves later, unless a newer one to the same member did. */
  leaves(message: Message): boolean {
    if (message.type !== 'append') return true;
    const { to } = message;
    this.#held.delete(to);
    if (message.entries.length > 0 || this.#isInterested(to)) return true;
    this.#held.set(to, message);
    const { clock, delayMs = defaultDelayMs } = this.#options;
    this.#timer ??= clock.after(delayMs, () => this.#release());
    return false;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#held.clear();
  }

  #isInterested(id: NodeId): boolean {
    const untilMs = this.#interestedUntilMs.get(id);
    return untilMs !== undefined && this.#options.clock.monotonicMs() < untilMs;
  }

  #release(): void {
    this.#timer = undefined;
    if (this.#held.size === 0) return;
    const messages = [...this.#held.values()];
    this.#held.clear();
    this.#options.release(messages);
  }
}
