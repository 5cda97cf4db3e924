/**
 * The shape of every component: `start…(options): Promise<Running>`. Whoever starts it closes it; `close`
 * is idempotent and resolves when every timer, socket, stream and child of the component is gone.
 */
export interface Running {
  /** Stops in good order (a leader hands over first). Idempotent. */
  close(): Promise<void>;
  /** Resolves when the component ends by itself or after `close`; rejects when it failed and had to stop. */
  readonly stopped: Promise<void>;
}
