/** A small file system for one member's directory, where root allows: it can be filled to the last byte, and emptied again. */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';

export interface SmallDisk {
  fill(): Promise<void>;
  /** In one go: nobody in this process comes between. */
  fillAtOnce(): void;
  empty(): void;
  /** Everything on it is gone. */
  unmount(): void;
}

/** Room for a member's log and state, and little more. */
const usualMegabytes = 96;

/** Undefined where this user may not mount. */
export function mountSmallDisk(directory: string, megabytes = usualMegabytes): SmallDisk | undefined {
  if (process.getuid?.() !== 0) return undefined;
  mkdirSync(directory, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'flotilla-chaos', directory]);
  if (mounted.status !== 0) return undefined;
  const ballast = join(directory, 'ballast');
  return {
    fill: () => fill(ballast),
    fillAtOnce: () => fillAtOnce(ballast),
    empty: () => rmSync(ballast, { force: true }),
    unmount: () => void (existsSync(directory) && spawnSync('umount', ['-l', directory])),
  };
}

async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const size of pieceSizes()) await writeUntilFull(file, Buffer.alloc(size));
  } finally {
    await file.close();
  }
}

function fillAtOnce(path: string): void {
  const descriptor = openSync(path, 'w');
  try {
    for (const size of pieceSizes()) writeUntilFullAtOnce(descriptor, Buffer.alloc(size));
  } finally {
    closeSync(descriptor);
  }
}

/** Bytes of the writes, until the smallest finds no room. */
function* pieceSizes(): Generator<number> {
  for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 16)) yield size;
}

async function writeUntilFull(file: FileHandle, bytes: Uint8Array): Promise<void> {
  try {
    for (;;) await file.write(bytes);
  } catch (error) {
    refuseUnlessFull(error);
  }
}

function writeUntilFullAtOnce(descriptor: number, bytes: Uint8Array): void {
  try {
    for (;;) writeSync(descriptor, bytes);
  } catch (error) {
    refuseUnlessFull(error);
  }
}

function refuseUnlessFull(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
}
