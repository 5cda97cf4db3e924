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
  readonly revision: number;
  readonly events: readonly SeenEvent[];
}

/** A watcher of everything, over all the streams that it needed. */
export interface WatchMemory {
  readonly name: string;
  readonly answers: SeenAnswer[];
  /** The first revision that it has not been told about. */
  next: number;
  /** Why it was cancelled, if it was: nothing is compacted, so nothing is a reason. */
  readonly cancellations: string[];
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
  readonly watches: WatchMemory[];
  readonly tenancies: Tenancy[];
  /** All leases that may have been granted: by name, when it was asked for. */
  readonly leases: Map<string, number>;
  /** When writes were acknowledged. */
  readonly acknowledgedMs: number[];
}

export function createMemory(): Memory {
  return { operations: [], localReads: [], watches: [], tenancies: [], leases: new Map(), acknowledgedMs: [] };
}
