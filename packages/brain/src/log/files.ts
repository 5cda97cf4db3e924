/**
 * The files of the log and the witness, as an interface: what is durable is exactly what a returned `sync` (or
 * `syncDirectory`, for names) covers. The machine's own files are here; a simulator tears its own byte by byte.
 */
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { codeOf } from '@flotilla/base';

/** An open file. Positions are explicit; there is no file offset. */
export interface OpenFile {
  /** Writes all of `bytes` at `position`; durable only after a `sync` that began later. */
  write(position: number, bytes: Uint8Array): Promise<void>;
  /** Makes content and size durable (fdatasync). */
  sync(): Promise<void>;
  /** Cuts the file off at `size`; durable only after a `sync` that began later. */
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

export interface Files {
  /** Makes a directory and its parents; durable names are the caller's business. */
  makeDirectory(path: string): Promise<void>;
  /** Names in a directory; empty when there is no such directory. */
  list(path: string): Promise<readonly string[]>;
  /** The whole content, or undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** @throws when the file is missing (`existing`) or there already (`create`). */
  open(path: string, mode: 'create' | 'existing'): Promise<OpenFile>;
  /** Removes a file or a directory with all in it; no error when there is none. */
  remove(path: string): Promise<void>;
  /** Makes creations and removals in a directory durable. */
  syncDirectory(path: string): Promise<void>;
}

/** The machine's file system. */
export const systemFiles: Files = {
  async makeDirectory(path) {
    await fs.mkdir(path, { recursive: true, mode: 0o700 });
  },
  async list(path) {
    try {
      return await fs.readdir(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  },
  async read(path) {
    try {
      return await fs.readFile(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  },
  async open(path, mode) {
    const flags = mode === 'create' ? constants.O_RDWR | constants.O_CREAT | constants.O_EXCL : constants.O_RDWR;
    return openFile(await fs.open(path, flags, 0o600));
  },
  async remove(path) {
    await fs.rm(path, { recursive: true, force: true });
  },
  async syncDirectory(path) {
    const directory = await fs.open(path, constants.O_RDONLY);
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
};

function openFile(handle: fs.FileHandle): OpenFile {
  return {
    async write(position, bytes) {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    },
    sync: () => handle.datasync(),
    truncate: (size) => handle.truncate(size),
    close: () => handle.close(),
  };
}
