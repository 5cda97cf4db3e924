/** One round: a cluster, its clients, faults for a while, then peace, in which everything must come to rest; then the verdicts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandomness } from '@flotilla/base';
import { clampInteger } from '@flotilla/wire';
import type { Teardown } from '../e2e/cluster.ts';
import { openClient } from './callers.ts';
import { type ChangeName, Counts, type Happening, changeNames, happenings } from './counts.ts';
import { startCrowd } from './crowd.ts';
import { faultNames } from './faults.ts';
import { type Verdicts, judge } from './judge.ts';
import type { Network } from './network.ts';
import { Operator } from './operator.ts';
import { reconfigure } from './reconfigure.ts';
import { Stage } from './stage.ts';
import { Turns } from './turns.ts';
import { wreak } from './wreak.ts';

export interface RoundOptions {
  readonly seed: number;
  readonly members: number;
  /** How long faults happen. */
  readonly seconds: number;
  /** What happens; everything unless told. */
  readonly wanted?: readonly Happening[] | undefined;
  /** Where the history of a round that went wrong is kept; the system's directory for temporary files unless told. */
  readonly keepIn?: string;
}

export interface RoundReport {
  readonly seed: number;
  readonly members: number;
  readonly happened: ReadonlyMap<Happening, number>;
  readonly compactedRevision: number;
  /** Answered writes and reads. */
  readonly operations: number;
  /** Writes of which nobody knows. */
  readonly unknown: number;
  readonly events: number;
  readonly leases: number;
  readonly snapshots: number;
  /** Between two acknowledged writes, over all clients. */
  readonly longestGapMs: number;
  /** False: nobody knows whether the history is linearizable. */
  readonly isDecided: boolean;
  readonly verdicts: Verdicts & Readonly<Record<'members', readonly string[]>>;
  /** Where the history was kept, when something is wrong. */
  readonly kept: string | undefined;
}

/** In peace a cluster must serve, and its leases must end, within this time, whatever the machine does besides. */
const restMaxMs = 240_000;

/** @param network is closed with `t`, as everything else. */
export async function runRound(t: Teardown, options: RoundOptions, network: Network): Promise<RoundReport> {
  const { seed, members, seconds } = options;
  // Each its own, so that the same seed brings the same faults, however many calls the clients get done.
  const [random, ofClients, ofOperator] = [randomOf(seed), randomOf(~seed), randomOf(seed ^ 0x5eed)];
  const wanted = new Set(options.wanted ?? happenings);
  const changes: ReadonlySet<ChangeName> = new Set(changeNames.filter((name) => wanted.has(name)));
  const counts = new Counts();
  const turns = new Turns();
  const stage = await Stage.open(t, members, network);
  await stage.allServe();
  if (stage.endings.length > 0) throw new Error(`the cluster did not start: ${stage.endings.join('; ')}`);
  const clients = startCrowd(stage, { random: ofClients, counts, wanted: changes });
  t.teardown(() => clients.stop());
  const operator = new Operator({ stage, callers: clients.callers, random: ofOperator, stopped: clients.stopped });
  const course = async (): Promise<true> => {
    let isOver = false;
    const reconfiguring = reconfigure(operator, {
      stage,
      random: ofOperator,
      isOver: () => isOver,
      size: members,
      wanted: changes,
      counts,
      turns,
    });
    reconfiguring.catch(() => 'broken off');
    await wreak(stage, { random, seconds, wanted: faultNames.filter((name) => wanted.has(name)), counts, turns });
    isOver = true;
    await reconfiguring;
    await stage.allServe();
    await clients.settle();
    return true;
  };
  const cameToRest = await Promise.race([course(), delay(seconds * 1000 + restMaxMs, undefined, { ref: false })]);
  const { memory } = clients;
  const afterwards = cameToRest === true ? await differences(stage) : ['the cluster did not come to rest in peace'];
  const judgement = judge(memory);
  const verdicts = { ...judgement.verdicts, members: [...stage.endings, ...afterwards] };
  await stage.close();
  const isWrong = Object.values(verdicts).some((lines) => lines.length > 0);
  return {
    seed,
    members,
    happened: counts.all,
    compactedRevision: memory.compacted,
    isDecided: judgement.isDecided,
    operations:
      memory.operations.filter(({ result }) => result).length + memory.localReads.length + memory.pastReads.length,
    unknown: memory.operations.filter(({ result }) => !result).length,
    events: judgement.events,
    leases: memory.tenancies.length,
    snapshots: stage.logs.filter((line) => line.includes('installed a snapshot')).length,
    longestGapMs: longestGapMs(memory.acknowledgedMs),
    verdicts,
    kept: isWrong
      ? keep(join(options.keepIn ?? tmpdir(), `flotilla-chaos-${seed}`), { verdicts, memory, logs: stage.logs })
      : undefined,
  };
}

function randomOf(seed: number): () => number {
  const randomness = seededRandomness(seed);
  return () => randomness.next();
}

/** Equal hashes of equal revisions, also of what lies on disk. */
async function differences(stage: Stage): Promise<readonly string[]> {
  const clients = stage.voters.map((member) => openClient(stage.endpointOf(member)));
  try {
    const header = (await clients[0]?.kv.Range({ key: Buffer.from('end') }))?.header;
    const revision = clampInteger(header?.revision);
    const hashes = await Promise.all(clients.map(({ maintenance }) => maintenance.HashKV({ revision })));
    const different = new Set(hashes.map(({ hash }) => hash));
    return different.size === 1
      ? []
      : [`members hold different states of revision ${revision}: ${[...different].join()}`];
  } finally {
    for (const client of clients) client.close();
  }
}

function longestGapMs(timesMs: readonly number[]): number {
  const sorted = [...timesMs].sort((a, b) => a - b);
  return sorted.reduce((longest, time, i) => Math.max(longest, time - (sorted[i - 1] ?? time)), 0);
}

function keep(directory: string, round: object): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'history.json');
  writeFileSync(
    path,
    JSON.stringify(round, (_key, value: unknown) => (value instanceof Map ? [...value] : value), 1),
  );
  return path;
}
