/**
 * The rows of unary calls that h2load drives, all towards the leader.
 *
 * That they took effect: a write raises the revision by one, so after a turn it must have risen by the number of answers, give
 * or take those still in flight at the end; and the bytes of all answers together must be those of that many whole answers,
 * which an error (a status without a message) would lack.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Teardown } from '#e2e/cluster.js';
import { withScope } from '../scope.ts';
import { type LoadResult, type LoadShape, runH2load } from './h2load.ts';
import { rotateKeys } from './key-rotation.ts';
import { callLean, connectLean } from './lean-client.ts';
import { fill } from './preload.ts';
import type { StoreBenchmark, StoreContext, StoreRow } from './row.ts';
import { type Leader, type Side, leaderOf, revisionOf, startSides } from './sides.ts';
import { throughputThenLatency } from './throughput.ts';

export interface UnaryRow extends LoadShape {
  readonly name: string;
  readonly path: string;
  /** A frame with `keyAt(0)`. */
  readonly frame: Buffer;
  readonly keys: 'different' | 'one';
  /** Whether each call raises the revision by one. */
  readonly writes: boolean;
  /** Of the values in the store when it begins. */
  readonly valueBytes: number;
}

const warmUpSeconds = 1.5;

export function unaryBenchmark(rows: readonly UnaryRow[]): StoreBenchmark {
  return {
    async run(context) {
      const measured: StoreRow[] = [];
      for (const row of rows) measured.push(...(await withScope((scope) => measureRow(scope, row, context))));
      return measured;
    },
  };
}

async function measureRow(scope: Teardown, row: UnaryRow, context: StoreContext): Promise<readonly StoreRow[]> {
  const { runs, seconds, say, commands } = context;
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-bench-load-'));
  scope.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const sides = await startSides(scope, commands);
  for (const side of sides) await fill(await leaderOf(side), row.valueBytes);
  const bodyFile = join(directory, 'body');
  const checked = async (
    side: Side,
    load: { seconds: number; rate?: number; logFile?: string },
  ): Promise<LoadResult> => {
    const stopRotation = row.keys === 'different' ? rotateKeys(bodyFile, row.frame) : undefined;
    if (!stopRotation) writeFileSync(bodyFile, row.frame);
    try {
      return await checkedLoad(scope, { side, row, bodyFile, ...load });
    } finally {
      stopRotation?.();
    }
  };
  for (const side of sides) await checked(side, { seconds: warmUpSeconds });

  return throughputThenLatency({
    name: row.name,
    runs,
    sides,
    say,
    drive: (side, rate) => {
      if (rate === undefined) return checked(side, { seconds });
      const logFile = join(directory, 'log');
      // h2load appends.
      rmSync(logFile, { force: true });
      return checked(side, { seconds, rate, logFile });
    },
  });
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
  const answerBefore = await wholeAnswerBytes(leader, row);
  const before = await revisionOf(side);
  const { path, connections } = row;
  const inFlight = load.rate === undefined ? row.inFlight : inFlightAtRate(row);
  const result = await runH2load(scope, { endpoint: leader.endpoint, path, bodyFile, connections, inFlight, ...load });
  const open = connections * inFlight;
  const risen = (await revisionOf(side)) - before;
  const [least, most] = row.writes ? [result.answered, result.answered + open] : [0, 0];
  if (risen < least || risen > most)
    throw new Error(`${result.answered} answers, but the revision rose by ${risen} (${least} to ${most} were right)`);
  const answerAfter = await wholeAnswerBytes(leader, row);
  const { answered, dataBytes } = result;
  if (dataBytes < answered * answerBefore || dataBytes > (answered + open) * answerAfter)
    throw new Error(
      `${answered} answers of ${answerBefore} to ${answerAfter} bytes cannot make ${dataBytes} bytes: some were errors`,
    );
  return result;
}

/** Makes the call once, as the generator does, with its status checked. */
async function wholeAnswerBytes({ endpoint }: Leader, { path, frame }: UnaryRow): Promise<number> {
  const connection = await connectLean(endpoint);
  try {
    const answer = await callLean(connection, path, frame);
    const grpcHead = 5;
    return answer.length + grpcHead;
  } finally {
    connection.close();
  }
}
