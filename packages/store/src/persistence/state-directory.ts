/**
 * The folder of the applied state, as far as it is files of ours: the record that says which generation is current,
 * and the generations' directories (each a database).
 *
 *   current             which generation counts
 *   generation-000001   a database
 *
 * What is short is done on the spot: it is asked at a start, when others of the process wait for the disk and hold the thread pool.
 */
import {
  type Dirent,
  closeSync,
  fsync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeOf, syncDirectory } from '@flotilla/base';
import { copyAtRest } from './generation-copy.ts';
import type { MemoryDatabases } from './memory-database.ts';
import type { SyncOptions } from './state-database.ts';

/** A seam, so that a simulator can hold the folder in memory. */
export interface StateDirectory {
  readonly path: string;
  /** The record, or undefined when there is none. */
  readCurrent(): Promise<Uint8Array | undefined>;
  /** Replaces the record: after a crash it is the old one or, once this resolved, surely the new one. */
  writeCurrent(record: Uint8Array): Promise<void>;
  /** Names of the generations' directories. */
  generations(): Promise<readonly string[]>;
  removeGeneration(name: string): Promise<void>;
  /**
   * Gives a database that takes no more batches a second time, under a name that is free, while the first is still open. False when
   * its files did not come to rest, and nothing was made.
   */
  copyGeneration(name: string, copy: string): Promise<boolean>;
  /** Bytes of a generation's files. */
  sizeOf(name: string): Promise<number>;
}

const generationPattern = /^generation-\d{6,}$/;

export function openStateDirectory(path: string, { syncs = true }: SyncOptions = {}): StateDirectory {
  const currentPath = join(path, 'current');
  return {
    path,
    async readCurrent() {
      try {
        return readFileSync(currentPath);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    },
    async writeCurrent(record) {
      mkdirSync(path, { recursive: true });
      const temporaryPath = `${currentPath}.new`;
      await write(temporaryPath, record, { syncs });
      renameSync(temporaryPath, currentPath);
      if (syncs) await syncDirectory(path);
    },
    async generations() {
      try {
        return readdirSync(path).filter((name) => generationPattern.test(name));
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return [];
        throw error;
      }
    },
    removeGeneration: (name) => rm(join(path, name), { recursive: true, force: true }),
    copyGeneration: (name, copy) => copyAtRest(join(path, name), join(path, copy)),
    async sizeOf(name) {
      const entries = await entriesIn(join(path, name));
      const files = entries.filter((entry) => entry.isFile()).map((file) => join(file.parentPath, file.name));
      const sizes = await Promise.all(files.map(sizeOfFile));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
  };
}

/** The folder's twin in memory; what it holds lives as long as the object. */
export function createMemoryStateDirectory(path: string, { batches, copy, sizeOf }: MemoryDatabases): StateDirectory {
  let current: Uint8Array | undefined;
  const prefix = `${path}/`;
  return {
    path,
    readCurrent: () => Promise.resolve(current),
    writeCurrent(record) {
      current = record.slice();
      return Promise.resolve();
    },
    generations() {
      const names = [...batches.keys()].filter((name) => name.startsWith(prefix));
      return Promise.resolve(names.map((name) => name.slice(prefix.length)));
    },
    removeGeneration(name) {
      batches.delete(prefix + name);
      return Promise.resolve();
    },
    copyGeneration(name, target) {
      copy(prefix + name, prefix + target);
      return Promise.resolve(true);
    },
    sizeOf: (name) => Promise.resolve(sizeOf(prefix + name)),
  };
}

async function write(path: string, bytes: Uint8Array, { syncs }: { readonly syncs: boolean }): Promise<void> {
  const descriptor = openSync(path, 'w', 0o600);
  try {
    writeFileSync(descriptor, bytes);
    if (syncs) await promisify(fsync)(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Whole databases are deleted too. */
async function entriesIn(directory: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(directory, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Files are deleted as it goes: one that is gone counts nothing. */
async function sizeOfFile(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
