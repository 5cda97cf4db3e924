/** One round: a cluster, its clients, faults for a while, then peace, in which everything must come to rest; then the verdicts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandomness } from '@flotilla/base';
import { connect } from '@flotilla/brain/test/cluster';
import { clampInteger } from '@flotilla/wire';
import { type Crowd, startCrowd } from './crowd.ts';
import { type FaultName, faultNames, faultsByName, lonelyFaults } from './faults.ts';
import { type Verdicts, judge } from './judge.ts';
import { pause } from './pause.ts';
import { Stage } from './stage.ts';

export interface RoundOptions {
  readonly seed: number;
  readonly members: number;
  /** How long faults happen. */
  readonly seconds: number;
  /** Which faults happen; all unless told. */
  readonly faults?: readonly FaultName[];
}

export interface RoundReport {
  readonly seed: number;
  readonly members: number;
  readonly faults: ReadonlyMap<FaultName, number>;
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

/** Between faults, at most. */
const calmMs = 600;
const faultMs = 2500;
/** In peace a cluster must serve, and its leases must end, within this time, whatever the machine does besides. */
const restMaxMs = 240_000;

export async function runRound({ seed, members, seconds, faults: wanted }: RoundOptions): Promise<RoundReport> {
  // Each its own, so that the same seed brings the same faults, however many calls the clients get done.
  const [random, ofClients] = [randomOf(seed), randomOf(~seed)];
  const stage = await Stage.open(members);
  let crowd: Crowd | undefined;
  try {
    await stage.allServe();
    const clients = (crowd = startCrowd(stage, ofClients));
    const faults = new Map<FaultName, number>();
    const course = async (): Promise<true> => {
      await wreak(stage, { random, seconds, wanted: wanted ?? faultNames, counts: faults });
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
      faults,
      isDecided: judgement.isDecided,
      operations: memory.operations.filter(({ result }) => result).length + memory.localReads.length,
      unknown: memory.operations.filter(({ result }) => !result).length,
      events: memory.watches.at(-1)?.answers.reduce((sum, { events }) => sum + events.length, 0) ?? 0,
      leases: memory.tenancies.length,
      snapshots: stage.logs.filter((line) => line.includes('installed a snapshot')).length,
      longestGapMs: longestGapMs(memory.acknowledgedMs),
      verdicts,
      kept: isWrong ? keep(seed, { verdicts, memory, logs: stage.logs }) : undefined,
    };
  } finally {
    crowd?.stop();
    await stage.close();
  }
}

function randomOf(seed: number): () => number {
  const randomness = seededRandomness(seed);
  return () => randomness.next();
}

/** Faults, one after the other or two at a time, all undone in the end. */
async function wreak(
  stage: Stage,
  {
    random,
    seconds,
    wanted,
    counts,
  }: {
    readonly random: () => number;
    readonly seconds: number;
    readonly wanted: readonly FaultName[];
    /** How often each fault happened. */
    readonly counts: Map<FaultName, number>;
  },
): Promise<void> {
  const names = wanted.filter((name) => name !== 'fillDisk' || stage.smallDisk);
  const endMs = performance.now() + seconds * 1000;
  let active: (() => Promise<void> | void)[] = [];
  const undoAll = async (): Promise<void> => {
    for (const undo of active) await undo();
    active = [];
  };
  while (performance.now() < endMs) {
    const name = names[Math.floor(random() * names.length)] ?? 'kill';
    if (lonelyFaults.has(name)) {
      await undoAll();
      await stage.allServe();
    }
    counts.set(name, (counts.get(name) ?? 0) + 1);
    active.push(await faultsByName[name]({ stage, random }));
    await pause(faultMs * random());
    // Sometimes the next fault comes on top.
    if (lonelyFaults.has(name) || active.length > 1 || random() < 0.7) {
      await undoAll();
      if (random() < 0.5) await stage.allServe();
      await pause(calmMs * random());
    }
  }
  await undoAll();
}

/** Equal hashes of equal revisions, also of what lies on disk. */
async function differences(stage: Stage): Promise<readonly string[]> {
  const clients = stage.endpoints.map(connect);
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

function keep(seed: number, round: object): string {
  const directory = join(tmpdir(), `flotilla-chaos-${seed}`);
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'history.json');
  writeFileSync(
    path,
    JSON.stringify(round, (_key, value: unknown) => (value instanceof Map ? [...value] : value), 1),
  );
  return path;
}
