/**
 * The seam between the elector and how a leader is found: `fenced-election.ts` over `flotilla.v1`, `plain-election.ts` over
 * Lease objects where there is nothing better.
 */
import type { Clock, Logger, Randomness } from '@flotilla/base';
import type { ApiClient } from './client.ts';
import type { Fence } from './transport.ts';

export interface ElectionOptions {
  readonly client: ApiClient;
  /** The election's name, and that of its Lease object in kube-system. */
  readonly name: string;
  /** Who campaigns; differs from process to process. */
  readonly identity: string;
  /** How long after a leader's death another may lead. */
  readonly ttlSeconds: number;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly logger: Logger;
}

/** Leadership that was won, and is renewed in the background until it is lost or released. */
export interface Leadership {
  /** Absent: nothing keeps a deposed leader from writing. */
  readonly fence: Fence | undefined;
  /** A store revision at which this candidate already led: nothing that an earlier leader wrote is younger. */
  readonly electedRevision: number;
  /** Resolves with the reason when the leadership is lost; never rejects. */
  readonly lost: Promise<string>;
  /** Stops renewing and lets another lead at once. Best effort; never rejects. */
  release(): Promise<void>;
}

export interface Election {
  /**
   * Resolves once this candidate leads; unreachable servers are tried again. Rejects when the signal is aborted, and with
   * `API_UNIMPLEMENTED` when the server knows no such election.
   */
  win(signal: AbortSignal): Promise<Leadership>;
}
