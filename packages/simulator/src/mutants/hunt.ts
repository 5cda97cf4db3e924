/** Looks for a seed that catches a mutant: in a process of its own, because what was loaded once stays as it was. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { seededRandomness } from '@flotilla/base';
import { type Plan, drawPlan } from '../run/plan.ts';
import { Chance } from '../world/chance.ts';
import type { Mutant, SeedTrait } from './mutants.ts';

const packages = new URL('../../../', import.meta.url);
const probe = fileURLToPath(new URL('probe.js', import.meta.url));

export interface Catch {
  readonly seed: number;
  readonly violation: string;
}

const has: Readonly<Record<SeedTrait, (plan: Plan) => boolean>> = {
  'changing members': ({ membership }) => membership !== undefined,
  'joint configurations': ({ membership }) => membership?.transition === 'implicit',
  elections: ({ candidates }) => candidates > 0,
};

/** Whether the place is still there: a mutant without one would prove nothing. */
export function fits({ file, find }: Mutant): boolean {
  return readFileSync(new URL(file, packages), 'utf8').split(find).length === 2;
}

/** `count` seeds from `from` on, those first whose mix of faults suits the mutant; it is looked for among ten times as many. */
export function seedsFor({ profile, needs, plot }: Mutant, from: number, count: number): readonly number[] {
  const seeds = Array.from({ length: 10 * count }, (_, i) => from + i);
  const suits = (seed: number): boolean => {
    const plan = drawPlan(seed, new Chance(seededRandomness(seed)).fork());
    const isMixed = profile === undefined || plan.profile === profile;
    return isMixed && (needs === undefined || has[needs](plan)) && (plot === undefined || plan.plot === plot);
  };
  return [...new Set([...seeds.filter(suits).slice(0, count), ...seeds])].slice(0, count);
}

/** The first of the seeds that catches it. */
export function hunt({ name }: Mutant, seeds: readonly number[]): Promise<Catch | undefined> {
  const child = spawn(process.execPath, [probe, name, seeds.join()], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      if (status !== 0) return reject(new Error(`${name}: the process that runs it ended with ${status}`));
      const text = Buffer.concat(said).toString();
      resolve(text === '' ? undefined : (JSON.parse(text) as Catch));
    });
  });
}

/** Two at a time, in any order. */
export async function inPairs<T>(list: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const left = [...list];
  const work = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await act(one);
  };
  await Promise.all([work(), work()]);
}
