/**
 * A copy of a database's files that another LevelDB can have, beside the one that still has the files open. It takes next to no
 * room: tables, logs and value files are the same files under second names, for nobody changes what is in them any more. The
 * manifest is copied, because the LevelDB that is open appends to it as long as it compacts.
 *
 * LevelDB can be opened on its files as they are at any one moment. So they must be the same before and after they got their
 * second names.
 */
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, syncDirectory } from '@flotilla/base';

const attempts = 50;
const pauseMs = 20;

/** Of its own to each LevelDB: its lock, and what it says of itself. */
const keptBack = /^(LOCK|LOG|LOG\.old)$/;
const copied = /^(CURRENT|MANIFEST-\d+)$/;
/** Of a file system that has no second names. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/** Durably. False when the files kept changing: try again later. */
export async function copyAtRest(from: string, to: string): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    await rm(to, { recursive: true, force: true });
    if (await copyUnlessChanged(from, to)) return true;
    await sleep(pauseMs);
  }
  await rm(to, { recursive: true, force: true });
  return false;
}

async function copyUnlessChanged(from: string, to: string): Promise<boolean> {
  try {
    const before = await sizesOf(from);
    const folders = new Set<string>();
    for (const name of before.keys()) {
      const folder = dirname(join(to, name));
      if (!folders.has(folder)) await mkdir(folder, { recursive: true });
      folders.add(folder);
      await copyOne(join(from, name), join(to, name), copied.test(name));
    }
    for (const folder of folders) await syncDirectory(folder);
    const after = await sizesOf(from);
    return before.size === after.size && [...before].every(([name, size]) => after.get(name) === size);
  } catch (error) {
    // Something that was there has gone.
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function copyOne(from: string, to: string, mustCopy: boolean): Promise<void> {
  if (!mustCopy) {
    try {
      return await link(from, to);
    } catch (error) {
      if (!noLinks.has(codeOf(error) ?? '')) throw error;
    }
  }
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const file = await open(to, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Path of each file, from `directory` → its bytes. */
async function sizesOf(directory: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries) {
    if (keptBack.test(entry.name)) continue;
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) sizes.set(entry.name, (await stat(path)).size);
    else for (const [name, size] of await sizesOf(path)) sizes.set(join(entry.name, name), size);
  }
  return sizes;
}
