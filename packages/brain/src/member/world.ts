/** Everything that a member touches and does not own: a simulator has another of each. */
import type { Clock, Logger, Randomness } from '@flotilla/base';
import type { Raft, RaftOptions } from '@flotilla/raft';
import type { OpenDatabase, StateDirectory } from '@flotilla/store';
import type { Files } from '../log/files.ts';
import type { BrainMetrics } from '../metrics.ts';
import type { PeerReceiver, PeerTransport } from '../transport/transport.ts';

/** The room on a disk. */
export interface DiskRoom {
  /** There is less than the state's database may need to finish what it has begun. */
  isLow(): boolean | Promise<boolean>;
}

/** How long what follows the log may stay behind it, milliseconds. */
export interface Lag {
  readonly witnessMs: number;
  readonly stateMs: number;
  /** News of commits for the other members. */
  readonly newsMs: number;
}

/** The world outside, as far as a member touches it. */
export interface MemberWorld {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly logger: Logger;
  readonly files: Files;
  /** LevelDB unless told. */
  readonly openDatabase?: OpenDatabase;
  /** The machine's own folder of the state unless told. */
  readonly openStateDirectory?: (path: string) => StateDirectory;
  /** A segment of the log is followed by a new one at this size, bytes; 64 MiB unless told. */
  readonly segmentBytes?: number;
  /** What production has unless told. */
  readonly lag?: Lag;
  /** Raft's core unless told; who simulates looks over its shoulder. */
  readonly createRaft?: (options: RaftOptions) => Raft;
  /** Of the disk that the data directory is on; enough unless told. */
  readonly diskRoom?: DiskRoom;
  /** Runs `callback` at the end of this turn of the event loop. */
  readonly endOfTurn: (callback: () => void) => void;
  /** Runs `callback` as soon as what runs now has returned. */
  readonly soon: (callback: () => void) => void;
  readonly startTransport: (receiver: PeerReceiver) => PeerTransport;
  readonly metrics: BrainMetrics;
  /** Told once when the member can't go on. */
  readonly onFailure: (error: Error) => void;
}
