/**
 * One run of h2load: unary calls over several connections, each with several in flight or at a fixed rate, all with the body
 * of one file. h2load reads that file anew for each request, so whoever rewrites a key in it meanwhile (`key-rotation.ts`)
 * makes it write different keys.
 *
 * It only looks at HTTP: whether the calls took effect is checked from outside, by what is returned here and by revisions.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Teardown } from '#e2e/cluster.js';
import { cpuSecondsOfEnded } from '../proc.ts';

export interface LoadShape {
  readonly connections: number;
  /** On each connection, at most. */
  readonly inFlight: number;
}

export interface Load extends LoadShape {
  readonly endpoint: string;
  readonly path: string;
  readonly bodyFile: string;
  readonly seconds: number;
  /** Requests a second over all connections; as fast as answers come unless given. */
  readonly rate?: number;
  /** Where to put a line a request, for the latencies. */
  readonly logFile?: string;
}

export interface LoadResult {
  readonly perSecond: number;
  /** Answered within the time, with HTTP status 200. */
  readonly answered: number;
  /** Of bodies, answers that were still under way at the end included. */
  readonly dataBytes: number;
  /** Milliseconds of each call, ascending; only with a log file. */
  readonly latenciesMs: readonly number[];
  /** CPU seconds of the generator. */
  readonly generatorCpuSeconds: number;
}

/** Within these a run took its time: a share of it, the start and end of the process, and a connection's opening. */
const lateShare = 1.05;
const startSeconds = 0.5;
const connectSeconds = 0.001;

/** @throws Error when any request got no answer or another status, with what h2load said */
export async function runH2load(scope: Teardown, load: Load): Promise<LoadResult> {
  const { connections, inFlight, seconds, rate, logFile, endpoint, path, bodyFile } = load;
  const duration = `${Math.round(seconds * 1000)}ms`;
  const shape = ['-D', duration, '-c', String(connections), '-m', String(inFlight)];
  const headers = ['-H', 'content-type: application/grpc', '-H', 'te: trailers'];
  const pace = rate === undefined ? [] : [`--rps=${(rate / connections).toFixed(3)}`];
  const log = logFile === undefined ? [] : [`--log-file=${logFile}`];
  const args = [...shape, '-d', bodyFile, ...headers, ...pace, ...log, `http://${endpoint}${path}`];
  const cpuBefore = cpuSecondsOfEnded();
  const startMs = performance.now();
  const printed = await outputOf(scope, args, seconds);
  const tookSeconds = (performance.now() - startMs) / 1000;
  // It divides by the time that it was told, not by the time that it took.
  const longestSeconds = seconds * lateShare + startSeconds + connections * connectSeconds;
  if (tookSeconds > longestSeconds) throw new Error(`h2load took ${tookSeconds.toFixed(1)} s instead of ${seconds} s`);
  return {
    ...parse(printed),
    latenciesMs: logFile === undefined ? [] : latenciesIn(logFile),
    generatorCpuSeconds: cpuSecondsOfEnded() - cpuBefore,
  };
}

/** h2load waits for ever for a connection that is never answered: after this time beyond its own it is ended. */
const patienceMs = 20_000;

async function outputOf(scope: Teardown, args: readonly string[], seconds: number): Promise<string> {
  const child = spawn('h2load', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const late = setTimeout(() => child.kill('SIGKILL'), seconds * 1000 + patienceMs);
  scope.teardown(() => void child.kill('SIGKILL'));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (printed += String(text)));
  const code = await closed(child);
  clearTimeout(late);
  if (code === null) throw new Error(`h2load did not end by itself:\n${printed}`);
  if (code !== 0) throw new Error(`h2load ended with ${code}:\n${printed}`);
  return printed;
}

/** @returns the exit code; null when a signal ended it */
async function closed(child: ChildProcess): Promise<number | null> {
  await once(child, 'close');
  return child.exitCode;
}

function parse(printed: string): Pick<LoadResult, 'perSecond' | 'answered' | 'dataBytes'> {
  const numbers = (pattern: RegExp): readonly number[] => {
    const found = pattern.exec(printed);
    if (!found) throw new Error(`h2load printed no ${pattern}:\n${printed}`);
    return found.slice(1).map(Number);
  };
  const [perSecond = 0] = numbers(/^finished in [\d.]+[a-z]+, ([\d.]+) req\/s/m);
  const [done = 0, answered = 0, ...faults] = numbers(
    /^requests: .* (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout$/m,
  );
  const statuses = numbers(/^status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx$/m);
  if (done !== answered || [...faults, ...statuses].some((count) => count > 0))
    throw new Error(`h2load saw requests fail:\n${printed}`);
  if (answered === 0) throw new Error(`h2load got no answer:\n${printed}`);
  const [dataBytes = 0] = numbers(/^traffic: .* \((\d+)\) data$/m);
  return { perSecond, answered, dataBytes };
}

/** Lines are "start in microseconds, status, microseconds". */
function latenciesIn(logFile: string): readonly number[] {
  const lines = readFileSync(logFile, 'latin1').trimEnd().split('\n');
  const latencies = lines.map((line) => Number(line.slice(line.lastIndexOf('\t') + 1)) / 1000);
  return latencies.sort((a, b) => a - b);
}
