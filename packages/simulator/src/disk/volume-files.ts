/** The files of a volume, for one process. */
import { dirname } from 'node:path';
import type { Files, OpenFile } from '@flotilla/brain';
import type { Process } from '../world/process.ts';
import { type Drive, failure } from './drive.ts';
import { StoredFile, type Volume } from './volume.ts';

export interface FilesOptions {
  readonly process: Process;
  readonly volume: Volume;
  readonly drive: Drive;
  /** A write that its caller may be held up by takes no time, while the drive is at rest. */
  readonly writesOnTheSpot?: boolean;
  /** Told before something is done to a file, and what. */
  readonly onUse: (what: 'write' | 'synced' | 'writeNow', path: string) => void;
}

export function filesOf(options: FilesOptions): Files {
  const { process, volume, drive } = options;
  return {
    async makeDirectory(path) {
      await drive.write(process);
      for (let at = path; at !== dirname(at); at = dirname(at)) volume.directories.add(at);
    },
    async list(path) {
      await drive.read(process);
      return [...namesBelow(volume, path)];
    },
    async read(path) {
      await drive.read(process);
      const file = volume.files.get(path);
      return file && Uint8Array.from(file.content.bytes);
    },
    async open(path, mode) {
      const there = volume.files.get(path);
      if (mode === 'existing' && !there) throw failure('ENOENT', path);
      if (mode === 'create' && there) throw failure('EEXIST', path);
      if (there) return openFile(options, path, there);
      await drive.write(process);
      const file = new StoredFile();
      volume.rename(path, file);
      return openFile(options, path, file);
    },
    async remove(path) {
      await drive.write(process).catch(() => undefined);
      for (const name of volume.files.keys()) if (isWithin(name, path)) volume.rename(name, undefined);
      for (const map of [volume.databases, volume.records]) {
        for (const name of map.keys()) if (isWithin(name, path)) map.delete(name);
      }
      for (const name of volume.directories) if (isWithin(name, path)) volume.directories.delete(name);
    },
    async syncDirectory() {
      const covered = volume.pendingNames;
      await drive.sync(process);
      volume.namesSynced(covered);
    },
  };
}

function isWithin(name: string, path: string): boolean {
  return name === path || name.startsWith(`${path}/`);
}

function namesBelow(volume: Volume, path: string): Set<string> {
  const below = new Set<string>();
  const records = [...volume.records.keys()].map((folder) => `${folder}/current`);
  for (const name of [...volume.files.keys(), ...volume.directories, ...volume.databases.keys(), ...records]) {
    if (name.startsWith(`${path}/`)) below.add(name.slice(path.length + 1).split('/')[0] as string);
  }
  return below;
}

function openFile(options: FilesOptions, path: string, file: StoredFile): OpenFile {
  const { process, drive, onUse, writesOnTheSpot = false } = options;
  const sync = async (): Promise<void> => {
    const covered = file.pending.length;
    await drive.sync(process);
    file.synced(covered);
  };
  return {
    async write(writes) {
      onUse('write', path);
      for (const { position, bytes, times = 1 } of writes) {
        // The caller may use its buffer for something else as soon as this has returned.
        const copy = Uint8Array.from(bytes);
        // Bytes reach the page cache while the write is under way.
        const half = times === 1 ? copy.length >> 1 : 0;
        file.apply({ position, bytes: copy.subarray(0, half), times: 1 });
        await drive.write(process);
        file.apply({ position: position + half, bytes: copy.subarray(half), times });
      }
      await sync();
      onUse('synced', path);
    },
    writeNow(writes) {
      if (!writesOnTheSpot || !drive.isAtRest) return false;
      onUse('writeNow', path);
      for (const { position, bytes, times = 1 } of writes)
        file.apply({ position, bytes: Uint8Array.from(bytes), times });
      file.synced(file.pending.length);
      return true;
    },
    async truncate(size) {
      await drive.write(process);
      file.apply({ position: size, bytes: undefined, times: 1 });
      await sync();
    },
    close: () => Promise.resolve(),
  };
}
