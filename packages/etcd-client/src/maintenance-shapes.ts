/** What callers get from the maintenance and cluster calls. */
import type { CallLimits, ResponseHeader } from './kv-shapes.ts';

export interface MemberStatus {
  readonly header: ResponseHeader;
  readonly version: string;
  readonly dbSizeBytes: number;
  readonly dbSizeInUseBytes: number;
  /** Member id of the leader; 0n: none. */
  readonly leader: bigint;
  readonly raftIndex: number;
  readonly raftTerm: number;
  readonly raftAppliedIndex: number;
  readonly errors: readonly string[];
  readonly isLearner: boolean;
}

export interface Member {
  readonly id: bigint;
  /** Empty: never started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface Maintenance {
  /** Asks that one endpoint, and no other. @param endpoint one of the client's endpoints. */
  status(endpoint: string, limits?: CallLimits): Promise<MemberStatus>;
}

export interface Cluster {
  memberList(options?: CallLimits & { linearizable?: boolean }): Promise<readonly Member[]>;
}
