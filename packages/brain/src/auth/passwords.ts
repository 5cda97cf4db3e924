/**
 * Hashes of passwords, by bcrypt. One takes a tenth of a second of a processor, so a thread does it, and heartbeats go on. The
 * thread is started by the first password.
 *
 * Invariant: what waits is answered in order, because the thread answers in order.
 */
import { Worker } from 'node:worker_threads';
import { toRpcError } from '@flotilla/store';
import type { PasswordReply, PasswordRequest } from './bcrypt-thread.ts';

/** Passwords that may wait; more are refused. */
const maxWaiting = 256;
/** bcrypt looks at no more. */
const maxPasswordBytes = 72;

interface Waiting {
  resolve(reply: PasswordReply): void;
  reject(error: Error): void;
}

export class Passwords {
  readonly #cost: number;
  #worker: Worker | undefined;
  #waiting: Waiting[] = [];
  #isClosed = false;

  /** @param cost the binary logarithm of the rounds, 4 to 31 */
  constructor(cost: number) {
    this.#cost = cost;
  }

  /** @throws RpcError for a password that is too long, and when too many wait. */
  async hash(password: string): Promise<Uint8Array> {
    if (Buffer.byteLength(password) > maxPasswordBytes) throw toRpcError('passwordTooLong');
    return Buffer.from(String(await this.#ask({ kind: 'hash', password, cost: this.#cost })));
  }

  /** Whether the password is the one that was hashed. @throws RpcError when too many wait. */
  async fits(password: string, hash: Uint8Array): Promise<boolean> {
    if (hash.length === 0) return false;
    return (await this.#ask({ kind: 'compare', password, hash: Buffer.from(hash).toString() })) === true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#failAll(toRpcError('serverStopped'));
    await this.#worker?.terminate();
  }

  #ask(request: PasswordRequest): Promise<PasswordReply> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(toRpcError('serverStopped'));
      if (this.#waiting.length >= maxWaiting) return reject(toRpcError('tooManyRequests'));
      this.#waiting.push({ resolve, reject });
      this.#worker ??= this.#start();
      this.#worker.postMessage(request);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./bcrypt-thread.js', import.meta.url));
    // Whoever waits has a call open, and that keeps the process alive.
    worker.unref();
    worker.on('message', (reply: PasswordReply) => this.#waiting.shift()?.resolve(reply));
    worker.on('error', (error) => {
      this.#worker = undefined;
      this.#failAll(error instanceof Error ? error : new Error('the thread for passwords failed'));
    });
    return worker;
  }

  #failAll(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }
}
