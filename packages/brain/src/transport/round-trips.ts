/** Measures how long a question to each other member takes, there and back: for the metric that dashboards show. */
import type { Clock } from '@flotilla/base';
import type { NodeId } from '@flotilla/raft';
import { encodeValue } from './frame.ts';

const periodMs = 5_000;
/** A member that is silent for so long is not waited for. */
const timeoutMs = 5_000;

/** What is asked; every member answers it at once. */
export const pingQuestion = encodeValue({ kind: 'ping' });

export interface RoundTripsOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Those that can be reached now. */
  readonly connected: () => readonly NodeId[];
  readonly ask: (to: NodeId, question: Uint8Array, signal: AbortSignal) => Promise<unknown>;
  readonly onRoundTrip: (to: NodeId, seconds: number) => void;
}

/** Goes on until the signal is aborted. */
export function measureRoundTrips(options: RoundTripsOptions): void {
  const { clock, signal, connected } = options;
  const timer = clock.every(
    periodMs,
    () => {
      for (const id of connected()) void measure(options, id);
    },
    { unref: true },
  );
  signal.addEventListener('abort', () => timer.cancel(), { once: true });
}

async function measure({ clock, signal, ask, onRoundTrip }: RoundTripsOptions, id: NodeId): Promise<void> {
  const beganMs = clock.monotonicMs();
  try {
    await ask(id, pingQuestion, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    onRoundTrip(id, (clock.monotonicMs() - beganMs) / 1000);
  } catch {
    // Whoever can't be reached is reported by the link to it.
  }
}
