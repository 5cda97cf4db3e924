/** A small file system for one member's directory, where root allows: it can be filled to the last byte, and emptied again. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';

export interface SmallDisk {
  fill(): Promise<void>;
  empty(): void;
  /** Everything on it is gone. */
  unmount(): void;
}

/** Room for a member's log and state, and little more. */
const megabytes = 96;

/** Undefined where this user may not mount. */
export function mountSmallDisk(directory: string): SmallDisk | undefined {
  if (process.getuid?.() !== 0) return undefined;
  mkdirSync(directory, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'flotilla-chaos', directory]);
  if (mounted.status !== 0) return undefined;
  const ballast = join(directory, 'ballast');
  return {
    fill: () => fill(ballast),
    empty: () => rmSync(ballast, { force: true }),
    unmount: () => void (existsSync(directory) && spawnSync('umount', ['-l', directory])),
  };
}

async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 16))
      await writeUntilFull(file, Buffer.alloc(size));
  } finally {
    await file.close();
  }
}

async function writeUntilFull(file: FileHandle, bytes: Uint8Array): Promise<void> {
  try {
    for (;;) await file.write(bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
