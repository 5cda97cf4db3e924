/** What a store is for those who use it; `state-machine.ts` is the one that there is. */
import type { etcdserverpb } from '@flotilla/wire';
import type { Alarm } from './alarms.ts';
import type { AuthView, Caller } from './auth/auth-state.ts';
import type { EntryType } from './entry.ts';
import type { LeaseView } from './leases/lease-table.ts';
import type { MembershipView } from './membership.ts';
import type { CompactionObserver } from './mvcc/keyspace.ts';
import type { OperationCounts } from './mvcc/operation-counts.ts';
import type { SliceLimits, SlicedRange } from './mvcc/sliced-range.ts';
import type { Outcome } from './outcome.ts';

/** A committed log entry. Data of length 0 is raft's no-op. */
export interface CommittedEntry {
  readonly index: number;
  readonly term: number;
  readonly data: Uint8Array;
}

export type RangeResponse = etcdserverpb.RangeResponse.$Properties;
export type TxnResponse = etcdserverpb.TxnResponse.$Properties;

/** The response of an entry, by the entry's type. */
export type EntryResponse =
  | etcdserverpb.PutResponse.$Properties
  | etcdserverpb.DeleteRangeResponse.$Properties
  | etcdserverpb.TxnResponse.$Properties
  | etcdserverpb.CompactionResponse.$Properties
  | etcdserverpb.LeaseGrantResponse.$Properties
  | etcdserverpb.LeaseRevokeResponse.$Properties
  | etcdserverpb.AlarmResponse.$Properties
  | etcdserverpb.AuthenticateResponse.$Properties;

/** What became of one entry; `isFrom` tells whose it was. A no-op has type `noop` and request id 0. */
export interface Applied {
  readonly type: EntryType | 'noop';
  readonly requestId: number;
  readonly outcome: Outcome<EntryResponse>;
}

/** The active alarms. */
export interface AlarmView {
  /** Those of a type, or all. */
  list(type?: etcdserverpb.AlarmType): readonly Alarm[];
}

export interface Store {
  /** The revision of the last change; 1 in an empty store. */
  readonly revision: number;
  /** The newest revision that a compaction named; -1 before the first, as etcd reports it. */
  readonly compactRevision: number;
  /** Index of the last applied entry; 0 in an empty store. */
  readonly appliedIndex: number;
  readonly appliedTerm: number;
  readonly leases: LeaseView;
  readonly membership: MembershipView;
  readonly alarms: AlarmView;
  readonly auth: AuthView;
  /** Since the state was opened. */
  readonly counts: Readonly<OperationCounts>;
  /** Of the keys that live now. */
  readonly keyCount: number;
  /** Tells `observer` of compactions from now on; one at a time. */
  observeCompactions(observer: CompactionObserver): void;
  /**
   * Applies committed entries in order; the first must follow the last applied one. Watch events of the whole
   * call leave before it returns.
   * @throws OperatingError `UNKNOWN_ENTRY` for an entry of a newer version: the member must stop.
   */
  apply(entries: readonly CommittedEntry[]): readonly Applied[];
  /**
   * Applies a committed conf change in its place in the order.
   * @param entry its data is the entry that the conf change carries; of length 0 where raft made the change by itself.
   * @param settle is told whether the state accepts the change, and gives the configuration that holds from this entry on:
   *   both are written in one step.
   * @throws OperatingError `UNKNOWN_ENTRY` as `apply`.
   */
  applyConfChange(entry: CommittedEntry, settle: (isAccepted: boolean) => Uint8Array): Applied;
  /**
   * Answers from local state: whoever calls this has done what linearizability asks for.
   * @param caller who asks; while authentication is off it makes no difference
   */
  range(request: etcdserverpb.RangeRequest.$Properties, caller?: Caller): Outcome<RangeResponse>;
  /**
   * As {@link range}, answered with the bytes of the whole `RangeResponse`.
   * @param headerOf makes the bytes of its header; asked at most once.
   */
  encodedRange(
    request: etcdserverpb.RangeRequest.$Properties,
    headerOf: (revision: number) => Uint8Array,
    caller?: Caller,
  ): Outcome<Uint8Array>;
  /**
   * As {@link encodedRange}, a slice at a time: each step reads some of it, and entries may be applied between two steps. The
   * answer is as of one revision, the newest of the first step unless the request names another; only a compaction beyond
   * that makes it a later one.
   * @param limits what a step reads at most; some two milliseconds' worth unless told
   */
  slicedRange(
    request: etcdserverpb.RangeRequest.$Properties,
    headerOf: (revision: number) => Uint8Array,
    options?: { readonly caller?: Caller | undefined; readonly limits?: SliceLimits },
  ): SlicedRange;
  /** As {@link range}, for a txn that `isReadOnlyTxn`. */
  readOnlyTxn(request: etcdserverpb.TxnRequest.$Properties, caller?: Caller): Outcome<TxnResponse>;
}
