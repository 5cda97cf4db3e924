/**
 * Unary calls by h2load, each turn checked.
 *
 * That they took effect: a write raises the revision by one, so after a turn it must have risen by the number of answers, give
 * or take those still in flight at the end; and the bytes of all answers together must be those of that many whole answers,
 * which an error (a status without a message) would lack.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Teardown } from '#e2e/cluster.js';
import { type LoadResult, type LoadShape, runH2load } from './h2load.ts';
import { keyAt, rotateKeys } from './key-rotation.ts';
import { callLean, connectLean } from './lean-client.ts';
import { offsetsOf } from './messages.ts';
import { type Leader, type Side, leaderOf, revisionOf } from './sides.ts';

export interface UnaryRow extends LoadShape {
  readonly name: string;
  readonly path: string;
  /** A frame with `keyAt(0)`. */
  readonly frame: Buffer;
  readonly keys: 'different' | 'one';
  /** Whether each call raises the revision by one. */
  readonly writes: boolean;
  /** So much is asked at once that a server refuses some of it: only what took effect counts. */
  readonly overload?: boolean;
  /** In the store when it begins: keys, and the bytes of each value. */
  readonly keyCount: number;
  readonly valueBytes: number;
}

interface Turn {
  readonly seconds: number;
  /** As fast as answers come unless given; only with it are latencies taken. */
  readonly rate?: number;
}

export interface Generator {
  /** @throws Error when any call failed or did not take effect */
  load(side: Side, turn: Turn): Promise<LoadResult>;
}

export function openGenerator(scope: Teardown, row: UnaryRow): Generator {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-bench-load-'));
  scope.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const bodyFile = join(directory, 'body');
  const logFile = join(directory, 'log');
  return {
    async load(side, turn) {
      writeFileSync(bodyFile, row.frame);
      // h2load appends.
      rmSync(logFile, { force: true });
      const stopRotation = row.keys === 'different' ? rotateKeys(bodyFile, row) : undefined;
      try {
        const log = turn.rate === undefined ? {} : { logFile };
        return await checkedLoad(scope, { side, row, bodyFile, ...turn, ...log });
      } finally {
        stopRotation?.();
      }
    },
  };
}

/** Enough that a rate is offered whatever the answers do, but where one in flight is what the row is about. */
function inFlightAtRate({ connections, inFlight }: LoadShape): number {
  return connections * inFlight === 1 ? 1 : inFlight * 10;
}

interface CheckedLoad {
  readonly side: Side;
  readonly row: UnaryRow;
  readonly bodyFile: string;
  readonly seconds: number;
  readonly rate?: number;
  readonly logFile?: string;
}

async function checkedLoad(scope: Teardown, { side, row, bodyFile, ...load }: CheckedLoad): Promise<LoadResult> {
  const leader = await leaderOf(side);
  const bytesBefore = await wholeAnswerBytes(leader, row);
  const before = await revisionOf(side);
  const { path, connections } = row;
  const inFlight = load.rate === undefined ? row.inFlight : inFlightAtRate(row);
  const result = await runH2load(scope, { endpoint: leader.endpoint, path, bodyFile, connections, inFlight, ...load });
  const open = connections * inFlight;
  const risen = (await revisionOf(side)) - before;
  if (row.overload === true && row.writes) {
    const effective = Math.min(risen, result.answered);
    return { ...result, answered: effective, perSecond: (result.perSecond * effective) / result.answered };
  }
  const [least, most] = row.writes ? [result.answered, result.answered + open] : [0, 0];
  if (risen < least || risen > most)
    throw new Error(`${result.answered} answers, but the revision rose by ${risen} (${least} to ${most} were right)`);
  const bytes = [...bytesBefore, ...(await wholeAnswerBytes(leader, row))];
  const [smallest, largest] = [Math.min(...bytes), Math.max(...bytes)];
  const { answered, dataBytes } = result;
  if (dataBytes < answered * smallest || dataBytes > (answered + open) * largest)
    throw new Error(
      `${answered} answers of ${smallest} to ${largest} bytes cannot make ${dataBytes} bytes: some were errors`,
    );
  return result;
}

/** Makes the call as the generator does, with its status checked: for the first and the last key, which differ in revisions. */
async function wholeAnswerBytes({ endpoint }: Leader, { path, frame, keys, keyCount }: UnaryRow): Promise<number[]> {
  const connection = await connectLean(endpoint);
  try {
    const indexes = keys === 'one' ? [0] : [0, keyCount - 1];
    const calls = indexes.map((index) => callLean(connection, path, withKey(frame, index)));
    const grpcHead = 5;
    return (await Promise.all(calls)).map((answer) => answer.length + grpcHead);
  } finally {
    connection.close();
  }
}

function withKey(frame: Buffer, index: number): Buffer {
  const copy = Buffer.from(frame);
  for (const offset of offsetsOf(frame, keyAt(0))) copy.write(keyAt(index), offset, 'latin1');
  return copy;
}
