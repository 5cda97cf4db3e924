/**
 * The thread that hashes and compares passwords: an entry point of its own, started by `passwords.ts`. It answers one request
 * after the other, in their order.
 */
import { parentPort } from 'node:worker_threads';
import { compareSync, hashSync } from 'bcryptjs';

export type PasswordRequest =
  | { readonly kind: 'hash'; readonly password: string; readonly cost: number }
  | { readonly kind: 'compare'; readonly password: string; readonly hash: string };

/** The hash, or whether the password fits. */
export type PasswordReply = string | boolean;

const port = parentPort;
if (port === null) throw new Error('this module is the entry point of a thread');
port.on('message', (request: PasswordRequest) => port.postMessage(answer(request)));

function answer(request: PasswordRequest): PasswordReply {
  if (request.kind === 'hash') return hashSync(request.password, request.cost);
  try {
    return compareSync(request.password, request.hash);
  } catch {
    // What is no hash fits no password.
    return false;
  }
}
