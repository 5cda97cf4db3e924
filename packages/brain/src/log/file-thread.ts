/**
 * The thread that opens, writes and syncs the files of the log: an entry point of its own, started by `file-requests.ts`.
 *
 * It says when it has started, then answers one request after the other, in their order. Between them it sleeps on the bell rather
 * than in an event loop: a wake-up by futex is the cheapest there is, and nothing else may run here. It ends when the mailbox says so.
 * It imports next to nothing of ours, to start fast.
 */
import * as fs from 'node:fs';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Mailbox } from './mailbox.ts';
import { type FlatWrites, writeAndSync } from './sync-write.ts';

/** Flat, because that is what costs least to pass on. */
export type FileRequest =
  | readonly ['open', path: string, flags: number]
  | readonly ['write', fd: number, syncs: boolean, ...writes: FlatWrites]
  | readonly ['truncate', fd: number, syncs: boolean, size: number]
  | readonly ['close', fd: number]
  | readonly ['syncDirectory', path: string];

/** The file descriptor for `open`, how long a `write` took in milliseconds, 0 for the others; or what went wrong. */
export type FileReply = 'started' | number | { readonly message: string; readonly code: string | undefined };

if (parentPort === null) throw new Error('this module is the entry point of a thread');
const mailbox = new Mailbox(workerData as SharedArrayBuffer);
serve(parentPort);

function serve(port: MessagePort): void {
  port.postMessage('started' satisfies FileReply);
  for (let heard = 0; ; mailbox.sleep(heard)) {
    // Read before the requests: one that comes after the last look has rung the bell again.
    heard = mailbox.rings;
    const left = mailbox.take();
    if (left) port.postMessage(answer(['write', left.fd, true, ...left.writes]));
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
      const { message } = next as { readonly message: FileRequest };
      port.postMessage(answer(message));
    }
    if (mailbox.ends) return;
  }
}

function answer(request: FileRequest): FileReply {
  try {
    return act(request);
  } catch (error) {
    // A clone of the error itself would lose its code.
    const { message, code } = error as NodeJS.ErrnoException;
    return { message, code };
  }
}

function act(request: FileRequest): number {
  switch (request[0]) {
    case 'open':
      return fs.openSync(request[1], request[2], 0o600);
    case 'write': {
      const [, fd, syncs, ...writes] = request;
      mailbox.learn(writes);
      const beganMs = performance.now();
      writeAndSync(fd, writes, { syncs });
      return performance.now() - beganMs;
    }
    case 'truncate': {
      const [, fd, syncs, size] = request;
      fs.ftruncateSync(fd, size);
      if (syncs) fs.fdatasyncSync(fd);
      return 0;
    }
    case 'close':
      fs.closeSync(request[1]);
      return 0;
    case 'syncDirectory':
      syncDirectory(request[1]);
      return 0;
  }
}

function syncDirectory(path: string): void {
  const fd = fs.openSync(path, fs.constants.O_RDONLY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
