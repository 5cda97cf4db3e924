/** Imported before a member: the syncs of all its threads succeed without being done. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import threads, { type WorkerOptions } from 'node:worker_threads';

fs.fdatasyncSync = () => undefined;
fs.fdatasync = ((_fd, done) => process.nextTick(done, null)) as typeof fs.fdatasync;
const handle = await fs.promises.open('/dev/null');
(Object.getPrototypeOf(handle) as fs.promises.FileHandle).datasync = () => Promise.resolve();
await handle.close();
threads.Worker = class extends threads.Worker {
  constructor(file: string | URL, options: WorkerOptions = {}) {
    super(file, { ...options, execArgv: [`--import=${import.meta.url}`] });
  }
};
syncBuiltinESMExports();
