/**
 * Files in memory that remember what is durable: the twin of the machine's files for tests that cut, flip and lose bytes. A
 * tearing can be told of each write while it is under way, and leave any part of it.
 */
import { dirname } from 'node:path';
import type { Files, OpenFile } from '@flotilla/brain';

export type Image = ReadonlyMap<string, Uint8Array>;

export interface MemoryFiles extends Files {
  /** Everything as written. */
  image(): Map<string, Uint8Array>;
  /** Only what a returned sync covers; names are durable once their directory was synced. */
  durableImage(): Map<string, Uint8Array>;
}

/** A write, or a cut, that has not returned: what the file was and what it is becoming. */
export interface Change {
  readonly path: string;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

export interface MemoryFilesOptions {
  /** Told of each change while it is under way: nothing of it is durable yet. */
  readonly onChange?: (change: Change) => void | Promise<void>;
}

interface StoredFile {
  content: Buffer;
  durable: Buffer;
}

export function createMemoryFiles(start: Image = new Map(), options: MemoryFilesOptions = {}): MemoryFiles {
  const files = new Map<string, StoredFile>();
  const durableNames = new Map<string, StoredFile>();
  const directories = new Set<string>();
  for (const [path, bytes] of start) {
    const file = { content: Buffer.from(bytes), durable: Buffer.from(bytes) };
    files.set(path, file);
    durableNames.set(path, file);
    directories.add(dirname(path));
  }
  const absent = (path: string, code: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });

  return {
    makeDirectory(path) {
      directories.add(path);
      return Promise.resolve();
    },
    list(path) {
      const below = new Set<string>();
      for (const name of [...files.keys(), ...directories]) {
        if (name.startsWith(`${path}/`)) below.add(name.slice(path.length + 1).split('/')[0] ?? '');
      }
      return Promise.resolve([...below]);
    },
    read(path) {
      const file = files.get(path);
      return Promise.resolve(file && Uint8Array.from(file.content));
    },
    open(path, mode) {
      const there = files.get(path);
      if (mode === 'existing' && !there) return Promise.reject(absent(path, 'ENOENT'));
      if (mode === 'create' && there) return Promise.reject(absent(path, 'EEXIST'));
      const file = there ?? { content: Buffer.alloc(0), durable: Buffer.alloc(0) };
      files.set(path, file);
      return Promise.resolve(openFile(file, { path, ...options }));
    },
    remove(path) {
      for (const name of files.keys()) if (name === path || name.startsWith(`${path}/`)) files.delete(name);
      for (const name of directories) if (name === path || name.startsWith(`${path}/`)) directories.delete(name);
      return Promise.resolve();
    },
    syncDirectory(path) {
      for (const [name, file] of files) if (dirname(name) === path) durableNames.set(name, file);
      for (const name of durableNames.keys()) if (dirname(name) === path && !files.has(name)) durableNames.delete(name);
      return Promise.resolve();
    },
    image: () => new Map([...files].map(([name, file]) => [name, Uint8Array.from(file.content)])),
    durableImage: () => new Map([...durableNames].map(([name, file]) => [name, Uint8Array.from(file.durable)])),
  };
}

function openFile(file: StoredFile, { path, onChange }: MemoryFilesOptions & { readonly path: string }): OpenFile {
  const change = async (after: Buffer): Promise<void> => {
    const before = file.content;
    file.content = after;
    await onChange?.({ path, before, after });
    file.durable = Buffer.from(after);
  };
  return {
    write(writes) {
      const ends = writes.map(({ position, bytes, times = 1 }) => position + bytes.length * times);
      const after = Buffer.alloc(Math.max(file.content.length, ...ends));
      file.content.copy(after);
      for (const { position, bytes, times = 1 } of writes) {
        for (let i = 0; i < times; i++) after.set(bytes, position + i * bytes.length);
      }
      return change(after);
    },
    truncate: (size) => change(Buffer.from(file.content.subarray(0, size))),
    close: () => Promise.resolve(),
  };
}
