/** What is in the store before a load: all keys that it names, with values of one size. */
import { keyAt } from './key-rotation.ts';
import { callLean, connectLean } from './lean-client.ts';
import { paths, putAllFrame } from './messages.ts';
import type { Leader } from './sides.ts';

/** As many operations as one transaction may have, less some. */
const keysInTxn = 100;
const inFlight = 8;

/** Not zeros and not one letter: a value that compresses like a value. */
export function valueOf(bytes: number): Buffer {
  const value = Buffer.alloc(bytes);
  for (let i = 0, state = 1; i < bytes; i++) {
    state = (state * 48_271) % 2_147_483_647;
    value[i] = state & 0xff;
  }
  return value;
}

export interface Filling {
  readonly keyCount: number;
  readonly valueBytes: number;
}

export async function fill({ endpoint }: Leader, { keyCount, valueBytes }: Filling): Promise<void> {
  const value = valueOf(valueBytes);
  const inTxn = Math.max(1, Math.min(keysInTxn, Math.floor(1_000_000 / (valueBytes + 100))));
  const connection = await connectLean(endpoint);
  let next = 0;
  const putSome = async (): Promise<void> => {
    while (next < keyCount) {
      const from = next;
      next = Math.min(keyCount, next + inTxn);
      const pairs = Array.from({ length: next - from }, (_, i) => ({ key: keyAt(from + i), value }));
      await callLean(connection, paths.txn, putAllFrame(pairs));
    }
  };
  try {
    await Promise.all(Array.from({ length: inFlight }, putSome));
  } finally {
    connection.close();
  }
}
