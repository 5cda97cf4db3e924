/**
 * Turns what a container writes into its CRI log. The container writes straight into two files, so that it needs nobody: a kubelet
 * that dies neither blocks nor ends it, and the next one goes on where the record says.
 *
 * Each line gets into the log once: the record holds (how much of each raw file is in the log, length of the log), and whatever a
 * crash left in the log beyond that is cut. A raw file that is wholly in the log is emptied once it is large; a write in the
 * microseconds between the look and the cut would be lost (Linux offers Node nothing better), so this is done rarely.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { assert, codeOf, type Clock, type Logger, type Timer } from '@flotilla/base';
import { isRecord, readJson, writeJson } from '../../durable-file.ts';
import { watchDirectory, type DirectoryWatch } from '../../logs/watch-directory.ts';
import { formatEntries, logTime, type LogStream } from '../../logs/cri-log.ts';

export interface OutputLimits {
  /** A log that grew past this is renamed and a new one begun, bytes. */
  readonly logMaxBytes: number;
  /** Files a container keeps, the current one included. */
  readonly logMaxFiles: number;
  /** A raw file is emptied once it is this long, bytes. */
  readonly rawMaxBytes: number;
}

/** The kubelet's defaults: 10 MiB, 5 files. */
export const defaultOutputLimits: OutputLimits = { logMaxBytes: 10 << 20, logMaxFiles: 5, rawMaxBytes: 4 << 20 };

export interface OutputCollectorOptions {
  /** Holds the raw files `stdout` and `stderr`; the container has them open for appending. */
  readonly rawDirectory: string;
  readonly positionPath: string;
  readonly logPath: string;
  readonly limits: OutputLimits;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Position {
  stdout: number;
  stderr: number;
  log: number;
}

const streams: readonly LogStream[] = ['stdout', 'stderr'];
const chunkBytes = 256 * 1024;
/** File systems without change notices are looked at this often. */
const pollMs = 1000;

export class OutputCollector {
  readonly #options: OutputCollectorOptions;
  readonly #position: Position;
  readonly #log: { fd: number };
  readonly #chunk = Buffer.allocUnsafe(chunkBytes);
  readonly #watcher: DirectoryWatch;
  readonly #timer: Timer;
  #scheduled = false;
  #closed = false;
  /** The last look failed, and it was told. */
  #failing = false;

  /** Opens the log at what the record says and begins to collect. */
  constructor(options: OutputCollectorOptions) {
    this.#options = options;
    this.#position = readJson(options.positionPath, isPosition) ?? { stdout: 0, stderr: 0, log: 0 };
    mkdirSync(dirname(options.logPath), { recursive: true });
    if (existsSync(options.logPath)) truncateSync(options.logPath, this.#position.log);
    else this.#position.log = 0;
    this.#log = { fd: openSync(options.logPath, 'a', 0o640) };
    this.#watcher = watchDirectory(options.rawDirectory, () => this.#schedule());
    this.#timer = options.clock.every(pollMs, () => this.#collect({ ended: false }), { unref: true });
    this.#collect({ ended: false });
  }

  /** Collects the rest, unfinished lines included, when all writers have ended. */
  finish(): void {
    if (this.#closed) return;
    this.#collect({ ended: true });
    this.close();
  }

  /** Stops collecting; a later collector goes on from here. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watcher.close();
    this.#timer.cancel();
    closeSync(this.#log.fd);
  }

  /** A burst of notices makes one pass. */
  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#closed) this.#collect({ ended: false });
    });
  }

  /** A full disk must not end the kubelet: what could not be written is tried again at the next look. */
  #collect({ ended }: { readonly ended: boolean }): void {
    try {
      for (const stream of streams) this.#collectStream(stream, ended);
      this.#failing = false;
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
      if (!this.#failing)
        this.#options.logger.warn('a log cannot be written', { log: this.#options.logPath, err: error });
      this.#failing = true;
      // A part of an entry may have got into the log; the record does not count it.
      ftruncateSync(this.#log.fd, this.#position.log);
    }
  }

  #collectStream(stream: LogStream, ended: boolean): void {
    const path = join(this.#options.rawDirectory, stream);
    if (!existsSync(path)) return;
    const fd = openSync(path, 'r+');
    try {
      this.#drain(fd, { stream, ended });
    } finally {
      closeSync(fd);
    }
  }

  #drain(fd: number, { stream, ended }: { readonly stream: LogStream; readonly ended: boolean }): void {
    // A crash between emptying the file and recording it.
    if (fstatSync(fd).size < this.#position[stream]) this.#position[stream] = 0;
    // One pass reads at most what a log may hold, so that a chatty container cannot hold the kubelet in here.
    for (let passBytes = 0; ended || passBytes < this.#options.limits.logMaxBytes;) {
      const length = readSync(fd, this.#chunk, 0, chunkBytes, this.#position[stream]);
      if (length === 0) break;
      const last = length < chunkBytes;
      const { entries, consumedBytes } = formatEntries(this.#chunk.subarray(0, length), {
        stream,
        time: logTime(this.#options.clock.wallMs()),
        ended: ended && last,
      });
      assert(consumedBytes > 0 || last, 'a full chunk holds a piece of a line');
      if (consumedBytes === 0) break;
      this.#append(entries);
      this.#position[stream] += consumedBytes;
      this.#record();
      passBytes += consumedBytes;
      if (last) break;
    }
    this.#emptyWhenLarge(fd, stream);
  }

  #append(entries: Buffer): void {
    const { limits } = this.#options;
    if (this.#position.log > 0 && this.#position.log + entries.length > limits.logMaxBytes) this.#rotate();
    for (let written = 0; written < entries.length;) written += writeSync(this.#log.fd, entries, written);
    this.#position.log += entries.length;
  }

  #emptyWhenLarge(fd: number, stream: LogStream): void {
    const { size } = fstatSync(fd);
    if (size < this.#options.limits.rawMaxBytes || size !== this.#position[stream]) return;
    ftruncateSync(fd, 0);
    this.#position[stream] = 0;
    this.#record();
  }

  /** `0.log` becomes `0.log.20261120-230822.123`, as container log rotation names it; the oldest files go. */
  #rotate(): void {
    const { logPath, limits, clock } = this.#options;
    closeSync(this.#log.fd);
    const stamp = new Date(clock.wallMs()).toISOString().replaceAll(/[-:Z]/g, '').replace('T', '-');
    let rotated = `${logPath}.${stamp}`;
    for (let i = 1; existsSync(rotated); i++) rotated = `${logPath}.${stamp}-${i}`;
    renameSync(logPath, rotated);
    this.#log.fd = openSync(logPath, 'a', 0o640);
    this.#position.log = 0;
    const prefix = `${basename(logPath)}.`;
    const old = readdirSync(dirname(logPath))
      .filter((name) => name.startsWith(prefix))
      .sort();
    for (const name of old.slice(0, Math.max(0, old.length - (limits.logMaxFiles - 1)))) {
      rmSync(join(dirname(logPath), name));
    }
  }

  #record(): void {
    writeJson(this.#options.positionPath, this.#position);
  }
}

function isPosition(value: unknown): value is Position {
  return isRecord(value) && [...streams, 'log'].every((field) => Number.isSafeInteger(value[field]));
}
