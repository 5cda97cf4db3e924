/**
 * Real files that keep a second directory in step with exactly what returned writes cover: after a kill, the mirror is what a
 * power loss would have left of the log and the witness. With `syncs: false` they cover nothing, as if nobody synced.
 */
import fs from 'node:fs';
import path from 'node:path';
import { type FileWrite, type Files, type OpenFile, createSystemFiles } from '@flotilla/brain';

export function mirroredFiles(options: { readonly from: string; readonly to: string; readonly syncs: boolean }): Files {
  const { from, to, syncs } = options;
  const mirrored = (name: string): string => path.join(to, path.relative(from, name));
  const files = createSystemFiles();
  return {
    ...files,
    async makeDirectory(name) {
      await files.makeDirectory(name);
      fs.mkdirSync(mirrored(name), { recursive: true });
    },
    async open(name, mode) {
      const file = await files.open(name, mode);
      const fd = fs.openSync(mirrored(name), fs.existsSync(mirrored(name)) ? 'r+' : 'w+');
      return mirroredFile(file, { fd, syncs });
    },
    async remove(name) {
      await files.remove(name);
      fs.rmSync(mirrored(name), { recursive: true, force: true });
    },
  };
}

function mirroredFile(file: OpenFile, { fd, syncs }: { readonly fd: number; readonly syncs: boolean }): OpenFile {
  return {
    async write(writes) {
      await file.write(writes);
      // One step of the event loop: a kill leaves all of it or none, except in the middle of these few calls.
      if (syncs) for (const write of writes) writeTimes(fd, write);
    },
    async truncate(size) {
      await file.truncate(size);
      if (syncs) fs.ftruncateSync(fd, size);
    },
    async close() {
      await file.close();
      fs.closeSync(fd);
    },
  };
}

function writeTimes(fd: number, { position, bytes, times = 1 }: FileWrite): void {
  for (let i = 0; i < times; i++) fs.writeSync(fd, bytes, 0, bytes.length, position + i * bytes.length);
}
