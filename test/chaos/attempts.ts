/** Calls while members come and go. */
import { RpcError } from '@flotilla/wire';
import { pause } from './pause.ts';

/** How long a client waits for an answer. */
export const callTimeoutMs = 3000;

/** The answer, or nothing when there was none: then it may or may not have happened. */
export async function attempt<T>(make: () => Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    await pause(30);
    return undefined;
  }
}

/** Asks until there is an answer. Rejects once `stopped` is aborted. */
export async function insistently<T>(make: () => Promise<T> | undefined, stopped: AbortSignal): Promise<T> {
  for (;;) {
    stopped.throwIfAborted();
    const answer = await attempt(make);
    if (answer !== undefined) return answer;
  }
}
