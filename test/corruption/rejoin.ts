/**
 * Damaged members come back to a cluster that went on without them, as processes: whoever starts holds what the others hold,
 * whoever does not says why on its way out, and a member whose whole directory is from another time is stopped by its leader.
 */
import { cp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import {
  type MemberPlan,
  type MemberProcess,
  type TestClient,
  connect,
  spawnMember,
  stopProcess,
} from '@flotilla/brain/test/cluster';
import { contentEndOf, deletion, filesUnder, flip } from './damage.ts';
import { type Past, equalState } from './image.ts';

/** A member of a running cluster that is stopped, damaged and started again. */
interface Stage {
  readonly past: Past;
  readonly clients: readonly TestClient[];
  readonly victim: MemberPlan;
  readonly members: MemberProcess[];
}

const key = (text: string): Uint8Array => Buffer.from(text);

async function put(client: TestClient, count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    await client.kv.Put({ key: key(`later/${i}`), value: key('x') }, { waitForReady: true });
}

async function hashes(clients: readonly TestClient[]): Promise<ReadonlySet<string>> {
  const [first] = clients;
  const { header } = (await first?.kv.Range({ key: key('later/0') })) ?? {};
  const revision = Number(header?.revision ?? 0);
  const answers = await Promise.all(clients.map(({ maintenance }) => maintenance.HashKV({ revision })));
  return new Set(answers.map(({ hash, compact_revision }) => `${hash} ${compact_revision.toString()}`));
}

async function openStage(t: Test, past: Past): Promise<Stage> {
  const members = past.plan.members.map((member) => spawnMember(member, past.env));
  const clients = past.plan.endpoints.map(connect);
  t.teardown(async () => {
    for (const client of clients) client.close();
    await Promise.all(members.map((member) => stopProcess(member)));
  });
  await Promise.all(members.map((member) => member.ready));
  const [, victim] = past.plan.members;
  if (!victim) throw new Error('no victim');
  return { past, clients, victim, members };
}

/** Stops the victim, by SIGTERM or by kill -9 after an idle second. */
async function stop({ members }: Stage, how: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (how === 'SIGKILL') await new Promise((resolve) => setTimeout(resolve, 1000));
  await stopProcess(members[1] as MemberProcess, how);
}

function start({ victim, past, members }: Stage): MemberProcess {
  const started = spawnMember(victim, past.env);
  members[1] = started;
  return started;
}

/** The oldest and the newest segment, and one of each other kind of file. */
async function kindsOfFiles(directory: string): Promise<readonly string[]> {
  const names = await filesUnder(directory);
  const segments = names.filter((name) => name.startsWith('log/'));
  const others = [/^witness$/, /current$/, /\.ldb$/, /^state.*\d\.log$/, /MANIFEST/, /CURRENT$/];
  return [
    ...segments.slice(0, 1),
    ...segments.slice(-1),
    ...others.flatMap((kind) => names.find((name) => kind.test(name)) ?? []),
  ];
}

const saved = ({ victim }: Stage): string => `${victim.dataDir}-saved`;

async function save(stage: Stage): Promise<void> {
  await rm(saved(stage), { recursive: true, force: true });
  await cp(stage.victim.dataDir, saved(stage), { recursive: true });
}

/** Puts the directory back as it was saved. */
async function restore(stage: Stage): Promise<void> {
  await rm(stage.victim.dataDir, { recursive: true, force: true });
  await rename(saved(stage), stage.victim.dataDir);
}

/** Damages one file of each kind, now by a flipped bit, now by its loss. */
export async function damagedMembersComeBack(t: Test, past: Past): Promise<void> {
  const stage = await openStage(t, past);
  const { victim, clients } = stage;
  const counts = { started: 0, refused: 0 };
  const kinds = (await kindsOfFiles(victim.dataDir)).length;
  for (let turn = 0; turn < 2 * kinds; turn++) {
    await stop(stage, turn % 4 < 2 ? 'SIGTERM' : 'SIGKILL');
    await save(stage);
    // Named anew: each start may have replaced files.
    const name = (await kindsOfFiles(victim.dataDir))[turn >>> 1] as string;
    const path = join(victim.dataDir, name);
    const damage = turn % 2 === 0 ? flip(contentEndOf(await readFile(path)) >>> 1, 4) : deletion;
    await damage.apply(path);
    await put(clients[0] as TestClient, 20);
    counts[await comesBack(t, stage, `${damage.name} ${name}`)]++;
  }
  t.comment(`${counts.started} starts, ${counts.refused} refusals`);
  t.ok(counts.started > 0 && counts.refused > 0);
}

async function comesBack(t: Test, stage: Stage, what: string): Promise<'started' | 'refused'> {
  const started = start(stage);
  const outcome = await started.ready.then(
    () => 'started' as const,
    () => 'refused' as const,
  );
  if (outcome === 'started') {
    await equalState(stage.clients);
    t.equal((await hashes(stage.clients)).size, 1, `${what}: all hold the same`);
    return outcome;
  }
  const words = started.log.join('\n');
  t.equal(await started.exited, 1, `${what}: refused`);
  t.match(words, stage.victim.dataDir, `${what}: names the file`);
  t.match(words, /replace this member|start the version that wrote it/i, `${what}: names the way out`);
  await restore(stage);
  await start(stage).ready;
  return outcome;
}

/** A directory of an earlier time, then none at all. */
export async function rolledBackMembersAreStopped(t: Test, past: Past): Promise<void> {
  const stage = await openStage(t, past);
  const { clients, victim } = stage;
  await stop(stage, 'SIGTERM');
  await save(stage);
  await start(stage).ready;
  await put(clients[0] as TestClient, 30);
  await equalState(clients);
  await stop(stage, 'SIGTERM');
  await restore(stage);
  const stopped = async (): Promise<void> => {
    const member = start(stage);
    t.equal(await member.exited, 1);
    t.match(member.log.join('\n'), /its disk was rolled back\. Remove it from the cluster/);
  };
  await stopped();
  await rm(victim.dataDir, { recursive: true });
  await stopped();
}
