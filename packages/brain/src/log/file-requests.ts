/**
 * Requests to a thread of one's own for the writing of files: nothing there waits behind other work of the process, and a batch
 * costs one hop, not one for the write and one for the sync.
 *
 * The thread runs for as long as a file is held open or a request is under way; it keeps the process alive only for the latter.
 * To start it takes as much CPU as the whole start of a member, so it waits until more has been asked than a start asks, or a sync
 * took long. Until it runs the process's thread pool does what is asked. When it ends by itself, all requests fail from then on.
 */
import { Worker } from 'node:worker_threads';
import { OperatingError, assert, messageOf } from '@flotilla/base';
import { FilePool } from './file-pool.ts';
import type { FileReply, FileRequest } from './file-thread.ts';
import { Mailbox, mailboxBytes } from './mailbox.ts';
import type { FlatWrites, SyncOptions } from './sync-write.ts';

/** More than a start of a few members asks, and passed within a second under load. */
const requestsBeforeThread = 100;

interface Waiting {
  readonly resolve: (value: number) => void;
  readonly reject: (error: Error) => void;
}

interface RunningThread {
  readonly worker: Worker;
  readonly mailbox: Mailbox;
  /** In the order of their requests, which is that of the replies. */
  readonly waiting: Waiting[];
  started: boolean;
  readonly exited: Promise<unknown>;
}

interface Asking {
  readonly request: () => FileRequest;
  /** Leaves it with the thread, which is rung for afterwards. */
  readonly pass: (thread: RunningThread) => void;
}

export class FileRequests {
  readonly #entryPoint: URL;
  readonly #pool = new FilePool();
  #thread: RunningThread | undefined;
  #asked = 0;
  #failure: Error | undefined;
  #held = 0;

  constructor(entryPoint: URL) {
    this.#entryPoint = entryPoint;
  }

  /** The thread has ended by itself: nothing is under way any more, and nothing else will be. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Nothing is under way. */
  get idle(): boolean {
    return this.#failure === undefined && this.#pool.idle && (this.#thread?.waiting.length ?? 0) === 0;
  }

  /** A file is open: the thread stays. */
  hold(): void {
    this.#held++;
  }

  /** The opposite of `hold`; resolves when the thread has ended, if this was the last file. */
  async release(): Promise<void> {
    this.#held--;
    await this.#endIfIdle();
  }

  /** @throws what the operating system says, or that the thread has ended. */
  send(request: FileRequest): Promise<number> {
    // Nothing to start a thread for.
    if (request[0] === 'syncDirectory' && !this.#thread) return this.#pool.do(request);
    return this.#ask(request[1], {
      request: () => request,
      pass: ({ worker }) => worker.postMessage(request),
    });
  }

  /** As `send(['write', fd, syncs, ...writes])`. @returns how long it took, milliseconds, without the hops */
  write(fd: number, writes: FlatWrites, { syncs }: SyncOptions): Promise<number> {
    const request = (): FileRequest => ['write', fd, syncs, ...writes];
    return this.#ask(fd, {
      request,
      pass({ worker, mailbox, waiting }) {
        // What is under way comes first.
        if (syncs && waiting.length === 1 && mailbox.put(fd, writes)) return;
        mailbox.learn(writes);
        worker.postMessage(request());
      },
    });
  }

  /** Lets the thread do it, once that has started and what was asked before it for this file is done. */
  #ask(file: number | string, { request, pass }: Asking): Promise<number> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (++this.#asked > requestsBeforeThread || this.#pool.hasWaited) this.#thread ??= this.#start();
    const thread = this.#thread;
    if (!thread?.started || this.#pool.serves(file)) return this.#pool.do(request());
    const { worker, mailbox, waiting } = thread;
    const reply = new Promise<number>((resolve, reject) => waiting.push({ resolve, reject }));
    if (waiting.length === 1) worker.ref();
    pass(thread);
    mailbox.ring();
    return reply;
  }

  #start(): RunningThread {
    const memory = new SharedArrayBuffer(mailboxBytes);
    // No options of this process, no preloaded modules: the thread starts in milliseconds, beside the rest of the start.
    // Its files stay open when it ends: they are written from here too, and a number must not come to mean another file.
    const options = { workerData: memory, env: {}, execArgv: [], trackUnmanagedFds: false };
    const worker = new Worker(this.#entryPoint, options);
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    const thread: RunningThread = { worker, mailbox: new Mailbox(memory), waiting: [], started: false, exited };
    worker.on('message', (reply: FileReply) => this.#settle(thread, reply));
    worker.on('error', (error: unknown) => this.#fail(thread, messageOf(error)));
    worker.on('exit', (code) => this.#fail(thread, `exit code ${code}`));
    // To listen to it keeps the process alive.
    worker.unref();
    return thread;
  }

  #settle(thread: RunningThread, reply: FileReply): void {
    const { worker, waiting } = thread;
    if (reply === 'started') {
      thread.started = true;
      return;
    }
    const first = waiting.shift();
    assert(first !== undefined, 'each request has one reply');
    if (waiting.length === 0) worker.unref();
    if (typeof reply === 'number') first.resolve(reply);
    else first.reject(Object.assign(new Error(reply.message), { code: reply.code }));
  }

  /** Not when it was ended on purpose. */
  #fail(thread: RunningThread, why: string): void {
    if (this.#thread !== thread) return;
    this.#failure ??= new OperatingError('FILE_THREAD', `the thread that writes the files has ended: ${why}`);
    for (const { reject } of thread.waiting.splice(0)) reject(this.#failure);
  }

  async #endIfIdle(): Promise<void> {
    const thread = this.#thread;
    if (!thread || this.#held > 0 || thread.waiting.length > 0) return;
    this.#thread = undefined;
    thread.worker.ref();
    // `terminate` may be lost on a thread that has not started yet.
    thread.mailbox.end();
    await thread.exited;
  }
}
