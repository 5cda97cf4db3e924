/**
 * The one runner of all benchmarks: `node bench/dist/main.js [--runs N] [names…]`. Runs them one after the other, with lines
 * of progress on stderr, and prints the table on stdout. A run of all of them is kept in `results/`, with every sample.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { OperatingError, codeOf, messageOf } from '@flotilla/base';
import { catalogue } from './catalogue.ts';
import { type Measured, type Machine, describeMachine, table, writeJson } from './report.ts';
import { endWithScopes } from '#e2e/scope.js';

const resultsFile = fileURLToPath(new URL('../results/main-line.json', import.meta.url));
const flotillaCommand = fileURLToPath(new URL('../../packages/cli/bin/flotilla.js', import.meta.url));

const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface Order {
  readonly names: readonly string[];
  readonly runs: number | undefined;
}

/** @throws OperatingError `BENCH_USAGE` */
function parseOrder(args: readonly string[]): Order {
  const known = Object.keys(catalogue);
  const usage = `usage: main.js [--runs N] [${known.join('|')}]…`;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { runs: { type: 'string' } },
      allowPositionals: true,
    });
    const unknown = positionals.filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new Error(`there is no benchmark ${unknown.join(', ')}`);
    if (values.runs !== undefined && !/^[1-9]\d{0,3}$/.test(values.runs))
      throw new Error('--runs wants a number from 1 on');
    return {
      names: positionals.length === 0 ? known : positionals,
      runs: values.runs === undefined ? undefined : Number(values.runs),
    };
  } catch (error) {
    throw new OperatingError('BENCH_USAGE', `${messageOf(error)}\n${usage}`, { cause: error });
  }
}

/** @throws OperatingError when nothing could be measured here, and why */
function checkMachine(): void {
  if (process.platform !== 'linux')
    throw new OperatingError('BENCH_PLATFORM', 'the benchmarks read /proc: run them on Linux');
  const { status } = spawnSync(process.execPath, [flotillaCommand, 'version'], { stdio: 'ignore' });
  if (status !== 0) throw notBuilt();
}

function notBuilt(cause?: unknown): OperatingError {
  return new OperatingError('BENCH_NOT_BUILT', 'Flotilla is not built, or not wholly: run `make build` first', {
    cause,
  });
}

async function runOne(name: string, runs: number | undefined): Promise<Measured> {
  const { benchmark } = (await catalogue[name]?.()) ?? {};
  if (!benchmark) throw new Error(`there is no benchmark ${name}`);
  const count = runs ?? benchmark.runs;
  say(`${name}: ${count} ${count === 1 ? 'run' : 'runs'}`);
  return { benchmark: name, rows: await benchmark.run({ runs: count, say: (line) => say(`  ${line}`) }) };
}

/** Runs what was ordered; one that fails does not keep the others from theirs. */
async function runAll({ names, runs }: Order): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  for (const name of names) {
    try {
      measured.push(await runOne(name, runs));
    } catch (error) {
      if (codeOf(error) === 'ERR_MODULE_NOT_FOUND') throw notBuilt(error);
      say(`${name} failed: ${messageOf(error)}`);
      process.exitCode = 1;
    }
  }
  return measured;
}

function titleOf({ cpu, cores, memoryGiB, node, etcd, loadBefore }: Machine): string {
  const peer = etcd === undefined ? 'no etcd' : `etcd ${etcd}`;
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB; Node ${node}, ${peer}; load ${loadBefore.toFixed(1)} at the start`;
}

async function main(): Promise<void> {
  const order = parseOrder(process.argv.slice(2));
  checkMachine();
  const machine = describeMachine();
  say(titleOf(machine));
  if (machine.loadBefore > 0.5) say('The machine is busy: times will be too long. CPU seconds suffer least.');
  const measured = await runAll(order);
  if (measured.length === 0) return;
  process.stdout.write(`\n${titleOf(machine)}\n\n${table(measured)}\n`);
  if (measured.length < Object.keys(catalogue).length) return say('\nNot kept: only a whole run without failures is.');
  writeJson(resultsFile, machine, measured);
  say(`\nkept in ${resultsFile}`);
}

endWithScopes(say);
main().catch((error: unknown) => {
  say(error instanceof OperatingError ? error.message : String(error instanceof Error ? error.stack : error));
  process.exitCode = 1;
});
