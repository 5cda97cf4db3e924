/** Everything that a member touches and does not own: a simulator has another of each. */
import type { Clock, Logger, Randomness } from '@flotilla/base';
import type { OpenDatabase } from '@flotilla/store';
import type { Files } from '../log/files.ts';
import type { BrainMetrics } from '../metrics.ts';
import type { PeerReceiver, PeerTransport } from '../transport/transport.ts';

/** The world outside, as far as a member touches it. */
export interface MemberWorld {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly logger: Logger;
  readonly files: Files;
  /** LevelDB unless told. */
  readonly openDatabase?: OpenDatabase;
  /** Runs `callback` at the end of this turn of the event loop. */
  readonly endOfTurn: (callback: () => void) => void;
  readonly startTransport: (receiver: PeerReceiver) => PeerTransport;
  readonly metrics: BrainMetrics;
  /** Told once when the member can't go on. */
  readonly onFailure: (error: Error) => void;
}
