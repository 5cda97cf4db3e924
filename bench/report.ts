/** What was measured: as a table for people, and whole, as JSON. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { dirname } from 'node:path';
import type { Row } from './benchmark.ts';
import { type Summary, ratiosOf, summaryOf } from './statistics.ts';

export interface Measured {
  readonly benchmark: string;
  readonly rows: readonly Row[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Of the peer, where one is installed. */
  readonly etcd: string | undefined;
  readonly date: string;
  /** Processes that wanted the CPU in the last minute, before the first benchmark. */
  readonly loadBefore: number;
}

/** @param peer the etcd beside us */
export function describeMachine(peer = 'etcd'): Machine {
  const { stdout } = spawnSync(peer, ['--version'], { encoding: 'utf8' });
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    memoryGiB: Math.round((os.totalmem() / 2 ** 30) * 10) / 10,
    kernel: os.release(),
    node: process.version,
    etcd: /^etcd Version: (\S+)$/m.exec(stdout ?? '')?.[1],
    date: new Date().toISOString(),
    loadBefore: os.loadavg()[0] ?? 0,
  };
}

interface ReportedRow extends Row, Summary {
  /** Ours by the peer's, over the turns; only in our row, where the peer has one of the same name. */
  readonly ratio?: Summary;
}

/** Rows of one name stand together. */
function reportedRows(rows: readonly Row[]): readonly ReportedRow[] {
  const names = [...new Set(rows.map(({ name }) => name))];
  const grouped = names.flatMap((wanted) => rows.filter(({ name }) => name === wanted));
  return grouped.map((row) => {
    const peer = rows.find(({ name, side }) => name === row.name && side !== row.side);
    const summary = summaryOf(row.samples);
    if (row.side !== 'flotilla' || !peer) return { ...row, ...summary };
    return { ...row, ...summary, ratio: summaryOf(ratiosOf(row.samples, peer.samples)) };
  });
}

export function table(measured: readonly Measured[]): string {
  const head = ['', 'side', 'n', 'median', 'min', 'max', 'unit', 'ratio (min to max)'];
  const lines = measured.flatMap(({ benchmark, rows }) => [
    [benchmark],
    ...reportedRows(rows).map((row) => [`  ${row.name}`, ...cellsOf(row)]),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)));
  const isNumber = (column: number): boolean => column >= 2 && column <= 5;
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, i) => (isNumber(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cellsOf({ side, samples, median, min, max, unit, ratio }: ReportedRow): readonly string[] {
  const digits = { ms: 1, s: 2, MiB: 1 }[unit];
  const numbers = [median, min, max].map((value) => value.toFixed(digits));
  const ratioText = ratio && `${ratio.median.toFixed(3)} (${ratio.min.toFixed(3)} to ${ratio.max.toFixed(3)})`;
  return [side, String(samples.length), ...numbers, unit, ratioText ?? ''];
}

export function writeJson(file: string, machine: Machine, measured: readonly Measured[]): void {
  const benchmarks = Object.fromEntries(measured.map(({ benchmark, rows }) => [benchmark, reportedRows(rows)]));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ machine, benchmarks }, rounded, 1)}\n`);
}

/** A millionth of a millisecond is nobody's business. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}
