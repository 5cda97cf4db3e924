/**
 * What a few files hold together, read again when one of them has changed. Looked at when it is needed, by whoever begins a
 * connection: no timer, no watcher.
 *
 * Invariant: `current` is always whole. While files are being replaced, or are no good, the last good content stays, and the
 * reason is logged once for each state of the files.
 */
import { readFileSync, statSync } from 'node:fs';
import { type Logger, OperatingError, messageOf } from '@flotilla/base';

export interface RenewedFilesOptions<T> {
  readonly files: readonly string[];
  /** Makes something of the files' bytes, in their order; what it throws says that they are no good. */
  readonly parse: (contents: readonly Buffer[]) => T;
  readonly logger: Logger;
}

export class RenewedFiles<T> {
  readonly #options: RenewedFilesOptions<T>;
  /** Of the files when they were last read. */
  #stamp: string;
  #content: T;

  /** @throws OperatingError `TLS_FILES` for files that are missing or no good. */
  constructor(options: RenewedFilesOptions<T>) {
    this.#options = options;
    this.#stamp = this.#look();
    try {
      this.#content = this.#read();
    } catch (error) {
      throw new OperatingError('TLS_FILES', `${options.files.join(', ')}: ${messageOf(error)}`, { cause: error });
    }
  }

  get current(): T {
    const stamp = this.#look();
    if (stamp === this.#stamp) return this.#content;
    // From before the reading: what changes meanwhile is found by the next look.
    this.#stamp = stamp;
    const { files, logger } = this.#options;
    try {
      this.#content = this.#read();
      logger.info('certificate files were read again', { files });
    } catch (error) {
      logger.warn('changed certificate files are no good: the old ones stay', { files, reason: messageOf(error) });
    }
    return this.#content;
  }

  /** Differs whenever a file was written, replaced or removed. */
  #look(): string {
    return this.#options.files.map(stampOf).join();
  }

  #read(): T {
    return this.#options.parse(this.#options.files.map((file) => readFileSync(file)));
  }
}

function stampOf(file: string): string {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats ? `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}` : 'none';
}
