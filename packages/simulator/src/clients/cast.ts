/** What all clients of a run share: the members they know, the ways to them, and where they say what they saw. */
import type { CommitPace } from '../checks/commit-pace.ts';
import type { Ledger } from '../checks/ledger.ts';
import type { Verdict } from '../checks/verdict.ts';
import type { EtcdInput, EtcdOutput } from '../linearizability/etcd-model.ts';
import type { Operation } from '../linearizability/history.ts';
import type { Network } from '../network/network.ts';
import type { Machine } from '../run/machine.ts';
import type { Plan } from '../run/plan.ts';
import type { Marks } from '../world/marks.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { Trace } from '../world/trace.ts';
import type { Calls } from './calls.ts';

export interface Cast {
  readonly plan: Plan;
  readonly machines: readonly Machine[];
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly calls: Calls;
  readonly ledger: Ledger;
  readonly pace: CommitPace;
  readonly verdict: Verdict;
  readonly marks: Marks;
  readonly trace: Trace;
  /** Every call that counts for linearizability. */
  readonly history: Operation<EtcdInput, EtcdOutput>[];
  /** Writes that have not come back: at the end of the run they count as of unknown outcome. */
  readonly underWay: Set<Operation<EtcdInput, EtcdOutput>>;
  /** Leases that clients may put keys under; one may have ended meanwhile. */
  readonly leases: string[];
  acknowledged: number;
  /** The highest revision that any client was told. */
  knownRevision: number;
  /** No new work is begun. */
  isOver: boolean;
}

/** Resolves after `delayMs` of the world's time. */
export function pass(scheduler: Scheduler, delayMs: number): Promise<void> {
  return new Promise((resolve) => void scheduler.after(delayMs, resolve));
}
