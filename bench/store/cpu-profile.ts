/** A CPU profile as `node --cpu-prof` writes it, as a tree of the calls within a span of time. */
import { readFileSync } from 'node:fs';
import { type Place, type Stage, stageOf } from './stages.ts';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: Place & { readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** Times are microseconds of the monotonic clock, the one of `process.hrtime`. */
interface ProfileFile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Span {
  readonly fromMicros: number;
  readonly toMicros: number;
}

export interface Call {
  readonly place: Place;
  readonly stage: Stage;
  /** Microseconds in it, and in what it called. */
  readonly selfMicros: number;
  readonly totalMicros: number;
  readonly calls: readonly Call[];
}

/** @returns the root: everything within the span */
export function readProfile(file: string, { fromMicros, toMicros }: Span): Call {
  const { nodes, startTime, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as ProfileFile;
  const selfMicros = new Map<number, number>();
  let at = startTime;
  for (const [i, id] of samples.entries()) {
    // A sample stands for the time until the next one.
    at += timeDeltas[i] ?? 0;
    const lasted = timeDeltas[i + 1] ?? 0;
    if (at >= fromMicros && at < toMicros) selfMicros.set(id, (selfMicros.get(id) ?? 0) + Math.max(0, lasted));
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callOf = (id: number, above: Stage): Call => {
    const node = byId.get(id);
    if (!node) throw new Error(`${file} names a node ${id} that it does not hold`);
    const stage = stageOf(node.callFrame) ?? above;
    const calls = (node.children ?? [])
      .map((child) => callOf(child, stage))
      .filter(({ totalMicros }) => totalMicros > 0);
    const self = selfMicros.get(id) ?? 0;
    const total = calls.reduce((sum, { totalMicros }) => sum + totalMicros, self);
    return { place: node.callFrame, stage, selfMicros: self, totalMicros: total, calls };
  };
  return callOf(nodes[0]?.id ?? 0, 'other');
}

/** Microseconds of each stage. */
export function microsByStage(root: Call): ReadonlyMap<Stage, number> {
  const sums = new Map<Stage, number>();
  const add = ({ stage, selfMicros, calls }: Call): void => {
    sums.set(stage, (sums.get(stage) ?? 0) + selfMicros);
    for (const call of calls) add(call);
  };
  add(root);
  return sums;
}
