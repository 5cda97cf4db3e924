/** `--force-new-cluster`: the last member of a dead cluster goes on alone, with all that it has. As real processes. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { OperatingError } from '@flotilla/base';
import { type Files, brainSettings, createSystemFiles, startBrain } from '@flotilla/brain';
import { fromUnsignedId, openChannel, toId } from '@flotilla/wire';
import {
  type MemberPlan,
  type MemberProcess,
  type TestClient,
  clientOf,
  planCluster,
  spawnMember,
  startMember,
  stopProcess,
  until,
} from './cluster.ts';
import { addMember, planNewcomer, whenHealthy } from './growing.ts';

t.setTimeout(0);

const key = (text: string): Buffer => Buffer.from(text);

interface Started {
  readonly process: MemberProcess;
  readonly client: TestClient;
}

/** Starts members, which end with the test. */
async function started(t: Test, ...plans: readonly MemberPlan[]): Promise<readonly Started[]> {
  const members = plans.map((plan) => {
    const process = spawnMember(plan);
    const target = `127.0.0.1:${plan.clientPort}`;
    const client = clientOf(openChannel({ target, maxReconnectBackoffMs: 100, keepaliveMs: 3_600_000 }));
    t.teardown(async () => {
      client.close();
      await stopProcess(process);
    });
    return { process, client };
  });
  await Promise.all(members.map(({ process }) => process.ready));
  return members;
}

async function startedOne(t: Test, plan: MemberPlan): Promise<Started> {
  const [member] = await started(t, plan);
  if (!member) throw new Error('no member');
  return member;
}

const forced = (plan: MemberPlan): MemberPlan => ({
  ...plan,
  options: { ...plan.options, 'force-new-cluster': true },
});

/** What one member has, as far as it shows. */
interface Holdings {
  readonly id: string;
  readonly cluster: string;
  readonly revision: number;
  readonly pairs: readonly string[];
}

async function holdingsOf({ client }: Pick<Started, 'client'>, options: { serializable: boolean }): Promise<Holdings> {
  const range = { key: key('k'), range_end: key('l'), ...options };
  const { header, kvs } = await client.kv.Range(range, { waitForReady: true });
  const id = (value: Parameters<typeof toId>[0] = 0): string => BigInt.asUintN(64, toId(value)).toString(16);
  const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();
  return {
    id: id(header?.member_id ?? 0),
    cluster: id(header?.cluster_id ?? 0),
    revision: Number(header?.revision ?? 0),
    pairs: kvs.map((kv) => `${text(kv.key)}=${text(kv.value)}@${Number(kv.mod_revision)}#${Number(kv.lease)}`),
  };
}

async function membersOf({ client }: Pick<Started, 'client'>): Promise<string> {
  const { members } = await client.cluster.MemberList({ linearizable: true }, { waitForReady: true });
  return members
    .map(({ name, isLearner }) => `${name}${isLearner ? '?' : ''}`)
    .toSorted()
    .join(' ');
}

/**
 * All die but for one, which then ends in good order: what a member answers may be durable on two others, and not in its
 * own log yet.
 */
async function stopAll(members: readonly Started[], { last }: { readonly last: Started }): Promise<void> {
  await Promise.all(members.filter((member) => member !== last).map(({ process }) => stopProcess(process)));
  await stopProcess(last.process, 'SIGTERM');
}

/** Some writes that leave traces of many kinds. */
async function write({ client }: Started): Promise<void> {
  await client.lease.LeaseGrant({ ID: fromUnsignedId(77n), TTL: 3600 }, { waitForReady: true });
  for (let i = 0; i < 20; i++)
    await client.kv.Put({ key: key(`k${i % 7}`), value: key(`${i}`), lease: i % 2 ? 77 : 0 });
  await client.kv.DeleteRange({ key: key('k3') });
}

for (const options of [{}, { 'snapshot-count': 5, 'snapshot-catchup-entries': 2 }]) {
  const how = 'snapshot-count' in options ? 'with a short log' : 'with the whole log';
  t.test(`a survivor of three goes on alone, ${how}: keys, revisions, leases and ids stay`, async (t) => {
    const plan = await planCluster(3, options);
    t.teardown(plan.clean);
    const cluster = await started(t, ...plan.members);
    const [first, second] = cluster;
    const [, survivorPlan, otherPlan] = plan.members;
    if (!first || !second || !survivorPlan || !otherPlan) throw new Error('no members');
    await write(first);
    const before = await holdingsOf(second, { serializable: false });
    t.equal(before.pairs.length, 6);
    await stopAll(cluster, { last: second });

    const alone = await startedOne(t, forced(survivorPlan));
    t.ok(alone.process.log.some((line) => line.includes('"warn"') && line.includes('this member goes on alone')));
    t.strictSame(await holdingsOf(alone, { serializable: false }), before);
    t.equal(await membersOf(alone), 'm2');
    const { TTL } = await alone.client.lease.LeaseTimeToLive({ ID: fromUnsignedId(77n) });
    t.ok(Number(TTL) > 0, 'the lease lives');
    await alone.client.kv.Put({ key: key('k9'), value: key('alone') });
    await stopProcess(alone.process);

    const again = await startedOne(t, survivorPlan);
    t.notOk(again.process.log.some((line) => line.includes('force-new-cluster')));
    t.equal(await membersOf(again), 'm2', 'a start without the flag is like any other');
    t.match(await holdingsOf(again, { serializable: false }), { id: before.id, revision: before.revision + 1 });

    const newcomer = await addMember(again.client, await planNewcomer(plan, 'new'));
    const grown = await startedOne(t, newcomer.member);
    t.equal(await membersOf(grown), 'm2 new', 'others can be added');
    const [here, there] = [
      await holdingsOf(again, { serializable: false }),
      await holdingsOf(grown, { serializable: false }),
    ];
    t.strictSame(there, { ...here, id: there.id });
    await stopProcess(again.process);
    await stopProcess(grown.process);

    const twice = await startedOne(t, forced(survivorPlan));
    t.equal(await membersOf(twice), 'm2', 'with the flag, they are gone again');
    t.strictSame(await holdingsOf(twice, { serializable: false }), here);
  });
}

t.test('what only this member has is kept: it may have been acknowledged', async (t) => {
  const plan = await planCluster(3);
  t.teardown(plan.clean);
  const cluster = await started(t, ...plan.members);
  const statuses = await Promise.all(cluster.map(({ client }) => client.maintenance.Status({})));
  const at = statuses.findIndex(({ leader, header }) => leader.equals(header?.member_id ?? 0));
  const [leader, leaderPlan] = [cluster[at], plan.members[at]];
  if (!leader || !leaderPlan) throw new Error('nobody leads');
  await leader.client.kv.Put({ key: key('k1'), value: key('known') });
  for (const member of cluster) if (member !== leader) await stopProcess(member.process);
  // The member itself gives up, after it has written it: a client that did might come before the write.
  const late = leader.client.kv.Put({ key: key('k2'), value: key('unknown') });
  await t.rejects(late, { message: /request timed out/ }, 'nobody confirms it');
  await stopAll(cluster, { last: leader });

  const alone = await startedOne(t, forced(leaderPlan));
  const { pairs } = await holdingsOf(alone, { serializable: false });
  t.strictSame(
    pairs.map((pair) => pair.replace(/@.*/, '')),
    ['k1=known', 'k2=unknown'],
  );
});

t.test('a learner gets its vote', async (t) => {
  const plan = await planCluster(1);
  t.teardown(plan.clean);
  const [member] = plan.members;
  if (!member) throw new Error('no member');
  const voter = await startedOne(t, member);
  await write(voter);
  const { member: learnerPlan } = await addMember(voter.client, await planNewcomer(plan, 'learner'), {
    isLearner: true,
  });
  const learner = await startedOne(t, learnerPlan);
  t.equal(await membersOf(voter), 'learner? m1');
  const before = await holdingsOf(voter, { serializable: false });
  await until(async () => (await holdingsOf(learner, { serializable: true })).revision === before.revision);
  await stopAll([voter, learner], { last: learner });

  const alone = await startedOne(t, forced(learnerPlan));
  t.equal(await membersOf(alone), 'learner');
  const after = await holdingsOf(alone, { serializable: false });
  t.strictSame(after, { ...before, id: after.id });
  await alone.client.kv.Put({ key: key('k9'), value: key('alone') });
});

interface CutFiles extends Files {
  /** From now on writes succeed. */
  release(): void;
}

/** Real files whose writes fail from the `count`th on, as those of a process that is killed there. */
function filesUntil(count: number): CutFiles {
  const files = createSystemFiles();
  let left = count;
  return {
    ...files,
    release: () => void (left = Infinity),
    async open(path, mode) {
      const file = await files.open(path, mode);
      return {
        ...file,
        async write(writes) {
          if (--left < 0) throw new Error('killed');
          await file.write(writes);
        },
      };
    },
  };
}

function succeeds(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}

t.test('a start that is cut short anywhere is made good by the next one', async (t) => {
  const plan = await planCluster(3);
  t.teardown(plan.clean);
  const cluster = await started(t, ...plan.members);
  const [, survivor] = cluster;
  const [, survivorPlan] = plan.members;
  if (!survivor || !survivorPlan) throw new Error('no members');
  await write(survivor);
  const before = await holdingsOf(survivor, { serializable: false });
  await stopAll(cluster, { last: survivor });
  const image = join(plan.directory, 'image');
  await cp(survivorPlan.dataDir, image, { recursive: true });
  const seen = new Set<string>();
  let endsBefore = true;
  for (let writes = 0; endsBefore; writes++) {
    await rm(survivorPlan.dataDir, { recursive: true });
    await cp(image, survivorPlan.dataDir, { recursive: true });
    const files = filesUntil(writes);
    endsBefore = await startMember(forced(survivorPlan), { files }).then(
      async (brain) => {
        const hasStarted = await succeeds(Promise.race([brain.ready, brain.stopped]));
        files.release();
        await brain.close();
        return !hasStarted;
      },
      () => true,
    );
    // Without the flag it is of the old cluster, or of the new one, and takes part in that as ever.
    const plain = await startMember(survivorPlan);
    const client = clientOf(openChannel({ target: `127.0.0.1:${survivorPlan.clientPort}` }));
    const { members } = await client.cluster.MemberList({ linearizable: false });
    seen.add(members.length === 1 ? 'alone' : 'not alone');
    if (members.length === 1) await plain.ready;
    await plain.close();
    const again = await startMember(forced(survivorPlan));
    await again.ready;
    t.equal(await membersOf({ client }), 'm2', `cut before write ${writes}`);
    t.strictSame(await holdingsOf({ client }, { serializable: false }), before);
    client.close();
    await again.close();
  }
  t.strictSame([...seen].toSorted(), ['alone', 'not alone']);
});

async function refusal(plan: MemberPlan): Promise<string> {
  try {
    const brain = await startMember(forced(plan));
    await brain.close();
  } catch (error) {
    if (error instanceof OperatingError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'started';
}

t.test('it is refused where there are no data to go on with', async (t) => {
  const plan = await planCluster(1, { 'strict-reconfig-check': false });
  t.teardown(plan.clean);
  const [member] = plan.members;
  if (!member) throw new Error('no member');
  t.match(await refusal(member), /^FORCE_REFUSED .*holds no member's data/);
  const voter = await startedOne(t, member);
  t.equal(await membersOf(voter), 'm1', 'nothing was begun: the cluster can be');
  await stopProcess(voter.process);

  const newcomer = await planNewcomer(plan, 'new');
  const { 'initial-cluster': _, ...options } = newcomer.options;
  const settings = brainSettings({ ...options, 'initial-cluster-state': 'new' });
  // It knows its id, and nobody has sent it a snapshot.
  const waiting = await startBrain({
    settings: { ...settings, membership: { ...settings.membership, isInitial: false } },
  });
  await waiting.close();
  t.match(await refusal({ ...newcomer, options }), /^FORCE_REFUSED .*has never got the cluster's data/);
});

t.test('a member that was removed stays so', async (t) => {
  const plan = await planCluster(3);
  t.teardown(plan.clean);
  const cluster = await started(t, ...plan.members);
  const [first, , third] = cluster;
  const [, , thirdPlan] = plan.members;
  if (!first || !third || !thirdPlan) throw new Error('no members');
  const { id } = await holdingsOf(third, { serializable: true });
  await whenHealthy(() => first.client.cluster.MemberRemove({ ID: fromUnsignedId(BigInt(`0x${id}`)) }));
  await third.process.exited;
  t.match(await refusal(thirdPlan), /^MEMBER_REMOVED/);
});
