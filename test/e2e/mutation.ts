/**
 * Changes one piece of the product's code while it is loaded, to show that a test notices. Loaded by `node --import` in every
 * process of the cluster under test; `MUTATION` says what to find and what to put there.
 */
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface Mutation {
  /** Source of a regular expression: the code may have been bundled and minified. */
  readonly find: string;
  readonly replace: string;
}

/** The environment that makes a process and its children load the mutated code. */
export function mutatedEnvironment(mutation: Mutation): NodeJS.ProcessEnv {
  return {
    NODE_OPTIONS: `--import=${fileURLToPath(import.meta.url)}`,
    MUTATION: JSON.stringify(mutation),
  };
}

const mutation = process.env['MUTATION'];
if (mutation !== undefined)
  register('./mutation-hooks.js', import.meta.url, { data: JSON.parse(mutation) as Mutation });
