/** The life of what a program without a test runner starts: it ends with the part of the program that started it, however that ends. */
import type { Teardown } from './cluster.ts';

interface Scope extends Teardown {
  close(): Promise<void>;
}

const open = new Set<Scope>();
let over = false;

function openScope(): Scope {
  // Between an interruption and our end nothing may start: nobody would end it.
  if (over) throw new Error('it was interrupted: nothing starts any more');
  const callbacks: (() => Promise<void> | void)[] = [];
  let closing: Promise<void> | undefined;
  const endAll = async (): Promise<void> => {
    for (let last = callbacks.pop(); last; last = callbacks.pop()) await last();
    open.delete(scope);
  };
  const scope: Scope = {
    teardown: (callback) => void callbacks.push(callback),
    close: () => (closing ??= endAll()),
  };
  open.add(scope);
  return scope;
}

/** Runs `use` with a scope and ends, in reverse order, all that `use` handed to it. */
export async function withScope<T>(use: (scope: Teardown) => Promise<T>): Promise<T> {
  const scope = openScope();
  try {
    return await use(scope);
  } finally {
    await scope.close();
  }
}

/** Ends everything that any part started; from then on nothing can be started. */
async function closeAllScopes(): Promise<void> {
  over = true;
  await Promise.all([...open].map((scope) => scope.close()));
}

/**
 * Sees to it that what was started ends before this process does, when it is told to stop and when it fails. Being told again
 * changes nothing: what is being ended must not be left half-way.
 */
export function endWithScopes(say: (line: string) => void): void {
  let ending: Promise<void> | undefined;
  const end = (code: number): void => {
    ending ??= closeAllScopes().finally(() => process.exit(code));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!ending) say('stopping');
      end(130);
    });
  }
  process.on('uncaughtException', (error) => {
    // Whatever was under way fails when all that it uses is ended.
    if (!ending) say(error.stack ?? String(error));
    end(1);
  });
}
