/** What all machines of a run share. */
import type { BrainMetrics } from '@flotilla/brain';
import type { Transition } from '@flotilla/raft';
import type { DurableLogs } from '../checks/durable-logs.ts';
import type { Ledger } from '../checks/ledger.ts';
import type { RaftChecks } from '../checks/raft-checks.ts';
import type { Verdict } from '../checks/verdict.ts';
import type { PeerPorts } from '../network/peers.ts';
import type { Marks } from '../world/marks.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { Trace } from '../world/trace.ts';
import type { RaftLimits } from './plan.ts';

export interface Surroundings {
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly marks: Marks;
  readonly verdict: Verdict;
  readonly ledger: Ledger;
  readonly checks: RaftChecks;
  readonly durable: DurableLogs;
  readonly ports: PeerPorts;
  readonly metrics: BrainMetrics;
  readonly turnMs: number;
  readonly drift: number;
  readonly segmentBytes: number;
  readonly writesOnTheSpot: boolean;
  readonly raftLimits: RaftLimits;
  readonly transition: Transition;
  /** Index → hash of the state there, from whoever came first. */
  readonly stateHashes: Map<number, number>;
}
