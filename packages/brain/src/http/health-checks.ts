/** The checks behind `/livez`, `/readyz` and `/health`. */
import { messageOf } from '@flotilla/base';
import { root } from '@flotilla/store';
import { etcdserverpb } from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import { isLearner } from '../services/learner-rules.ts';

const fullDisk = 'no room on the disk of the data directory: make room, and the member goes on';

const { CORRUPT } = etcdserverpb.AlarmType;

export interface HealthCheck {
  readonly name: string;
  /** Throws what is wrong. */
  run(): Promise<void> | void;
}

function serializableRead({ machine }: Member): HealthCheck {
  return {
    name: 'serializable_read',
    run() {
      const { store } = machine;
      // Whoever asks after the member's health learns nothing of its keys.
      const outcome = store.range({ key: Buffer.of(0), limit: 1 }, { name: root, authRevision: store.auth.revision });
      if (!outcome.ok) throw new Error(outcome.error.code);
    },
  };
}

export function livenessChecks(member: Member): readonly HealthCheck[] {
  return [serializableRead(member)];
}

export function readinessChecks(member: Member): readonly HealthCheck[] {
  return [
    {
      name: 'data_corruption',
      run() {
        if (member.machine.store.alarms.list(CORRUPT).length > 0) throw new Error('alarm activated: CORRUPT');
      },
    },
    serializableRead(member),
    {
      name: 'linearizable_read',
      run() {
        if (!member.leadership.known) throw new Error('etcdserver: no leader');
        return member.reads.confirm();
      },
    },
    {
      name: 'non_learner',
      run() {
        if (isLearner(member)) throw new Error('not supported for learner');
      },
    },
  ];
}

/** etcd has no such check, so it is there only when it fails. */
export function diskChecks(member: Member): readonly HealthCheck[] {
  if (!member.waitsForRoom) return [];
  return [
    {
      name: 'disk_room',
      run() {
        throw new Error(fullDisk);
      },
    },
  ];
}

/** The report has a line a check. @param onResult told of each */
export async function runChecks(
  checks: readonly HealthCheck[],
  onResult: (name: string, isHealthy: boolean) => void,
): Promise<{ readonly healthy: boolean; readonly report: string }> {
  const problems = await Promise.all(checks.map(problemOf));
  for (const [i, { name }] of checks.entries()) onResult(name, problems[i] === undefined);
  const lines = checks.map(({ name }, i) =>
    problems[i] === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problems[i]}`,
  );
  return { healthy: problems.every((problem) => problem === undefined), report: `${lines.join('\n')}\n` };
}

async function problemOf(check: HealthCheck): Promise<string | undefined> {
  try {
    await check.run();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Why `/health` says no; empty when it says yes. */
export async function healthProblem(
  member: Member,
  { serializable, excludedAlarms }: { readonly serializable: boolean; readonly excludedAlarms: ReadonlySet<string> },
): Promise<string> {
  const { machine, leadership, reads } = member;
  for (const { type } of machine.store.alarms.list()) {
    const name = etcdserverpb.AlarmType[type] ?? 'UNKNOWN';
    if (!excludedAlarms.has(name)) return `ALARM ${name}`;
  }
  if (serializable) return '';
  if (member.waitsForRoom) return `DISK FULL: ${fullDisk}`;
  if (!leadership.known) return 'RAFT NO LEADER';
  try {
    await reads.confirm();
    return '';
  } catch (error) {
    return `RANGE ERROR:${messageOf(error)}`;
  }
}
