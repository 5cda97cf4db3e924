/**
 * The calls in flight on one connection. Each gets a signal that follows its caller's, the time it may take and the connection's
 * end, and lets go of all of them when it is over. (`AbortSignal.any` keeps growing on signals that live as long as a process.)
 */

export interface OpenCall {
  readonly signal: AbortSignal;
  /** The call is over, one way or another. */
  leave(): void;
}

export interface CallScope {
  enter(options: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number | undefined }): OpenCall;
  /** Aborts all calls, those to come as well. */
  close(): void;
}

export function createCallScope(): CallScope {
  const calls = new Set<AbortController>();
  let closed = false;

  return {
    enter({ signal, timeoutMs }) {
      const call = new AbortController();
      const abort = (): void => call.abort(signal?.reason);
      if (closed || signal?.aborted === true) abort();
      signal?.addEventListener('abort', abort, { once: true });
      const timer = timeoutMs === undefined ? undefined : setTimeout(abort, timeoutMs);
      calls.add(call);
      return {
        signal: call.signal,
        leave() {
          clearTimeout(timer);
          signal?.removeEventListener('abort', abort);
          calls.delete(call);
        },
      };
    },
    close() {
      closed = true;
      for (const call of calls) call.abort();
    },
  };
}
