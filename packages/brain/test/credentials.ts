/** What a call is made with, and how it is refused. */
import { RpcError } from '@flotilla/wire';

/** The metadata of a token. */
export interface As {
  readonly metadata: Readonly<Record<string, string>>;
}

export const withToken = (token: string): As => ({ metadata: { token } });

/** How a call was refused: `code text`; `ok` when it was answered. */
export async function refusal(call: Promise<unknown> | AsyncIterable<unknown>): Promise<string> {
  try {
    if (call instanceof Promise) await call;
    else for await (const _ of call);
  } catch (error) {
    if (error instanceof RpcError) return `${error.status} ${error.message}`;
    throw error;
  }
  return 'ok';
}
