/** What happened, line by line: the last lines to read, and a hash over all of them to compare runs by. */
import { crc32 } from 'node:zlib';
import type { Scheduler } from './scheduler.ts';

const keptLines = 400;

export class Trace {
  readonly #scheduler: Scheduler;
  readonly #keepsAll: boolean;
  readonly #lines: string[] = [];
  #hash = 0;
  #count = 0;

  constructor(scheduler: Scheduler, options: { readonly keepsAll: boolean }) {
    this.#scheduler = scheduler;
    this.#keepsAll = options.keepsAll;
  }

  note(who: string, what: string): void {
    const line = `${this.#scheduler.nowMs.toFixed(3).padStart(10)} ${who.padEnd(4)} ${what}`;
    this.#hash = crc32(line, this.#hash);
    this.#count++;
    this.#lines.push(line);
    if (!this.#keepsAll && this.#lines.length >= 2 * keptLines) this.#lines.splice(0, keptLines);
  }

  /** Equal for runs in which the same happened at the same times. */
  get hash(): string {
    return `${this.#hash.toString(16).padStart(8, '0')}-${this.#count}`;
  }

  get lines(): readonly string[] {
    return this.#keepsAll ? this.#lines : this.#lines.slice(-keptLines);
  }
}
