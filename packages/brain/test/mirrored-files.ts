/**
 * Real files that keep a second directory in step with exactly what returned syncs cover: after a kill, the mirror is what a
 * power loss would have left of the log and the witness. With `syncs: false` they cover nothing, as if nobody synced.
 */
import fs from 'node:fs';
import path from 'node:path';
import { type Files, type OpenFile, systemFiles } from '@flotilla/brain';

type Change = (fd: number) => void;

export function mirroredFiles(options: { readonly from: string; readonly to: string; readonly syncs: boolean }): Files {
  const { from, to, syncs } = options;
  const mirrored = (name: string): string => path.join(to, path.relative(from, name));
  return {
    ...systemFiles,
    async makeDirectory(name) {
      await systemFiles.makeDirectory(name);
      fs.mkdirSync(mirrored(name), { recursive: true });
    },
    async open(name, mode) {
      const file = await systemFiles.open(name, mode);
      const fd = fs.openSync(mirrored(name), fs.existsSync(mirrored(name)) ? 'r+' : 'w+');
      return mirroredFile(file, { fd, syncs });
    },
    async remove(name) {
      await systemFiles.remove(name);
      fs.rmSync(mirrored(name), { recursive: true, force: true });
    },
  };
}

function mirroredFile(file: OpenFile, { fd, syncs }: { readonly fd: number; readonly syncs: boolean }): OpenFile {
  let pending: Change[] = [];
  return {
    async write(position, bytes) {
      const copy = Uint8Array.from(bytes);
      await file.write(position, bytes);
      pending.push((target) => void fs.writeSync(target, copy, 0, copy.length, position));
    },
    async truncate(size) {
      await file.truncate(size);
      pending.push((target) => fs.ftruncateSync(target, size));
    },
    async sync() {
      const covered = pending;
      pending = [];
      await file.sync();
      // One step of the event loop: a kill leaves all of it or none, except in the middle of these few calls.
      if (syncs) for (const change of covered) change(fd);
    },
    async close() {
      await file.close();
      fs.closeSync(fd);
    },
  };
}
