/**
 * Where the leader's CPU time goes under puts of 256 B with 100 in flight: `node bench/dist/store/profile.js [--node PATH]
 * [--seconds S]`. A flame graph goes to `bench/results/`, the table of stages to stdout, as Markdown. The members run from the
 * packages' own files, not from the bundle, so that each function can be told apart; the profiler itself costs a little.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createEtcdClient } from '@flotilla/etcd-client';
import type { Teardown } from '#e2e/cluster.js';
import { isAlive } from '#e2e/processes.js';
import { until } from '#e2e/until.js';
import { startMembers } from '../members.ts';
import { endWithScopes, withScope } from '#e2e/scope.js';
import { type Call, type Span, microsByStage, readProfile } from './cpu-profile.ts';
import { flameGraph } from './flame-graph.ts';
import { openGenerator } from './generator.ts';
import { markdown } from './report.ts';
import { unaryRows } from './rows.ts';
import { type Side, leaderOf } from './sides.ts';
import { stages } from './stages.ts';

const rowName = 'put 256 B, 100 in flight';
const unbundledCommand = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));
const resultsDirectory = fileURLToPath(new URL('../../results/', import.meta.url));
const warmUpSeconds = 3;
const samplingMicros = 500;

interface Profiled {
  readonly root: Call;
  readonly span: Span;
  readonly calls: number;
}

const nowMicros = (): number => Number(process.hrtime.bigint() / 1_000n);

async function profileLeader(scope: Teardown, node: string, seconds: number): Promise<Profiled> {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-bench-profile-'));
  scope.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const flags = ['--cpu-prof', `--cpu-prof-interval=${samplingMicros}`, `--cpu-prof-dir=${directory}`];
  const store = await startMembers(scope, { command: node, args: [...flags, unbundledCommand, 'brain'] });
  const client = createEtcdClient({ endpoints: store.endpoints });
  scope.teardown(() => client.close());
  const side: Side = { name: 'flotilla', store, client };
  const row = unaryRows.puts.find(({ name }) => name === rowName);
  if (!row) throw new Error(`there is no row ${rowName}`);
  const generator = openGenerator(scope, row);
  await generator.load(side, { seconds: warmUpSeconds });
  const { index } = await leaderOf(side);
  const fromMicros = nowMicros();
  const { answered } = await generator.load(side, { seconds });
  const span = { fromMicros, toMicros: nowMicros() };
  const pid = store.pidOf(index);
  process.kill(pid, 'SIGTERM');
  await until('the leader has ended', () => !isAlive(pid));
  const file = readdirSync(directory).find((name) => name.includes(`.${pid}.`) && name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('the leader wrote no profile');
  return { root: readProfile(join(directory, file), span), span, calls: answered };
}

function stageTable({ root, calls }: Profiled): string {
  const micros = microsByStage(root);
  const idle = micros.get('idle') ?? 0;
  const busy = root.totalMicros - idle;
  const lines = stages.map((stage) => {
    const own = micros.get(stage) ?? 0;
    const share = stage === 'idle' ? '' : `${((own / busy) * 100).toFixed(1)} %`;
    return [stage, (own / 1e6).toFixed(2), share, (own / calls).toFixed(1)];
  });
  const all = ['all but idle', (busy / 1e6).toFixed(2), '100.0 %', (busy / calls).toFixed(1)];
  return markdown([['stage', 's of the main thread', 'share', 'µs a put'], ...lines, all], new Set([1, 2, 3]));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { node: { type: 'string', default: process.execPath }, seconds: { type: 'string', default: '10' } },
  });
  const seconds = Number(values.seconds);
  if (!Number.isInteger(seconds) || seconds < 1) throw new Error('--seconds wants a whole number from 1 on');
  const version = spawnSync(values.node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const profiled = await withScope((scope) => profileLeader(scope, values.node, seconds));
  const rate = Math.round(profiled.calls / seconds);
  const title = `Leader of three, ${rowName}, Node ${version}: ${rate} puts/s under the profiler`;
  mkdirSync(resultsDirectory, { recursive: true });
  const file = join(resultsDirectory, `profile-node${/^v(\d+)/.exec(version)?.[1]}.svg`);
  writeFileSync(file, flameGraph(title, profiled.root));
  process.stdout.write(`${title}\n\n${stageTable(profiled)}\n`);
  process.stderr.write(`flame graph: ${file}\n`);
}

endWithScopes((line) => void process.stderr.write(`${line}\n`));

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
