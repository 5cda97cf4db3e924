/** A million keys of 256 B, loaded through the leader in transactions of 100 puts, 16 in flight. */
import { callLean, connectLean } from './lean-client.ts';
import { paths, putAllFrame } from './messages.ts';
import { valueOf } from './preload.ts';
import { type Side, leaderOf, revisionOf } from './sides.ts';

export const keyCount = 1_000_000;
export const valueBytes = 256;
/** All of them lie in `[prefix, prefixEnd)`. */
export const prefix = 'bench/million/';
export const prefixEnd = 'bench/million0';
const keysInTxn = 100;
const inFlight = 16;
const connectionCount = 4;

export function millionKey(index: number): string {
  return `${prefix}${String(index).padStart(8, '0')}`;
}

/**
 * Puts all of them, for the first time or again.
 * @returns keys a second
 */
export async function loadMillion(side: Side): Promise<number> {
  const { endpoint } = await leaderOf(side);
  const connections = await Promise.all(Array.from({ length: connectionCount }, () => connectLean(endpoint)));
  const value = valueOf(valueBytes);
  const before = await revisionOf(side);
  let next = 0;
  const startMs = performance.now();
  const putSome = async (_: unknown, worker: number): Promise<void> => {
    const connection = connections[worker % connectionCount];
    while (connection && next < keyCount) {
      const from = next;
      next += keysInTxn;
      const pairs = Array.from({ length: keysInTxn }, (__, i) => ({ key: millionKey(from + i), value }));
      await callLean(connection, paths.txn, putAllFrame(pairs));
    }
  };
  try {
    await Promise.all(Array.from({ length: inFlight }).map(putSome));
  } finally {
    for (const connection of connections) connection.close();
  }
  const seconds = (performance.now() - startMs) / 1000;
  const risen = (await revisionOf(side)) - before;
  if (risen !== keyCount / keysInTxn)
    throw new Error(`${keyCount / keysInTxn} transactions raised the revision by ${risen}`);
  return keyCount / seconds;
}
