/** What befalls members. Each fault begins, lasts a while, and is undone. */
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { contentEndOf, cut, deletion, filesUnder, flip } from '../corruption/damage.ts';
import type { CableFaults } from './network.ts';
import { pause } from './pause.ts';
import type { Stage } from './stage.ts';

/** Undoes what began. */
export type Undo = () => Promise<void> | void;

export interface FaultContext {
  readonly stage: Stage;
  /** In [0, 1). */
  readonly random: () => number;
}

export type Fault = (context: FaultContext) => Promise<Undo> | Undo;

const below = ({ random }: FaultContext, bound: number): number => Math.floor(random() * bound);

function someMember(context: FaultContext): number {
  const { members } = context.stage;
  return members[below(context, members.length)] ?? 0;
}

/** Different members, at least one and at most a minority unless told. */
function someMembers(
  context: FaultContext,
  atMost = Math.max(1, Math.floor((context.stage.members.length - 1) / 2)),
): readonly number[] {
  const all = [...context.stage.members];
  const count = 1 + below(context, atMost);
  while (all.length > count) all.splice(below(context, all.length), 1);
  return all;
}

async function kill(stage: Stage, members: readonly number[], signal: 'SIGTERM' | 'SIGKILL'): Promise<Undo> {
  await Promise.all(members.map((i) => stage.stop(i, signal)));
  return async () => {
    for (const i of members) await stage.start(i);
  };
}

/** Holds or slows all bytes of the given ways. */
function disturb(
  { stage, random }: FaultContext,
  ways: readonly (readonly [from: number, to: number])[],
  change: { readonly held?: boolean; readonly delayMs?: number },
): Undo {
  const { network } = stage;
  const named = ways.map(([from, to]) => [stage.nameOf(from), stage.nameOf(to)] as const);
  const links = named.map(([from, to]) => network.link(from, to));
  for (const link of links) Object.assign(link, change);
  network.update();
  return () => {
    // What was held is lost, or arrives late.
    if (random() < 0.5) for (const [from, to] of named) network.breakConnections(from, to);
    for (const link of links) Object.assign(link, { held: false, delayMs: 0 });
    network.update();
  };
}

function cable(context: FaultContext, harm: (cables: CableFaults, name: string) => Undo): Undo {
  const { stage } = context;
  const { cables } = stage.network;
  if (!cables) return () => {};
  const undos = someMembers(context, stage.members.length).map((i) => harm(cables, stage.nameOf(i)));
  return () => {
    for (const undo of undos) void undo();
  };
}

function between(ones: readonly number[], others: readonly number[]): (readonly [number, number])[] {
  return ones.flatMap((one) => others.flatMap((other) => [[one, other] as const, [other, one] as const]));
}

function others(stage: Stage, members: readonly number[]): number[] {
  return stage.members.filter((i) => !members.includes(i));
}

export const faultsByName = {
  kill: (context) => kill(context.stage, someMembers(context), 'SIGKILL'),
  killMost: (context) => kill(context.stage, someMembers(context, context.stage.members.length), 'SIGKILL'),
  killAll: ({ stage }) => kill(stage, others(stage, []), 'SIGKILL'),
  /** Killed, left behind, and killed again while it catches up. */
  async relapse(context) {
    const { stage, random } = context;
    const member = someMember(context);
    await stage.stop(member, 'SIGKILL');
    await pause(800);
    for (let again = 0; again < 3; again++) {
      await stage.start(member);
      await pause(1000 * random());
      await stage.stop(member, 'SIGKILL');
    }
    return () => stage.start(member);
  },
  terminate: (context) => kill(context.stage, [someMember(context)], 'SIGTERM'),
  freeze(context) {
    const { stage } = context;
    const members = someMembers(context, stage.members.length);
    for (const i of members) stage.signal(i, 'SIGSTOP');
    return () => {
      for (const i of members) stage.signal(i, 'SIGCONT');
    };
  },
  isolate(context) {
    const members = someMembers(context);
    return disturb(context, between(members, others(context.stage, members)), { held: true });
  },
  deafen(context) {
    const members = someMembers(context);
    const ways = members.flatMap((i) => others(context.stage, members).map((other) => [other, i] as const));
    return disturb(context, ways, { held: true });
  },
  silence(context) {
    const members = someMembers(context);
    const ways = members.flatMap((i) => others(context.stage, members).map((other) => [i, other] as const));
    return disturb(context, ways, { held: true });
  },
  cutPair(context) {
    const one = someMember(context);
    const rest = others(context.stage, [one]);
    const other = rest[below(context, rest.length)] ?? one;
    return disturb(context, between([one], [other]), { held: true });
  },
  slowLinks(context) {
    const members = someMembers(context, context.stage.members.length);
    const ways = between(members, others(context.stage, []));
    return disturb(context, ways, { delayMs: 5 + below(context, 60) });
  },
  slowDisk(context) {
    const { stage } = context;
    const members = someMembers(context, stage.members.length);
    const diskDelayMs = 5 + below(context, 100);
    for (const i of members) stage.setFaults(i, { diskDelayMs });
    return () => {
      for (const i of members) stage.setFaults(i, {});
    };
  },
  stallDisk(context) {
    const { stage } = context;
    const member = someMember(context);
    stage.setFaults(member, { diskDelayMs: 1500 });
    return () => stage.setFaults(member, {});
  },
  setClock(context) {
    const { stage } = context;
    const members = someMembers(context, stage.members.length);
    const dayMs = 86_400_000;
    for (const i of members) stage.setFaults(i, { wallOffsetMs: Math.round((context.random() - 0.5) * 20 * dayMs) });
    return () => {
      for (const i of members) stage.setFaults(i, {});
    };
  },
  async fillDisk({ stage }) {
    const { smallDisk } = stage;
    if (!smallDisk) return () => {};
    const { disk, member } = smallDisk;
    stage.excuse(member);
    await disk.fill();
    await pause(500);
    return async () => {
      disk.empty();
      stage.pardon(member);
      await stage.stop(member, 'SIGKILL');
      await stage.start(member);
    };
  },
  damageFile: damageFile,
  unplug: (context) => cable(context, (cables, name) => cables.unplug(name)),
  loseSome: (context) => cable(context, (cables, name) => cables.loseSome(name)),
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faultsByName;

export const faultNames = Object.keys(faultsByName) as readonly FaultName[];

/** What can happen at all right now. */
export function isPossible(name: FaultName, { smallDisk, network }: Stage): boolean {
  if (name === 'fillDisk') return smallDisk !== undefined;
  return (name !== 'unplug' && name !== 'loseSome') || network.cables !== undefined;
}

/** What must not be mixed with others: the reason why a member ends must be known. */
export const lonelyFaults: ReadonlySet<FaultName> = new Set(['fillDisk', 'damageFile']);

/** A file is flipped, cut or gone while its member is stopped; if that is refused, everything is put back. */
async function damageFile(context: FaultContext): Promise<Undo> {
  const { stage, random } = context;
  const member = someMember(context);
  const directory = stage.dataDirOf(member);
  const saved = `${directory}.saved`;
  await stage.stop(member, 'SIGTERM');
  await rm(saved, { recursive: true, force: true });
  await cp(directory, saved, { recursive: true });
  const names = await filesUnder(directory);
  const name = names[below(context, names.length)] ?? '';
  const size = contentEndOf(await readFile(join(directory, name)));
  const damages = [flip(below(context, size), 1 << below(context, 8)), cut(below(context, size)), deletion];
  await damages[Math.floor(random() * damages.length)]?.apply(join(directory, name));
  stage.excuse(member);
  await stage.start(member);
  return async () => {
    const words = await stage.served(member);
    if (words === undefined) return stage.pardon(member);
    if (!words.includes(directory)) stage.endings.push(`a member with a damaged ${name} does not name it: ${words}`);
    await rm(directory, { recursive: true });
    await cp(saved, directory, { recursive: true });
    await stage.start(member);
  };
}
