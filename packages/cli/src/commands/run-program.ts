/** Runs a command that people typed: gives it the terminal, ends it on a signal, and turns errors into one sentence. */
import { OperatingError, codeOf, systemClock } from '@flotilla/base';
import { CommanderError } from 'commander';
import type { Screen } from '../view/screen.ts';
import { createProgram } from './program.ts';
import { tellParent } from './up-detached.ts';

/** A second signal within this time is the same request, milliseconds. */
const impatientAfterMs = 500;

/** @returns the exit code */
export async function runProgram(argv: readonly string[]): Promise<number> {
  const stopping = new AbortController();
  let askedMs = 0;
  const stop = (): void => {
    if (!stopping.signal.aborted) {
      askedMs = systemClock.monotonicMs();
      stopping.abort();
      return;
    }
    // One Ctrl-C can arrive twice, from the terminal and from npm or make. Whoever asks again later does not want to wait:
    // the components notice that the supervisor is gone.
    if (systemClock.monotonicMs() - askedMs > impatientAfterMs) process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  const program = createProgram({ screen: ownScreen(), env: process.env, signal: stopping.signal });
  program.exitOverride();
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync(argv);
    return 0;
  } catch (error) {
    // Commander has said what is wrong; asking for help is no error.
    if (error instanceof CommanderError) return error.exitCode;
    if (stopping.signal.aborted) return 0;
    if (!(error instanceof OperatingError)) throw error;
    process.stderr.write(`flotilla: ${error.message}\n`);
    await tellParent({ type: 'failed', message: error.message });
    return 1;
  }
}

function ownScreen(): Screen {
  // Whoever read the output has left: `flotilla get pods | head -1`.
  process.stdout.on('error', (error) => {
    if (codeOf(error) !== 'EPIPE') throw error;
    process.exit(0);
  });
  return {
    isTerminal: process.stdout.isTTY,
    get rows() {
      return process.stdout.rows;
    },
    get columns() {
      return process.stdout.columns;
    },
    write(text) {
      process.stdout.write(text);
      void tellParent({ type: 'output', text });
    },
  };
}
