/** The one end that a member can't help: told once, and not while it closes by itself. */
import { type Logger, messageOf } from '@flotilla/base';

export interface Failure {
  readonly fail: (error: unknown) => void;
  /** From now on the member is closing: what fails then fails quietly. */
  silence(): void;
}

export function createFailure(options: {
  readonly logger: Logger;
  readonly onFailure: (error: Error) => void;
}): Failure {
  const { logger, onFailure } = options;
  let done = false;
  return {
    fail(error) {
      if (done) return;
      done = true;
      logger.error('the member stops', { err: error });
      onFailure(error instanceof Error ? error : new Error(messageOf(error)));
    },
    silence() {
      done = true;
    },
  };
}
