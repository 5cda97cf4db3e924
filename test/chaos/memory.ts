/** What clients remember of a round, for the judge. */
import type { EtcdInput, EtcdOutput, KeyRow, Operation } from '@flotilla/simulator';

/** One change of one key, as a watch shows it. */
export interface SeenEvent {
  readonly key: string;
  /** Its mod revision is the event's. */
  readonly row: KeyRow;
  readonly deleted: boolean;
  readonly previous: KeyRow | undefined;
}

/** One answer of a watch. Without events: everything up to its revision has been shown. */
export interface SeenAnswer {
  readonly kind: 'shown';
  readonly revision: number;
  readonly events: readonly SeenEvent[];
  /** The newest revision that somebody had asked to compact when it came. */
  readonly compacted: number;
}

/** A watch that was told that what it waits for is compacted: it goes on at `to`. */
export interface Gap {
  readonly kind: 'gap';
  readonly from: number;
  readonly to: number;
  readonly compacted: number;
}

/** A watcher of everything, over all the streams that it needed. */
export interface WatchMemory {
  readonly name: string;
  /** The revision that it begins with. */
  readonly first: number;
  readonly answers: (SeenAnswer | Gap)[];
  /** The first revision that it has not been told about. */
  next: number;
  /** Why it was cancelled, if it was for another reason than a compaction. */
  readonly cancellations: string[];
  /** It went away while there was more to come. */
  isVisitor: boolean;
}

/** A serializable read at one member. */
export interface LocalRead {
  readonly client: number;
  readonly member: number;
  readonly run: number;
  readonly revision: number;
  readonly key: string;
  readonly end: string | undefined;
  readonly rows: readonly KeyRow[];
}

/** A read of an earlier revision, which may be compacted. */
export interface PastRead {
  readonly client: number;
  readonly revision: number;
  readonly key: string;
  readonly end: string | undefined;
  readonly rows: readonly KeyRow[] | 'compacted';
  /** The newest revision that somebody had asked to compact when it was answered. */
  readonly compacted: number;
}

/** A lease with a key: until when it was promised, and when the key was first known to be gone. */
export interface Tenancy {
  readonly lease: string;
  readonly key: string;
  promisedUntilMs: number;
  goneMs: number | undefined;
}

export interface Memory {
  readonly operations: Operation<EtcdInput, EtcdOutput>[];
  readonly localReads: LocalRead[];
  readonly pastReads: PastRead[];
  readonly watches: WatchMemory[];
  readonly tenancies: Tenancy[];
  /** All leases that may have been granted: by name, when it was asked for. */
  readonly leases: Map<string, number>;
  /** When writes were acknowledged. */
  readonly acknowledgedMs: number[];
  /** The newest revision that somebody has asked to compact. */
  compacted: number;
}

export function createMemory(): Memory {
  return {
    operations: [],
    localReads: [],
    pastReads: [],
    watches: [],
    tenancies: [],
    leases: new Map(),
    acknowledgedMs: [],
    compacted: 0,
  };
}

/** Everything before this revision has been shown to some watcher. */
export function shownBefore({ watches }: Memory): number {
  return Math.max(1, ...watches.map(({ next }) => next));
}
