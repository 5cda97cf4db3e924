/**
 * The `flotilla` command. A component's process loads that component and nothing else, so it is told apart before anything
 * that serves people is loaded.
 */
import { OperatingError } from '@flotilla/base';
import { isComponentName } from './components/component.ts';
import { runComponent } from './components/run-component.ts';

async function main(): Promise<number> {
  const [word, ...rest] = process.argv.slice(2);
  if (isComponentName(word)) return runComponent(word, rest);
  const { runProgram } = await import('./commands/run-program.ts');
  return runProgram(process.argv);
}

function fail(error: unknown): void {
  if (!(error instanceof OperatingError)) throw error;
  process.stderr.write(`flotilla: ${error.message}\n`);
  process.exit(1);
}

// Exit rather than drain: what was left open is nobody's any more.
main().then((code) => process.exit(code), fail);
