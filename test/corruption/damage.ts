/** What can happen to a file while nobody looks: a flipped bit, an end that is gone, the whole file gone. */
import { readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Damage {
  /** `flip 4097`, `truncate 100`, `delete` */
  readonly name: string;
  readonly apply: (path: string) => Promise<void>;
}

/** Paths of all files under a directory, relative to it. */
export async function filesUnder(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return paths.map((path) => path.slice(directory.length + 1)).sort();
}

/**
 * Damages of a file of `size` bytes: at places where formats have their seams, and at `more` others.
 * @param random in [0, 1)
 */
export function damagesOf(
  size: number,
  { random, more, contentEnd }: { readonly random: () => number; readonly more: number; readonly contentEnd: number },
): readonly Damage[] {
  const seams = [0, 9, 33, 79, 4096, 4104, 8192, 12_288, 12_296, contentEnd - 1, contentEnd - 9, size - 1];
  const drawn = Array.from({ length: more }, () => Math.floor(random() * contentEnd));
  const offsets = [...new Set([...seams, ...drawn])].filter((offset) => offset >= 0 && offset < size);
  const lengths = [...new Set([0, 1, 12_288, contentEnd - 1, contentEnd - 60, ...drawn.slice(0, more / 2)])].filter(
    (length) => length >= 0 && length < size,
  );
  return [...offsets.map((offset) => flip(offset, 1 << Math.floor(8 * random()))), ...lengths.map(cut), deletion];
}

export const deletion: Damage = { name: 'delete', apply: (path) => rm(path) };

export function cut(length: number): Damage {
  return { name: `truncate ${length}`, apply: (path) => truncate(path, length) };
}

/** @param mask the bits of the byte that change. */
export function flip(offset: number, mask: number): Damage {
  return {
    name: `flip ${offset} ^ ${mask}`,
    async apply(path) {
      const content = await readFile(path);
      content[offset] = (content[offset] ?? 0) ^ mask;
      await writeFile(path, content);
    },
  };
}

/**
 * Of a table of LevelDB's that begins with a short key: its length becomes one that LevelDB, which adds eight bytes to each key, never
 * writes, and at which it ends the process. A first key shares nothing with one before; in front of it are, of a compressed block,
 * its length and how the block goes on.
 */
export function shortKeysOf(table: Uint8Array): readonly Damage[] {
  const at = table.subarray(0, 8).findIndex((byte, i) => byte === 0 && table[i + 1]! >= 8 && table[i + 1]! < 16);
  return at === -1 ? [] : [flip(at + 1, 8)];
}

/** Behind the last byte that is not zero. */
export function contentEndOf(content: Uint8Array): number {
  let end = content.length;
  while (end > 0 && content[end - 1] === 0) end--;
  return end;
}
