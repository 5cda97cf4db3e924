/** Who leads, since when, and who wants to know. */
import type { Clock } from '@flotilla/base';
import { type NodeId, type SoftState, noNode } from '@flotilla/raft';

export class Leadership {
  readonly #clock: Clock;
  readonly #self: NodeId;
  readonly #listeners = new Set<() => void>();
  #leader: NodeId = noNode;
  #leads = false;
  #changes = 0;
  /** When the leader became known, or was lost. */
  #sinceMs: number;

  constructor(options: { readonly clock: Clock; readonly self: NodeId }) {
    this.#clock = options.clock;
    this.#self = options.self;
    this.#sinceMs = options.clock.monotonicMs();
  }

  /** `noNode` when nobody is known to lead. */
  get leader(): NodeId {
    return this.#leader;
  }

  get known(): boolean {
    return this.#leader !== noNode;
  }

  /** Whether this member leads. */
  get leads(): boolean {
    return this.#leads;
  }

  /** Leaders seen. */
  get changes(): number {
    return this.#changes;
  }

  /** When the leader became known, or was lost; monotonic. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  update({ leader, role }: SoftState): void {
    const leads = role === 'leader' && leader === this.#self;
    if (leader === this.#leader && leads === this.#leads) return;
    this.#leader = leader;
    this.#leads = leads;
    this.#sinceMs = this.#clock.monotonicMs();
    if (leader !== noNode) this.#changes++;
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` after each change, until the returned function is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves after the next change, after `timeoutMs`, or when `signal` is aborted. */
  async changed(options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<void> {
    const { timeoutMs, signal } = options;
    if (signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        unsubscribe();
        timer.cancel();
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const unsubscribe = this.subscribe(finish);
      const timer = this.#clock.after(timeoutMs, finish);
      signal?.addEventListener('abort', finish, { once: true });
    });
  }
}
