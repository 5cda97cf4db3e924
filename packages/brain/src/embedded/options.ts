/**
 * What an embedded brain can be told, and what it is to its holder. These types name no other package, so that they are
 * whole in the published one.
 */

/** A value of one of etcd's flags. */
export type FlagValue = string | number | boolean | readonly string[];

export interface StartBrainOptions {
  /** How many members, all of them in this process; 1 unless told. */
  readonly members?: number;
  /**
   * Where the members keep their data, a directory each; the next start on it finds everything. In memory unless told: then
   * a write is acknowledged without any disk, and `close` leaves nothing.
   */
  readonly dataDir?: string;
  /**
   * etcd's flags for every member, by name and without dashes: `{ 'quota-backend-bytes': 1e8 }`. Name, directory, URLs and
   * the cluster are not among them: they are chosen here.
   */
  readonly flags?: Readonly<Record<string, FlagValue>>;
}

/** One member that runs in this process. */
export interface BrainMember {
  readonly name: string;
  /** Its client URL: on 127.0.0.1, at a port that the system chose. */
  readonly clientUrl: string;
  /** Whether it leads, as far as it knows. */
  readonly leads: boolean;
  /** Resolves when it was closed; rejects when it had to stop. */
  readonly stopped: Promise<void>;
  /** Stops this member in good order; the others go on. It does not come back. */
  close(): Promise<void>;
}

export interface Brain {
  readonly members: readonly BrainMember[];
  /** Of all members, as `etcdctl --endpoints` and every etcd client take them: `127.0.0.1:PORT`. */
  readonly endpoints: readonly string[];
  /** Stops all members in good order. Idempotent; no port, timer, file handle or thread is left. */
  close(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
