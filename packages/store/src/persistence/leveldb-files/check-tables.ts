/**
 * Reads every live table of a LevelDB that nobody has opened yet, and refuses the whole when a block is not as it was written.
 * LevelDB itself reads blocks without looking at their checksums, and the binary that npm brings ends the process when what it
 * reads makes no sense; its wrapper can change neither.
 *
 * LevelDB does check its manifest and its logs. The manifest is read here because it says which tables are live: what it does not
 * name may be half written, and LevelDB removes it.
 */
import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { codeOf } from '@flotilla/base';
import { stateDamaged, stateLocked } from '../rows.ts';
import { loadCodecs } from './codecs.ts';
import type { LevelFile } from './level-file.ts';
import { liveTables } from './manifest.ts';
import { checkBlocks } from './table-blocks.ts';
import { readTables, unreadable } from './table-reader.ts';

/** Bytes of blocks that are checked in one turn, unless a single block is longer: some two milliseconds. */
const turnBytes = 1024 * 1024;

/**
 * Does nothing where there is no database yet.
 * @throws OperatingError `STATE_DAMAGED` with the file and the place in it, `STATE_LOCKED` when another process is seen to write.
 */
export async function checkTables(directory: string): Promise<void> {
  const current = readCurrent(directory);
  if (current === undefined) return;
  const path = join(directory, manifestNameIn(directory, current));
  let manifest: Buffer | undefined;
  try {
    manifest = await readWhole(path);
    const codecs = await loadCodecs();
    const tables = liveTables({ path, bytes: manifest, codecs });
    for await (const table of readTables(directory, tables)) await checkInTurns({ ...table, codecs });
  } catch (error) {
    // Who has the database open removes tables and manifests, but says so first, in the manifest or in CURRENT.
    const isAtRest = readCurrent(directory) === current && (!manifest || (await sizeOf(path)) === manifest.length);
    throw isAtRest ? error : stateLocked(directory, error);
  }
}

async function checkInTurns(table: LevelFile): Promise<void> {
  let checked = 0;
  for (const length of checkBlocks(table)) {
    checked += length;
    if (checked < turnBytes) continue;
    checked = 0;
    await nextTurn();
  }
}

/** The name of the manifest and a line's end. */
function readCurrent(directory: string): string | undefined {
  const path = join(directory, 'CURRENT');
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
}

function manifestNameIn(directory: string, current: string): string {
  const name = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  if (name === undefined) throw stateDamaged(`${join(directory, 'CURRENT')} cannot be read (it names no manifest)`);
  return name;
}

async function readWhole(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
