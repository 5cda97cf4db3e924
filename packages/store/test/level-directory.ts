/** Directories as LevelDB leaves them, with tables that are small but have several blocks; what is in them; damage. */
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { Level } from 'level';
import { codeOf, messageOf } from '@flotilla/base';
import { type Row, openDiskDatabase } from '@flotilla/store';

const encoding = { keyEncoding: 'utf8', valueEncoding: 'utf8' } as const;

/** Files in memory are as good, and thousands of syncs faster. */
export function memoryDirectory(t: Test): string {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'flotilla-level-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export type TestLevel = Level & { compactRange(start: string, end: string): Promise<void> };

export async function openLevel(
  directory: string,
  { compression }: { readonly compression: boolean },
): Promise<TestLevel> {
  const level = new Level(directory, { ...encoding, compression, blockSize: 256 });
  await level.open();
  return level as TestLevel;
}

/** Everything that is in LevelDB's log becomes tables. */
export function compactAll(level: TestLevel): Promise<void> {
  return level.compactRange('', '~');
}

/** The rows of a directory as text, or with which code and words it is refused. */
type Opening = readonly string[] | { readonly code: string | undefined; readonly message: string };

export async function openingOf(directory: string): Promise<Opening> {
  try {
    const database = await openDiskDatabase({ directory, createIfMissing: false, syncs: false });
    const snapshot = database.snapshot();
    const rows: string[] = [];
    try {
      for await (const row of snapshot.rows()) rows.push(textOf(row));
    } finally {
      await snapshot.close();
      await database.close();
    }
    return rows;
  } catch (error) {
    return { code: codeOf(error), message: messageOf(error) };
  }
}

/** Whether it was refused with these words and the way out. */
export function isRefusal(found: Opening, words: string): boolean {
  if (!('code' in found)) return false;
  return found.code === 'STATE_DAMAGED' && found.message.includes(words) && /Replace this member/.test(found.message);
}

function textOf({ key, value }: Row): string {
  return `${Buffer.from(key).toString()}=${Buffer.from(value).toString()}`;
}

export function tablesIn(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.ldb'))
    .sort();
}

export function manifestIn(directory: string): string {
  return readFileSync(join(directory, 'CURRENT'), 'latin1').trim();
}

/** Opens a copy of `from` at `to` in which a file has other bytes, one after the other; a copy that was refused is used again. */
export function trialsOf(from: string, to: string) {
  let isAsItWas = false;
  return async ({ name, bytes }: FileChange): Promise<Opening> => {
    if (isAsItWas) writeFileSync(join(to, name), bytes);
    else copyWith(from, to, { name, bytes });
    const found = await openingOf(to);
    // Refused before LevelDB could change a file.
    isAsItWas = 'code' in found && found.message.includes('offset');
    if (isAsItWas) cpSync(join(from, name), join(to, name));
    return found;
  };
}

export interface FileChange {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A copy of `from` at `to` in which a file has other bytes. */
export function copyWith(from: string, to: string, change: FileChange): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
  writeFileSync(join(to, change.name), change.bytes);
}

export function flipped(bytes: Uint8Array, offset: number, mask: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[offset] = (copy[offset] ?? 0) ^ mask;
  return copy;
}
