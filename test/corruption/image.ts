/**
 * A cluster of three with a past: several segments of the log, snapshots and compactions, tables on disk, more than one term.
 * One member keeps its whole log, and so knows every state that there was; the two others are what will be damaged: one
 * stopped by SIGTERM, one killed after an idle second.
 */
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createManualClock } from '@flotilla/base';
import { brainSettings } from '@flotilla/brain';
import { type Entry, encodeConfig } from '@flotilla/raft';
import { createMemoryDatabases, createMemoryStateDirectory, hashState, openState } from '@flotilla/store';
import {
  type ClusterPlan,
  type MemberPlan,
  type MemberProcess,
  type TestClient,
  connect,
  planCluster,
  spawnMember,
  stopProcess,
  until,
} from '@flotilla/brain/test/cluster';
import { startAlone } from './lone-start.ts';

/** Small, so that there are several. */
const env = { BRAIN_SEGMENT_BYTES: String(48 * 1024) };
const forgetful = { 'snapshot-count': 300, 'snapshot-catchup-entries': 400 };
/** Never in reach: this one's log begins with entry 1. */
const keepsAll = { 'snapshot-count': 1_000_000 };

export interface Image {
  readonly name: string;
  readonly plan: MemberPlan;
  /** A copy of its data directory as it was left. */
  readonly directory: string;
  /** The last entry of its log: all entries up to there were synced and acknowledged. */
  readonly lastIndex: number;
  readonly term: number;
  readonly vote: bigint;
}

export interface Past {
  readonly plan: ClusterPlan;
  readonly entries: readonly Entry[];
  /** Applied index → hash of the state. */
  readonly hashes: readonly number[];
  readonly images: readonly Image[];
  readonly env: Readonly<Record<string, string>>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

export async function makePast(): Promise<Past> {
  const plan = await planCluster(3, forgetful);
  const [keeper, stopped, killed] = plan.members as [MemberPlan, MemberPlan, MemberPlan];
  const plans = [{ ...keeper, options: { ...keeper.options, ...keepsAll } }, stopped, killed] as const;
  const members = plans.map((member) => spawnMember(member, env));
  try {
    await Promise.all(members.map((member) => member.ready));
    const clients = plan.endpoints.map(connect);
    await load(clients, { from: 0, to: 700 });
    // A member that starts again turns what its database had in its log into tables.
    for (const i of [1, 2]) {
      await stopProcess(members[i] as MemberProcess, 'SIGTERM');
      await load(clients, { from: 700 * i, to: 700 * i + 120 });
      members[i] = spawnMember(plans[i] as MemberPlan, env);
      await members[i]?.ready;
    }
    await load(clients, { from: 2000, to: 2700 });
    for (const client of clients) await client.maintenance.Defragment({}, { waitForReady: true });
    await load(clients, { from: 3000, to: 3150 });
    await equalState(clients);
    await stopProcess(members[1] as MemberProcess, 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await stopProcess(members[2] as MemberProcess, 'SIGKILL');
    await stopProcess(members[0] as MemberProcess, 'SIGTERM');
    for (const client of clients) client.close();
  } finally {
    await Promise.all(members.map((member) => stopProcess(member)));
  }
  const known = await startAlone(plans[0], join(plan.directory, 'm1'));
  if (known.kind === 'refused') throw new Error(known.message);
  const images = await Promise.all([
    imageOf({ name: 'stopped by SIGTERM', plan: stopped, directory: join(plan.directory, 'images', 'stopped') }),
    imageOf({ name: 'killed after an idle second', plan: killed, directory: join(plan.directory, 'images', 'killed') }),
  ]);
  return { plan, entries: known.entries, hashes: await hashesOf(keeper, known.entries), images, env };
}

async function imageOf(place: Pick<Image, 'name' | 'plan' | 'directory'>): Promise<Image> {
  const { plan, directory } = place;
  await mkdir(join(directory, '..'), { recursive: true });
  await cp(plan.dataDir, directory, { recursive: true });
  const trial = `${directory}-whole`;
  await cp(directory, trial, { recursive: true });
  const start = await startAlone(plan, trial);
  if (start.kind === 'refused') throw new Error(start.message);
  const { lastIndex, term, vote } = start;
  return { ...place, lastIndex, term, vote };
}

/** Hashes of the state after each entry, in a store that begins as a member's does. */
async function hashesOf(plan: MemberPlan, entries: readonly Entry[]): Promise<readonly number[]> {
  const { clusterId, members, self } = brainSettings(plan.options).membership;
  const config = { voters: members.map(({ id }) => id), votersOutgoing: [], learners: [] };
  const databases = createMemoryDatabases();
  const { store, state } = await openState({
    directory: '/state',
    clusterId,
    memberId: self.id,
    initialMembership: { members, config: encodeConfig(config) },
    clock: createManualClock(),
    onFailure(error) {
      throw error;
    },
    openDatabase: (options) => databases.open(options),
    openDirectory: (directory) => createMemoryStateDirectory(directory, databases),
  });
  const hashes = [hashState(store)];
  for (const entry of entries) {
    store.apply([entry]);
    hashes.push(hashState(store));
  }
  await state.close();
  return hashes;
}

/** Puts, deletes, transactions, leases, large values, and a compaction of the first half. */
async function load(
  clients: readonly TestClient[],
  range: { readonly from: number; readonly to: number },
): Promise<void> {
  const [{ kv, lease }] = clients as [TestClient];
  let next = range.from;
  let revision: string | undefined;
  const work = async (): Promise<void> => {
    for (let i = next++; i < range.to; i = next++) {
      const key = bytes(`key/${i % 60}`);
      const value = bytes(`${i} `.repeat(40));
      if (i % 23 === 0) await kv.DeleteRange({ key, range_end: bytes(`key/${(i % 60) + 2}`) });
      else if (i % 29 === 0) {
        const { ID } = await lease.LeaseGrant({ TTL: 100_000 });
        await kv.Put({ key: bytes(`leased/${i % 20}`), value, lease: ID });
        if (i % 3 === 0) await lease.LeaseRevoke({ ID });
      } else if (i % 7 === 0) {
        await kv.Txn({
          success: [{ request_put: { key, value } }, { request_put: { key: bytes(`also/${i % 9}`), value } }],
        });
      } else {
        const { header } = await kv.Put({ key, value });
        revision = header?.revision?.toString();
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  // At once, so that they are one batch of the state, and large enough for a file of values.
  const large = Array.from({ length: 12 }, (_, i) => ({
    key: bytes(`large/${i}`),
    value: bytes('large '.repeat(1500)),
  }));
  await Promise.all(large.map((request) => kv.Put(request)));
  if (revision !== undefined) await kv.Compact({ revision: Number(revision) - 100 });
}

export async function equalState(clients: readonly TestClient[]): Promise<void> {
  await until(async () => {
    const statuses = await Promise.all(
      clients.map(({ maintenance }) => maintenance.Status({}, { waitForReady: true })),
    );
    return new Set(statuses.map(({ raftAppliedIndex }) => raftAppliedIndex.toString())).size === 1;
  });
}
