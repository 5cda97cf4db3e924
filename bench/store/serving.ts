/** When a member serves: it knows a leader, and a linearizable read through it is answered. */
import { setTimeout as delay } from 'node:timers/promises';
import { type LeanConnection, callLean, connectLean } from './lean-client.ts';
import { emptyFrame, hasLeader, paths, rangeFrame } from './messages.ts';

const askAgainMs = 5;
/** A hang is a finding: it must end by itself. */
const patienceMs = 120_000;

/** @throws Error when it does not serve in two minutes */
export async function untilServes(endpoint: string): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await serves(endpoint))) {
    if (performance.now() > deadline) throw new Error(`${endpoint} does not serve`);
    await delay(askAgainMs);
  }
}

async function serves(endpoint: string): Promise<boolean> {
  let connection: LeanConnection | undefined;
  try {
    connection = await connectLean(endpoint);
    // A read that begins without a leader is answered late: by a retry of the member, or by its time-out.
    if (!hasLeader(await callLean(connection, paths.status, emptyFrame()))) return false;
    await callLean(connection, paths.range, rangeFrame({ key: 'bench' }));
    return true;
  } catch {
    // It does not listen yet, or refuses: not yet.
    return false;
  } finally {
    connection?.close();
  }
}
