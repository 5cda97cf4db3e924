/** Members killed, paused and started again at random, under clients that remember everything. */
import { seededRandomness } from '@flotilla/base';
import { violations } from './chaos-history.ts';
import { putBallast, startLoad, wholeHistory } from './chaos-load.ts';
import { type MemberProcess, planCluster, spawnMember, stopProcess } from './cluster.ts';

export interface ChaosOptions {
  readonly seed: number;
  /** How often something happens to members. */
  readonly blows: number;
  /** What the cluster holds from the beginning, so that a snapshot takes its time. */
  readonly ballastBytes?: number;
  readonly note?: (text: string) => void;
}

export interface ChaosReport {
  readonly changes: number;
  readonly snapshots: number;
  readonly violations: readonly string[];
}

/** Small enough that a member that was away needs a snapshot. */
const memberOptions = { 'snapshot-count': 100, 'snapshot-catchup-entries': 20 };

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, blows, ballastBytes = 0, note = () => undefined } = options;
  const randomness = seededRandomness(seed);
  const random = (): number => randomness.next();
  const plan = await planCluster(3, memberOptions);
  const members: MemberProcess[] = [];
  const logs: string[][] = [];
  const killed = new Set<MemberProcess>();
  const endings: string[] = [];
  const some = (): number => Math.floor(random() * members.length);
  const restart = (i: number): void => {
    const member = plan.members[i];
    if (!member) throw new Error('no such member');
    const started = spawnMember(member);
    members[i] = started;
    logs.push(started.log);
    void started.exited.then((code) => {
      if (!killed.has(started))
        endings.push(`${member.name} ended by itself with ${code}: ${started.log.slice(-3).join('; ')}`);
    });
  };
  const kill = async (i: number, signal: NodeJS.Signals): Promise<void> => {
    const member = members[i];
    if (!member) return;
    killed.add(member);
    await stopProcess(member, signal);
  };
  for (const i of plan.members.keys()) restart(i);
  const snapshotsSent = (): number => logs.flat().filter((line) => line.includes('sending a snapshot')).length;
  const allReady = (): Promise<unknown> => Promise.all(members.map((member) => member.ready));
  const blowsByName: Readonly<Record<string, () => Promise<void>>> = {
    async killOne() {
      const i = some();
      await kill(i, 'SIGKILL');
      await pause(500 * random());
      restart(i);
    },
    async killTwo() {
      const [i, j] = [some(), some()];
      await Promise.all([kill(i, 'SIGKILL'), kill(j, 'SIGKILL')]);
      await pause(300 * random());
      for (const k of new Set([i, j])) restart(k);
    },
    async killAll() {
      await Promise.all(members.map((_, i) => kill(i, 'SIGKILL')));
      for (const i of members.keys()) restart(i);
    },
    async freeze() {
      const { child } = members[some()] ?? {};
      child?.kill('SIGSTOP');
      await pause(2500 * random());
      child?.kill('SIGCONT');
    },
    async stopInGoodOrder() {
      const i = some();
      await kill(i, 'SIGTERM');
      restart(i);
    },
    async killWhileItCatchesUp() {
      const i = some();
      await kill(i, 'SIGKILL');
      await pause(1500);
      for (let again = 0; again < 3; again++) {
        const sent = snapshotsSent();
        restart(i);
        for (let waits = 0; waits < 300 && snapshotsSent() === sent; waits++) await pause(5);
        await pause(ballastBytes / 100_000 + 60 * random());
        await kill(i, 'SIGKILL');
      }
      restart(i);
    },
  };
  try {
    await allReady();
    await putBallast(plan.endpoints[0] ?? '', ballastBytes);
    const load = startLoad(plan.endpoints, random);
    const names = Object.keys(blowsByName);
    for (let blow = 0; blow < blows; blow++) {
      const name = names[Math.floor(random() * names.length)] ?? '';
      note(name);
      await blowsByName[name]?.();
      // Sometimes the next blow falls before the members are back.
      if (random() < 0.6) await allReady();
      await pause(800 * random());
    }
    await allReady();
    const revision = await load.settle();
    await load.stop(revision);
    const histories = await Promise.all(plan.endpoints.map((endpoint) => wholeHistory(endpoint, revision)));
    const [changes = []] = histories;
    const differing = histories.filter((history) => JSON.stringify(history) !== JSON.stringify(changes));
    return {
      changes: changes.length,
      snapshots: logs.flat().filter((line) => line.includes('installed a snapshot')).length,
      violations: [
        ...endings,
        ...violations(load.history, changes),
        ...differing.map(() => 'two members hold different histories'),
      ],
    };
  } finally {
    await Promise.all(members.map((_, i) => kill(i, 'SIGKILL')));
    await plan.clean();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
