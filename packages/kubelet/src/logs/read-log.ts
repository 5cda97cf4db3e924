/**
 * Serves a container's log as `kubectl logs` asks for it: the tail, since a time, with times, up to a size, and following what is
 * added (over rotations) until the container ends.
 */
import { open, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { codeOf, type Clock } from '@flotilla/base';
import { parseEntry, type LogEntry } from './cri-log.ts';
import { watchDirectory } from './watch-directory.ts';

export interface LogRequest {
  readonly follow: boolean;
  /** Lines from the end; undefined for all. */
  readonly tailLines: number | undefined;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number | undefined;
  readonly timestamps: boolean;
  readonly limitBytes: number | undefined;
}

export interface LogSource {
  readonly path: string;
  /** Whether more may come. */
  running(): boolean | Promise<boolean>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const blockBytes = 64 * 1024;
const newline = 0x0a;
/** Without notices of the file system the file is looked at this often. */
const pollMs = 500;

export async function* readLog(source: LogSource, request: LogRequest): AsyncGenerator<Buffer> {
  let remainingBytes = request.limitBytes ?? Infinity;
  for await (const lines of batches(source, request)) {
    const chunk = Buffer.concat(lines.flatMap((line) => render(parseEntry(line), request)));
    if (chunk.length === 0) continue;
    yield chunk.subarray(0, Math.min(chunk.length, remainingBytes));
    remainingBytes -= chunk.length;
    if (remainingBytes <= 0) return;
  }
}

function render(entry: LogEntry | undefined, { sinceMs, timestamps }: LogRequest): Buffer[] {
  if (!entry || (sinceMs !== undefined && entry.timeMs < sinceMs)) return [];
  const parts = timestamps ? [Buffer.from(`${entry.time} `), entry.text] : [entry.text];
  if (entry.full) parts.push(Buffer.from('\n'));
  return parts;
}

/** The log's lines without newlines, a batch for each read. */
async function* batches(source: LogSource, { follow, tailLines }: LogRequest): AsyncGenerator<Buffer[]> {
  const { path, signal } = source;
  let file = await openIfThere(path);
  if (!file && !follow) return;
  const changes = follow ? watchFile(source) : undefined;
  try {
    let position = file && tailLines !== undefined ? await tailStart(file, tailLines) : 0;
    let rest = Buffer.alloc(0);
    while (!signal.aborted) {
      // Asked before the read: what a container wrote before its end is then in this read or an earlier one.
      const mayGrow = follow && (await source.running());
      const replacement = follow ? await openReplacement(path, file) : undefined;
      // Nothing is added to a file that was replaced: what this read does not find is in the next file.
      const block = file ? await readBlock(file, position) : Buffer.alloc(0);
      if (block.length > 0) {
        await replacement?.close();
        position += block.length;
        const { lines, remainder } = splitLines(Buffer.concat([rest, block]));
        rest = Buffer.from(remainder);
        yield lines;
        continue;
      }
      if (replacement) {
        await file?.close();
        file = replacement;
        position = 0;
        continue;
      }
      if (!mayGrow) return;
      await changes?.next();
    }
  } finally {
    changes?.close();
    await file?.close();
  }
}

async function readBlock(file: FileHandle, position: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes, position);
  return buffer.subarray(0, bytesRead);
}

function splitLines(bytes: Buffer): { readonly lines: Buffer[]; readonly remainder: Buffer } {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return { lines, remainder: bytes.subarray(start) };
}

/** Where the last `count` lines begin. */
async function tailStart(file: FileHandle, count: number): Promise<number> {
  const { size } = await file.stat();
  let found = 0;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - blockBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    for (let i = bytesRead - 1; i >= 0; i--) {
      if (buffer[i] !== newline) continue;
      if (found === count) return start + i + 1;
      found++;
    }
    end = start;
  }
  return found <= count && count > 0 ? 0 : size;
}

/** The file that now has the path, if it is another one than `current`. */
async function openReplacement(path: string, current: FileHandle | undefined): Promise<FileHandle | undefined> {
  try {
    const { ino } = await stat(path);
    if (current && (await current.stat()).ino === ino) return undefined;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return undefined;
  }
  return openIfThere(path);
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

interface Changes {
  /** Resolves at the next change, after a while at the latest, or when the signal is aborted. */
  next(): Promise<void>;
  close(): void;
}

function watchFile({ path, clock, signal }: LogSource): Changes {
  let changed = false;
  let wake: (() => void) | undefined;
  const notice = (): void => {
    changed = true;
    wake?.();
  };
  const name = basename(path);
  const watcher = watchDirectory(dirname(path), (file) => {
    if (file === null || file === name) notice();
  });
  signal.addEventListener('abort', notice, { once: true });
  return {
    async next() {
      if (!changed && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = clock.after(pollMs, resolve);
          wake = () => {
            timer.cancel();
            resolve();
          };
        });
      }
      changed = false;
    },
    close() {
      watcher.close();
      signal.removeEventListener('abort', notice);
    },
  };
}
