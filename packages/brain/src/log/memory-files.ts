/**
 * Files in memory, for a member that needs none: a write is as durable as the object, and a `close` of the member leaves it
 * with whoever holds it.
 */
import type { Files, FileWrite, OpenFile } from './files.ts';

export function createMemoryFiles(): Files {
  const files = new Map<string, MemoryFile>();
  const directories = new Set<string>();
  const absent = (path: string, code: string): Error => Object.assign(new Error(`${code}: ${path}`), { code });
  const isBelow = (name: string, path: string): boolean => name === path || name.startsWith(`${path}/`);
  return {
    makeDirectory(path) {
      directories.add(path);
      return Promise.resolve();
    },
    list(path) {
      const names = [...files.keys(), ...directories].filter((name) => name.startsWith(`${path}/`));
      return Promise.resolve([...new Set(names.map((name) => name.slice(path.length + 1).split('/')[0] ?? ''))]);
    },
    read: (path) => Promise.resolve(files.get(path)?.content.slice()),
    open(path, mode) {
      const there = files.get(path);
      if (mode === 'existing' && !there) return Promise.reject(absent(path, 'ENOENT'));
      if (mode === 'create' && there) return Promise.reject(absent(path, 'EEXIST'));
      const file = there ?? new MemoryFile();
      files.set(path, file);
      return Promise.resolve(file);
    },
    remove(path) {
      for (const name of files.keys()) if (isBelow(name, path)) files.delete(name);
      for (const name of directories) if (isBelow(name, path)) directories.delete(name);
      return Promise.resolve();
    },
    syncDirectory: () => Promise.resolve(),
  };
}

/** Grows by doubling, so that appending costs what is appended. */
class MemoryFile implements OpenFile {
  #bytes = new Uint8Array(4096);
  #size = 0;

  get content(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  write(writes: readonly FileWrite[]): Promise<void> {
    for (const { position, bytes, times = 1 } of writes) {
      this.#reach(position + bytes.length * times);
      for (let i = 0; i < times; i++) this.#bytes.set(bytes, position + i * bytes.length);
    }
    return Promise.resolve();
  }

  truncate(size: number): Promise<void> {
    this.#reach(size);
    this.#bytes.fill(0, size, this.#size);
    this.#size = size;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #reach(size: number): void {
    if (size > this.#bytes.length) {
      const larger = new Uint8Array(2 ** Math.ceil(Math.log2(size)));
      larger.set(this.content);
      this.#bytes = larger;
    }
    this.#size = Math.max(this.#size, size);
  }
}
