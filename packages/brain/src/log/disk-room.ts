/** How much room the disk of a directory has. */
import { statfs } from 'node:fs/promises';
import type { DiskRoom } from '../member/world.ts';

/** What the state's database may need at once, with the log beside it; of a small disk, a part. */
const reserveBytes = 64 * 1024 * 1024;
const reservePart = 1 / 16;

/** Room of the machine's own disks, asked for each time. Where none can be told there is enough. */
export function diskRoomOf(directory: string): DiskRoom {
  const ask = async (): Promise<boolean> => {
    const { bsize, blocks, bfree, bavail } = await statfs(directory);
    const free = bsize * (process.getuid?.() === 0 ? bfree : bavail);
    return free < Math.min(reserveBytes, bsize * blocks * reservePart);
  };
  return { isLow: () => ask().catch(() => false) };
}
