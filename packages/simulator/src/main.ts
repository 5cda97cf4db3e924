/** `make sim`: runs seeds on several threads; one that fails prints its trace and the command that replays it. */
import { availableParallelism } from 'node:os';
import { runSeeds } from './farm/farm.ts';
import { type RunReport, runSeed } from './run/run-seed.ts';
import { Marks, markNames } from './world/marks.ts';

const seeds = Number(process.env['SEEDS'] ?? 100);
const from = Number(process.env['FROM'] ?? 1);
const threads = Number(process.env['JOBS'] ?? availableParallelism());
/** So many seeds must come to every mark between them. */
const seedsForAllMarks = 500;

const marks = new Marks();
const totals = { counted: 0, acknowledged: 0, leaderChanges: 0, undecided: 0, failed: 0, virtualMs: 0 };
const began = process.cpuUsage();

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function tell(report: RunReport): void {
  const { seed, profile, members, acknowledged, leaderChanges, faultKinds, traceHash } = report;
  print(
    `seed ${seed}: ${profile}, ${members} members, ${acknowledged} operations, ${leaderChanges} leader changes, ${faultKinds} kinds of fault, trace ${traceHash}`,
  );
}

function add(report: RunReport): void {
  if (report.counts) totals.counted++;
  if (report.undecided) totals.undecided++;
  totals.acknowledged += report.acknowledged;
  totals.leaderChanges += report.leaderChanges;
  totals.virtualMs += report.virtualMs;
  marks.add(report.marks);
  if (report.violation === undefined) return;
  totals.failed++;
  if (seeds > 1) {
    for (const line of report.trace.slice(-60)) print(line);
    tell(report);
  }
  print(`FAILED: ${report.violation}`);
  print(`replay: make sim SEEDS=1 FROM=${report.seed}`);
}

if (seeds === 1) {
  const report = await runSeed(from, { keepsTrace: true });
  for (const line of report.trace) print(line);
  tell(report);
  add(report);
} else {
  await runSeeds({ from, count: seeds, threads, onReport: add });
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
const missed = totals.counted >= seedsForAllMarks ? marks.missed : [];
if (missed.length > 0) print(`FAILED: not once in ${totals.counted} seeds: ${missed.join('; ')}`);
process.exitCode = totals.failed > 0 || missed.length > 0 ? 1 : 0;
