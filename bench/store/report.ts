/** What was measured of the store: a table for people, with the verdict of each row, and all samples as JSON. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Machine } from '../report.ts';
import { type Summary, ratiosOf, summaryOf } from '../statistics.ts';
import type { SideName, StoreRow } from './row.ts';
import { type Target, meets, rowsOnNode20, targetOf, targetOnNode20 } from './targets.ts';
import { shortNumber } from './turns.ts';
import type { Usage } from './usage.ts';

export interface ReportedRow extends StoreRow {
  readonly benchmark: string;
  readonly flotilla: Summary;
  readonly etcd: Summary;
  /** Ours by the peer's, turn by turn. */
  readonly ratio: Summary;
  readonly target?: Target;
  /** Whether the target is met; absent where none is set. */
  readonly met?: boolean;
}

/** One pass over the benchmarks, with one Node. */
export interface Pass {
  readonly machine: Machine;
  readonly rows: readonly ReportedRow[];
}

/** @param nodeMajor of the members: the rows are judged on 24, some are asked of 20 too */
export function reportedRow(benchmark: string, row: StoreRow, nodeMajor: number): ReportedRow {
  const flotilla = summaryOf(row.samples.flotilla);
  const ratio = summaryOf(ratiosOf(row.samples.flotilla, row.samples.etcd));
  const target = nodeMajor < 24 ? targetOnOldNode(row.name) : targetOf(row.name);
  const verdict = target && {
    target,
    met: keptUp(row) && meets(target, target.of === 'ratio' ? ratio.median : flotilla.median),
  };
  return { ...row, benchmark, flotilla, etcd: summaryOf(row.samples.etcd), ratio, ...verdict };
}

/** A latency at a rate that was not kept says nothing good. */
function keptUp({ offered, samples }: StoreRow): boolean {
  return !offered || offered.keptTurns.flotilla * 2 > samples.flotilla.length;
}

function targetOnOldNode(row: string): Target | undefined {
  return rowsOnNode20.has(row) ? { of: 'ratio', atLeast: targetOnNode20 } : undefined;
}

/** Of all passes together; rows of one name stand below each other. */
export function storeTable(passes: readonly Pass[]): string {
  const head = ['row', 'Node', 'Flotilla', 'etcd', 'unit', 'ratio (min to max)', 'target', ''];
  const names = [...new Set(passes.flatMap(({ rows }) => rows.map(({ name }) => name)))];
  const lines = names.flatMap((name) =>
    passes.flatMap(({ machine, rows }) =>
      rows.filter((row) => row.name === name).map((row) => [name, majorOf(machine.node), ...cellsOf(row)]),
    ),
  );
  return markdown([head, ...lines], new Set([2, 3]));
}

/** One line a row: the figures of the first pass, which is the one that is judged, and the ratios of the others beside them. */
export function comparedTable([judged, ...others]: readonly [Pass, ...Pass[]]): string {
  const nodes = others.map(({ machine }) => `ratio on Node ${majorOf(machine.node)}`);
  const head = ['row', 'Flotilla', 'etcd', 'unit', 'ratio (min to max)', 'target', '', ...nodes];
  const ratioIn = ({ rows }: Pass, name: string): string =>
    rows.find((row) => row.name === name)?.ratio.median.toFixed(2) ?? '';
  const lines = judged.rows.map((row) => [row.name, ...cellsOf(row), ...others.map((pass) => ratioIn(pass, row.name))]);
  return markdown([head, ...lines], new Set([1, 2]));
}

export function majorOf(version: string): string {
  return /^v?(\d+)/.exec(version)?.[1] ?? version;
}

function cellsOf(row: ReportedRow): readonly string[] {
  const { flotilla, etcd, unit, ratio, target, met, note } = row;
  const ratioText = `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`;
  const verdict = met === undefined ? '' : met ? 'PASS' : 'short';
  const remarks = [verdict, offeredText(row), note ?? ''].filter((text) => text !== '').join('; ');
  return [shortNumber(flotilla.median), shortNumber(etcd.median), unit, ratioText, textOf(target, unit), remarks];
}

function offeredText({ offered, samples }: ReportedRow): string {
  if (!offered) return '';
  const missed = (['flotilla', 'etcd'] as const).flatMap((side) => {
    const [kept, turns] = [offered.keptTurns[side], samples[side].length];
    return kept < turns ? [`${side} kept up in ${kept} of ${turns} turns`] : [];
  });
  return [`at ${shortNumber(offered.perSecond)}/s`, ...missed].join(', ');
}

function textOf(target: Target | undefined, unit: string): string {
  if (!target) return '';
  const bound = target.atLeast === undefined ? `at most ${target.atMost}` : `at least ${target.atLeast}`;
  return target.of === 'ratio' ? bound : `${bound} ${unit}`;
}

/** What each row cost: all members together, but for the leader's memory and syncs. */
export function costTable({ rows }: Pass): string {
  const head = ['row', 'side', 'CPU s', 'of the generator', "leader's peak RSS MiB", 'written MiB', "leader's syncs/s"];
  const lines = rows.flatMap((row) =>
    (['flotilla', 'etcd'] as const).flatMap((side) => {
      const costs = row.usage && costsOf(row.usage[side]);
      return costs ? [[row.name, side, costs[0] ?? '', generatorOf(row, side), ...costs.slice(1)]] : [];
    }),
  );
  return markdown([head, ...lines], new Set([2, 3, 4, 5, 6]));
}

function generatorOf({ generatorCpuSeconds }: StoreRow, side: SideName): string {
  return generatorCpuSeconds ? summaryOf(generatorCpuSeconds[side]).median.toFixed(2) : '';
}

/** Medians over the turns. */
function costsOf(turns: readonly (readonly Usage[])[]): readonly string[] {
  const median = (of: (members: readonly Usage[]) => number): number => summaryOf(turns.map(of)).median;
  const sum = (of: (member: Usage) => number) => (members: readonly Usage[]) =>
    members.reduce((total, member) => total + of(member), 0);
  const leader = (of: (member: Usage) => number) => (members: readonly Usage[]) => (members[0] ? of(members[0]) : NaN);
  return [
    median(sum(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
    median(leader(({ peakRssMiB }) => peakRssMiB)).toFixed(0),
    median(sum(({ writtenMiB }) => writtenMiB)).toFixed(1),
    median(leader(({ syncsPerSecond }) => syncsPerSecond)).toFixed(0),
  ];
}

export function markdown(lines: readonly (readonly string[])[], rightAligned: ReadonlySet<number>): string {
  const [head = []] = lines;
  const widths = head.map((_, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)));
  const rule = widths.map((width, column) =>
    rightAligned.has(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  const text = (line: readonly string[]): string =>
    `| ${widths.map((width, i) => (rightAligned.has(i) ? (line[i] ?? '').padStart(width) : (line[i] ?? '').padEnd(width))).join(' | ')} |`;
  return [text(head), text(rule), ...lines.slice(1).map(text)].join('\n');
}

export function writePass(file: string, pass: Pass): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(pass, rounded, 1)}\n`);
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}
