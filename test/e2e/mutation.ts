/**
 * Changes one piece of the product's code as it is read, to show that a test notices. Loaded by `node --import` in every process of
 * the cluster under test; `MUTATION` says what to find in a script of the bundle and what to put there.
 */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Mutation {
  /** Source of a regular expression: the code has been bundled and minified. */
  readonly find: string;
  readonly replace: string;
}

/** The environment that makes a process and its children load the mutated code, which must not be kept for others. */
export function mutatedEnvironment(mutation: Mutation): NodeJS.ProcessEnv {
  return {
    NODE_OPTIONS: `--import=${fileURLToPath(import.meta.url)}`,
    NODE_DISABLE_COMPILE_CACHE: '1',
    MUTATION: JSON.stringify(mutation),
  };
}

const given = process.env['MUTATION'];
if (given !== undefined) mutateScripts(JSON.parse(given) as Mutation);

function mutateScripts({ find, replace }: Mutation): void {
  const { readFileSync } = fs;
  const mutated = (...args: Parameters<typeof readFileSync>): string | Buffer => {
    const read = readFileSync(...args);
    const isScript = typeof read === 'string' && String(args[0]).endsWith('-process.cjs');
    return isScript ? read.replace(new RegExp(find), () => replace) : read;
  };
  fs.readFileSync = mutated as typeof readFileSync;
}
