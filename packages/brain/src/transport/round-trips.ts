/**
 * Measures how long the way to each other member takes, there and back: for the metric that dashboards show. By a ping on the stream
 * to it, which costs next to nothing; a call would take milliseconds of each member's time, during which writes wait.
 */
import type { Clock } from '@flotilla/base';
import type { NodeId } from '@flotilla/raft';

/** Servers count pings that come sooner than 5 s after each other. */
const periodMs = 6_000;

export interface RoundTripsOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Those that can be reached now. */
  readonly connected: () => readonly NodeId[];
  readonly ping: (to: NodeId, onAnswer: () => void) => void;
  readonly onRoundTrip: (to: NodeId, seconds: number) => void;
}

/** Goes on until the signal is aborted. Whoever can't be reached is reported by the link to it. */
export function measureRoundTrips({ clock, signal, connected, ping, onRoundTrip }: RoundTripsOptions): void {
  const measure = (to: NodeId): void => {
    const beganMs = clock.monotonicMs();
    ping(to, () => onRoundTrip(to, (clock.monotonicMs() - beganMs) / 1000));
  };
  const timer = clock.every(periodMs, () => connected().forEach(measure), { unref: true });
  signal.addEventListener('abort', () => timer.cancel(), { once: true });
}
