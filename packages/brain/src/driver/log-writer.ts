/**
 * Makes durable what raft asks for, one write at a time, and measures how long the disk has kept one waiting. A snapshot is
 * installed before the entries that follow it: announced in the log, made current, and the log restarted behind it.
 */
import { type Clock, assert } from '@flotilla/base';
import type { Ready, SnapshotMeta } from '@flotilla/raft';
import type { DurableLog } from '../log/durable-log.ts';

export interface LogWriterOptions {
  readonly log: DurableLog;
  readonly clock: Clock;
  /** Whether the member can be held up for the length of a short write. */
  readonly mayBlock: () => boolean;
  /** Makes a received snapshot the state. */
  readonly install: (snapshot: SnapshotMeta) => Promise<void>;
  readonly onSynced: (ready: Ready) => void;
  readonly onFailure: (error: unknown) => void;
}

export class LogWriter {
  readonly #options: LogWriterOptions;
  #beganMs: number | undefined;
  #current: Promise<void> = Promise.resolve();

  constructor(options: LogWriterOptions) {
    this.#options = options;
  }

  /** How long the write under way has taken so far, milliseconds; 0 when there is none. */
  get outstandingMs(): number {
    return this.#beganMs === undefined ? 0 : this.#options.clock.monotonicMs() - this.#beganMs;
  }

  get busy(): boolean {
    return this.#beganMs !== undefined;
  }

  /** @returns whether it is durable already, because the member was held up; otherwise `onSynced` tells when it is */
  write(ready: Ready): boolean {
    assert(this.#beganMs === undefined, 'raft asks for one write at a time');
    this.#beganMs = this.#options.clock.monotonicMs();
    const written = this.#write(ready);
    if (!written) {
      this.#beganMs = undefined;
      return true;
    }
    this.#current = written.then(
      () => {
        this.#beganMs = undefined;
        this.#options.onSynced(ready);
      },
      (error: unknown) => {
        this.#beganMs = undefined;
        this.#options.onFailure(error);
      },
    );
    return false;
  }

  /** Resolves when no write is under way. */
  idle(): Promise<void> {
    return this.#current;
  }

  #write({ snapshot, entries, hardState }: Ready): Promise<void> | undefined {
    if (snapshot) return this.#install(snapshot, { entries, hardState });
    if (entries.length === 0 && !hardState) return undefined;
    // One entry at a time comes from one client at a time: there is nothing else to do but to wait for the disk.
    const { log, mayBlock } = this.#options;
    const batch = { hardState, entries };
    return entries.length === 1 && mayBlock() ? log.appendNow(batch) : log.append(batch);
  }

  async #install(snapshot: SnapshotMeta, { entries, hardState }: Pick<Ready, 'entries' | 'hardState'>): Promise<void> {
    const { log, install } = this.#options;
    const at = { index: snapshot.index, term: snapshot.term };
    await log.append({ hardState, installing: at });
    await install(snapshot);
    await log.restart(at);
    if (entries.length > 0) await log.append({ entries });
  }
}
