/** `make sim`: runs seeds one after the other; one that fails prints its trace and the command that replays it. */
import { Marks, markNames } from './world/marks.ts';
import { type RunReport, runSeed } from './run/run-seed.ts';

const seeds = Number(process.env['SEEDS'] ?? 100);
const from = Number(process.env['FROM'] ?? 1);
const isVerbose = seeds === 1;

const marks = new Marks();
const totals = { counted: 0, acknowledged: 0, leaderChanges: 0, undecided: 0, failed: 0, virtualMs: 0, happened: 0 };
const began = process.cpuUsage();

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function tell(report: RunReport): void {
  const { seed, members, acknowledged, leaderChanges, faultKinds, traceHash } = report;
  print(
    `seed ${seed}: ${members} members, ${acknowledged} operations, ${leaderChanges} leader changes, ${faultKinds} kinds of fault, trace ${traceHash}`,
  );
}

for (let seed = from; seed < from + seeds; seed++) {
  const report = await runSeed(seed, { keepsTrace: isVerbose });
  if (report.counts) totals.counted++;
  if (report.undecided) totals.undecided++;
  totals.acknowledged += report.acknowledged;
  totals.leaderChanges += report.leaderChanges;
  totals.virtualMs += report.virtualMs;
  totals.happened += report.happened;
  marks.add(report.marks);
  if (isVerbose) for (const line of report.trace) print(line);
  if (isVerbose) tell(report);
  if (report.violation === undefined) continue;
  totals.failed++;
  if (!isVerbose) for (const line of report.trace.slice(-60)) print(line);
  tell(report);
  print(`FAILED: ${report.violation}`);
  print(`replay: make sim SEEDS=1 FROM=${seed}`);
}

const { user, system } = process.cpuUsage(began);
print('');
for (const name of markNames) print(`${String(marks.count(name)).padStart(9)}  ${name}`);
print('');
print(
  `${seeds} seeds from ${from}: ${totals.failed} failed, ${totals.counted} counted, ${totals.undecided} undecided; ` +
    `${totals.acknowledged} operations, ${totals.leaderChanges} leader changes, ${(totals.virtualMs / 3.6e6).toFixed(2)} hours, ` +
    `${((user + system) / 1000 / seeds).toFixed(0)} ms of CPU a seed`,
);
process.exitCode = totals.failed > 0 ? 1 : 0;
