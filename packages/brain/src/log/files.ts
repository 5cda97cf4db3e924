/**
 * The files of the log and the witness, as an interface: what has returned is durable, and of what has not, any part may be.
 * The machine's own files are in `system-files.ts`; a simulator tears its own byte by byte.
 */

/** Bytes, and where they go in the file. They must not change until the write has returned. */
export interface FileWrite {
  readonly position: number;
  readonly bytes: Uint8Array;
  /** How often they are written, one behind the other; once unless told. */
  readonly times?: number;
}

/** An open file. Positions are explicit; there is no file offset. */
export interface OpenFile {
  /**
   * Does all writes in their order, then makes content and size of the file durable (fdatasync), whoever wrote them: without
   * writes it is just the sync.
   * @throws with the code `ENOSPC` or `EDQUOT` only when there was no room for a write and no sync was tried: all of it can be done
   *   again. After any other failure nobody knows what the file holds.
   */
  write(writes: readonly FileWrite[]): Promise<void>;
  /**
   * As `write`, but the caller is held up until it is durable. False, with nothing done, when that is not expected to be short.
   * Absent where it never is.
   */
  writeNow?(writes: readonly FileWrite[]): boolean;
  /** Cuts the file off at `size`, durably. */
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

export interface Files {
  /** Makes a directory and its parents; durable names are the caller's business. */
  makeDirectory(path: string): Promise<void>;
  /** Names in a directory; empty when there is no such directory. */
  list(path: string): Promise<readonly string[]>;
  /** The whole content, or undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** @throws when the file is missing (`existing`) or there already (`create`). */
  open(path: string, mode: 'create' | 'existing'): Promise<OpenFile>;
  /** Removes a file or a directory with all in it; no error when there is none. */
  remove(path: string): Promise<void>;
  /** Makes creations and removals in a directory durable. */
  syncDirectory(path: string): Promise<void>;
}
