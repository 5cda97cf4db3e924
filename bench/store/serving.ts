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
  const asker = new Asker(endpoint);
  try {
    while (!(await asker.isServed())) {
      if (performance.now() > deadline) throw new Error(`${endpoint} does not serve`);
      await delay(askAgainMs);
    }
  } finally {
    asker.close();
  }
}

/** On one connection as long as it lasts: to take one after the other would be work for a member that is starting. */
class Asker {
  readonly #endpoint: string;
  #connection: LeanConnection | undefined;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  async isServed(): Promise<boolean> {
    try {
      this.#connection ??= await connectLean(this.#endpoint);
      // A read that begins without a leader is answered late: by a retry of the member, or by its time-out.
      if (!hasLeader(await callLean(this.#connection, paths.status, emptyFrame()))) return false;
      await callLean(this.#connection, paths.range, rangeFrame({ key: 'bench' }));
      return true;
    } catch {
      // It does not listen yet, or refuses: not yet.
      this.close();
      return false;
    }
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}
