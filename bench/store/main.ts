/**
 * The runner of the store's benchmarks, beside a real etcd: `node bench/dist/store/main.js [options] [names…]`. A pass for each
 * `--node`; progress on stderr, tables on stdout. A pass over all benchmarks without a failure is kept in
 * `bench/results/store-nodeNN.json`, any other only where `--out` says.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { OperatingError, messageOf } from '@flotilla/base';
import { missingTools } from '#e2e/tools.js';
import { describeMachine } from '../report.ts';
import { endWithScopes } from '#e2e/scope.js';
import { catalogue } from './catalogue.ts';
import { type Pass, costTable, majorOf, reportedRow, storeTable, writePass } from './report.ts';
import { commandsOf } from './sides.ts';

const resultsDirectory = fileURLToPath(new URL('../../results/', import.meta.url));

const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface Order {
  readonly names: readonly string[];
  readonly runs: number;
  readonly seconds: number;
  readonly nodes: readonly string[];
  readonly peerEtcd: string;
  readonly out: string | undefined;
}

const usage = `usage: main.js [options] [${Object.keys(catalogue).join('|')}]…
  --runs N          turns of each side; 5 unless told
  --seconds S       of load in a turn; 3 unless told
  --node PATH       the Node that runs our members, this one unless told; given again: another pass with that one
  --peer-etcd PATH  the etcd beside it; the one on the PATH unless told
  --out FILE        keep the samples of this pass there, also when it is not a whole one`;

/** @throws OperatingError `BENCH_USAGE` */
function parseOrder(args: readonly string[]): Order {
  const known = Object.keys(catalogue);
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        runs: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '3' },
        node: { type: 'string', multiple: true },
        'peer-etcd': { type: 'string', default: 'etcd' },
        out: { type: 'string' },
      },
      allowPositionals: true,
    });
    const unknown = positionals.filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new Error(`there is no benchmark ${unknown.join(', ')}`);
    const wholeNumber = (name: 'runs' | 'seconds'): number => {
      if (!/^[1-9]\d{0,3}$/.test(values[name])) throw new Error(`--${name} wants a whole number from 1 on`);
      return Number(values[name]);
    };
    const nodes = values.node ?? [process.execPath];
    if (values.out !== undefined && nodes.length > 1) throw new Error('--out is for one pass, with one --node');
    return {
      names: positionals.length === 0 ? known : positionals,
      runs: wholeNumber('runs'),
      seconds: wholeNumber('seconds'),
      nodes,
      peerEtcd: values['peer-etcd'],
      out: values.out,
    };
  } catch (error) {
    throw new OperatingError('BENCH_USAGE', `${messageOf(error)}\n${usage}`, { cause: error });
  }
}

/** @throws OperatingError when nothing could be measured here, and why */
function checkMachine({ peerEtcd }: Order): void {
  if (process.platform !== 'linux')
    throw new OperatingError('BENCH_PLATFORM', 'the benchmarks read /proc: run them on Linux');
  const missing = missingTools(peerEtcd, 'h2load');
  if (missing !== false)
    throw new OperatingError('BENCH_TOOLS', `${missing}: apt-get install etcd-server nghttp2-client`);
}

/** @throws OperatingError `BENCH_NODE` */
function versionOf(node: string): string {
  const { stdout, status } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new OperatingError('BENCH_NODE', `${node} does not run as a Node`);
  return stdout.trim();
}

/** Results are kept by major version: a second Node of the same would only overwrite the first. */
function oneOfEachMajor(nodes: readonly string[]): readonly string[] {
  const byMajor = new Map<string, string>();
  for (const node of nodes) {
    const major = majorOf(versionOf(node));
    if (byMajor.has(major)) say(`${node} is left out: another Node ${major} is measured`);
    else byMajor.set(major, node);
  }
  return [...byMajor.values()];
}

async function onePass(order: Order, node: string): Promise<Pass> {
  const { names, runs, seconds, peerEtcd } = order;
  const machine = { ...describeMachine(peerEtcd), node: versionOf(node) };
  say(`Node ${machine.node} beside etcd ${machine.etcd}; load ${machine.loadBefore.toFixed(1)}`);
  const rows: Pass['rows'][number][] = [];
  for (const name of names) {
    say(name);
    try {
      const benchmark = await catalogue[name]?.();
      const commands = commandsOf({ node, peerEtcd });
      const measured = await benchmark?.run({ runs, seconds, commands, say: (line) => say(`  ${line}`) });
      rows.push(...(measured ?? []).map((row) => reportedRow(name, row, Number(majorOf(machine.node)))));
    } catch (error) {
      say(`${name} failed: ${messageOf(error)}`);
      process.exitCode = 1;
    }
  }
  return { machine, rows };
}

function keep({ names, out }: Order, pass: Pass): void {
  const whole = names.length === Object.keys(catalogue).length && process.exitCode === undefined;
  const file = out ?? (whole ? `${resultsDirectory}store-node${majorOf(pass.machine.node)}.json` : undefined);
  if (file === undefined) return say('Not kept: only a whole pass without failures is, or what --out names.');
  writePass(file, pass);
  say(`kept in ${file}`);
}

async function main(): Promise<void> {
  const order = parseOrder(process.argv.slice(2));
  checkMachine(order);
  const passes: Pass[] = [];
  for (const node of oneOfEachMajor(order.nodes)) {
    const pass = await onePass(order, node);
    passes.push(pass);
    keep(order, pass);
  }
  const machine = passes[0]?.machine;
  if (!machine) return;
  const nodes = passes.map((pass) => pass.machine.node).join(' and ');
  process.stdout.write(
    `\n${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}; Node ${nodes}, etcd ${machine.etcd}; ` +
      `load ${machine.loadBefore.toFixed(1)} at the start; ${order.runs} turns of ${order.seconds} s\n\n${storeTable(passes)}\n`,
  );
  for (const pass of passes)
    process.stdout.write(`\nCosts of a turn, medians, Node ${pass.machine.node}\n\n${costTable(pass)}\n`);
}

endWithScopes(say);
main().catch((error: unknown) => {
  say(error instanceof OperatingError ? error.message : String(error instanceof Error ? error.stack : error));
  process.exitCode = 1;
});
