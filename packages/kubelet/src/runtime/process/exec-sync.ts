/** Runs a command beside a container: same environment, marker and working directory, so that it ends with the container. */
import { spawn } from 'node:child_process';
import { OperatingError, messageOf, type Clock, type Timer } from '@flotilla/base';
import type { ExecSyncResponse } from '../cri.ts';
import { exitCodeOfSignal } from './signals.ts';

/** The standard's own bound of one stream, bytes; what comes after it is dropped. */
const outputMaxBytes = 16 << 20;
const lastWordsMs = 1000;

export interface ExecOptions {
  readonly cmd: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds, 0 for none. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** @throws OperatingError `EXEC_FAILED`, `EXEC_TIMEOUT` */
export function execSync({ cmd, cwd, env, timeoutMs, clock, signal }: ExecOptions): Promise<ExecSyncResponse> {
  const [command = '', ...args] = cmd;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const { pid } = child;
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    let failure: OperatingError | undefined;
    let lastWords: Timer | undefined;
    const end = (reason: OperatingError): void => {
      failure ??= reason;
      if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      process.kill(-pid, 'SIGKILL');
    };
    const timer =
      timeoutMs === 0
        ? undefined
        : clock.after(timeoutMs, () =>
            end(
              new OperatingError('EXEC_TIMEOUT', `command ${JSON.stringify(cmd)} timed out after ${timeoutMs / 1000}s`),
            ),
          );
    const abort = (): void => end(new OperatingError('EXEC_FAILED', 'the command was given up'));
    signal?.addEventListener('abort', abort, { once: true });
    const release = (): void => {
      timer?.cancel();
      signal?.removeEventListener('abort', abort);
    };
    child.once('error', (error) => {
      release();
      reject(new OperatingError('EXEC_FAILED', messageOf(error), { cause: error }));
    });
    // A command may leave a child behind that keeps the pipes open: they get a moment to deliver what they hold.
    child.once('exit', () => {
      release();
      lastWords = clock.after(lastWordsMs, () => {
        child.stdout.destroy();
        child.stderr.destroy();
      });
    });
    child.once('close', (code, byName) => {
      lastWords?.cancel();
      if (failure) reject(failure);
      else resolve({ stdout: stdout(), stderr: stderr(), exit_code: byName ? exitCodeOfSignal(byName) : (code ?? 0) });
    });
    if (signal?.aborted === true) abort();
  });
}

function collect(stream: NodeJS.ReadableStream): () => Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size < outputMaxBytes) chunks.push(chunk.subarray(0, outputMaxBytes - size));
    size += chunk.length;
  });
  return () => Buffer.concat(chunks);
}
