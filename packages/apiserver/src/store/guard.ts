/**
 * A condition that a write's transaction carries beside the version of the object itself: that a fence holds, that the
 * namespace is alive, that an address is free. When the transaction fails, the guard reads from the failure branch
 * whether it was the reason.
 */
import type { Compare, KeyValue, RangeRequest } from '@flotilla/etcd-client';

/** What became of a guard in a failed transaction. */
export type Verdict =
  /** It held: something else failed. */
  | 'held'
  /** It failed on outdated knowledge, which it has dropped: compute the write anew. */
  | 'retry';

export interface Guard {
  readonly compares: readonly Compare[];
  /** Reads for the failure branch; their answers go to `verdict` in the same order. */
  readonly probes: readonly RangeRequest[];
  /** @throws ApiError when the guard is the reason that the write must not happen. */
  verdict(found: readonly (readonly KeyValue[])[]): Verdict;
}
