/** `flotilla up --detach`: starts the foreground command in a session of its own, and returns when it is ready. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OperatingError } from '@flotilla/base';
import { loadClusterConfig } from '../config/load.ts';
import { prepareStateDirectory, stateDirectory } from '../state/state-directory.ts';

/** Set in the environment of the background process: its parent listens. */
export const detachedVariable = 'FLOTILLA_DETACHED';

type DetachedMessage =
  | { readonly type: 'output'; readonly text: string }
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string };

export interface UpDetachedOptions {
  readonly configFile: string;
  readonly stateDir: string;
  readonly apply?: string | undefined;
  readonly write: (text: string) => void;
}

const command = fileURLToPath(new URL('../../bin/flotilla.js', import.meta.url));

/** @throws OperatingError `UP_FAILED` with the sentence of the background process */
export async function upDetached({ configFile, stateDir, apply, write }: UpDetachedOptions): Promise<void> {
  const state = stateDirectory(loadClusterConfig(configFile).name, stateDir);
  prepareStateDirectory(state);
  const args = [
    'up',
    '--config',
    configFile,
    '--state-dir',
    stateDir,
    ...(apply === undefined ? [] : ['--apply', apply]),
  ];
  const log = openSync(state.log('up'), 'a', 0o600);
  const child = spawn(process.execPath, [command, ...args], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: { ...process.env, [detachedVariable]: '1' },
  });
  closeSync(log);
  await untilReady(child, { write, log: state.log('up') });
  child.disconnect();
  child.unref();
}

function untilReady(
  child: ChildProcess,
  { write, log }: { write: (text: string) => void; log: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (message: string): void => reject(new OperatingError('UP_FAILED', message));
    child.on('message', (value) => {
      const message = value as DetachedMessage;
      if (message.type === 'output') write(message.text);
      else if (message.type === 'ready') resolve();
      else fail(message.message);
    });
    child.on('error', (error) => fail(`the background process could not be started: ${error.message}`));
    child.on('exit', () => fail(`the background process ended before the cluster was ready; see ${log}`));
  });
}

/** Speaks to the parent as long as it listens. */
export function tellParent(message: DetachedMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.env[detachedVariable] === undefined || !process.send || !process.connected) return resolve();
    // A parent that is gone needs to hear nothing.
    process.send(message, undefined, {}, () => resolve());
  });
}
