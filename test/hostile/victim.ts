/** The member that is attacked, as a process, and what must hold after each attack: it runs, serves, and noticed no bug. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type ClusterPlan,
  type MemberProcess,
  type TestClient,
  connect,
  planCluster,
  spawnMember,
  stopProcess,
} from '@flotilla/brain/test/cluster';
import { flotillaCommand } from '../e2e/cluster.ts';
import type { MemoryAnswer } from './memory-hook.ts';

/** Small, so that what is too large is soon reached. */
export const maxRequestBytes = 256 * 1024;

const hook = fileURLToPath(new URL('memory-hook.js', import.meta.url));
const command = ['--expose-gc', `--import=${hook}`, flotillaCommand, 'brain'];

export interface Victim {
  readonly plan: ClusterPlan;
  readonly clientPort: number;
  readonly peerPort: number;
  /** Resident memory, MiB. */
  residentMebibytes(): number;
  /** In use without what is garbage, MiB. */
  usedMebibytes(): Promise<number>;
  /** Lines that tell of a bug: a handler that threw what it did not mean to. */
  bugs(): readonly string[];
  /** Puts and reads a key; throws when the member does not serve. */
  probe(): Promise<void>;
}

export interface Teardown {
  teardown(end: () => Promise<void>): void;
}

/** @param size of the cluster; the first member is the victim. */
export async function startVictim(t: Teardown, size = 1): Promise<Victim> {
  const plan = await planCluster(size, { 'max-request-bytes': maxRequestBytes });
  const members = plan.members.map((member) => spawnMember(member, {}, command));
  const client = connect(plan.endpoints[0] ?? '');
  t.teardown(async () => {
    client.close();
    await Promise.all(members.map((member) => stopProcess(member)));
    await plan.clean();
  });
  await Promise.all(members.map((member) => member.ready));
  const [process] = members as [MemberProcess];
  const [{ clientPort, peerPort }] = plan.members as [ClusterPlan['members'][number]];
  let probes = 0;
  return {
    plan,
    clientPort,
    peerPort,
    residentMebibytes: () => residentMebibytes(process.child.pid ?? 0),
    usedMebibytes: () => usedMebibytes(process.child),
    bugs: () => process.log.filter((line) => /a handler failed|an HTTP request failed|"level":"error"/.test(line)),
    async probe() {
      if (process.child.exitCode !== null) throw new Error(`the member ended:\n${process.log.slice(-20).join('\n')}`);
      await probe(client, `probe ${++probes}`);
    },
  };
}

async function probe({ kv, maintenance }: TestClient, text: string): Promise<void> {
  // Attackers may have raised alarms, in the name of any member, which is anybody's right.
  const { alarms } = await maintenance.Alarm({ action: 0 }, { waitForReady: true });
  for (const { memberID, alarm } of alarms) {
    await maintenance.Alarm({ action: 2, memberID: memberID ?? null, alarm: alarm ?? null });
  }
  const [key, value] = [Buffer.from('probe'), Buffer.from(text)];
  await kv.Put({ key, value });
  const { kvs } = await kv.Range({ key });
  if (Buffer.compare(kvs[0]?.value ?? Buffer.alloc(0), value) !== 0) throw new Error('a probe read another value');
}

function residentMebibytes(pid: number): number {
  const kibibytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) / 1024;
}

/** Asked twice: what the first collection frees lets the second free more. */
async function usedMebibytes(child: ChildProcess): Promise<number> {
  let usedBytes = 0;
  for (let time = 0; time < 2; time++) {
    const answered = new Promise<number>((resolve) => {
      const take = (message: unknown): void => {
        if ((message as MemoryAnswer).type !== 'memory') return;
        child.off('message', take);
        resolve((message as MemoryAnswer).usedBytes);
      };
      child.on('message', take);
    });
    child.send('memory');
    usedBytes = await answered;
  }
  return usedBytes / 1024 ** 2;
}
