/**
 * The seam to the ordered key-value database that holds the applied state. Its failure contract, which the code
 * above it must survive or refuse: unsynced batches may be lost from any point on; any run of batches, synced
 * ones too, may vanish without a word; reads may give wrong bytes; an empty database may be opened.
 */

export interface Row {
  /** Begins with a byte below 0xfe: a database has keys of its own from there on. */
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A change of one row; without a value it deletes. */
export interface RowChange {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** The rows as of one moment. */
export interface StateSnapshot {
  get(key: Uint8Array): Uint8Array | undefined;
  /** Every row, by key. */
  rows(): AsyncIterable<Row>;
  close(): Promise<void>;
}

/** Once it is closed, every call fails. */
export interface StateDatabase {
  /** Reads without awaiting. */
  get(key: Uint8Array): Uint8Array | undefined;
  /**
   * Applies all changes or none; later batches are later. `sync`: durable, with all earlier ones, when it resolves. The memory of
   * the changes is the caller's again then. @throws what `isNoRoom` knows when the disk has none: then the same may be tried again;
   * but once it was `STATE_SPENT`, every batch fails, and only reads go on, until the database is opened anew.
   */
  batch(changes: readonly RowChange[], options: { sync: boolean }): Promise<void>;
  snapshot(): StateSnapshot;
  /** Gives back what deleted and overwritten rows still take, while everything else goes on. */
  compact(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenDatabaseOptions {
  readonly directory: string;
  /** False: a database must be there. */
  readonly createIfMissing: boolean;
}

/** Of what is on a disk. */
export interface SyncOptions {
  /** False: nothing is made durable, whatever is promised otherwise: what the machine loses when it stops is lost. True unless told. */
  readonly syncs?: boolean;
}

export type OpenDatabase = (options: OpenDatabaseOptions) => Promise<StateDatabase>;
