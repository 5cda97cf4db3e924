/** What a supervised process tells its supervisor over their IPC channel. */

export type ChildMessage =
  | { readonly type: 'ready' }
  /** It could not start, and ends now; `message` is the one sentence for the user. */
  | { readonly type: 'failed'; readonly message: string };

/** The message, if it is one; Node gives what was sent as it was. */
export function asChildMessage(value: unknown): ChildMessage | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  if (value.type === 'ready') return { type: 'ready' };
  if (value.type === 'failed' && 'message' in value) return { type: 'failed', message: String(value.message) };
  return undefined;
}

/** Sends to the supervisor, if this process has one. Resolves when the message has left. */
export function tellSupervisor(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.send || !process.connected) return resolve();
    // A supervisor that is gone hears nothing: the disconnect says so.
    process.send(message, undefined, {}, () => resolve());
  });
}
