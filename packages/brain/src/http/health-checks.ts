/** The checks behind `/livez` and `/readyz`. */
import { messageOf } from '@flotilla/base';
import type { Member } from '../member/member.ts';

export interface HealthCheck {
  readonly name: string;
  /** Throws what is wrong. */
  run(): Promise<void> | void;
}

function serializableRead({ machine }: Member): HealthCheck {
  return {
    name: 'serializable_read',
    run() {
      const outcome = machine.store.range({ key: Buffer.of(0), limit: 1 });
      if (!outcome.ok) throw new Error(outcome.error.code);
    },
  };
}

export function livenessChecks(member: Member): readonly HealthCheck[] {
  return [serializableRead(member)];
}

export function readinessChecks(member: Member): readonly HealthCheck[] {
  return [
    serializableRead(member),
    {
      name: 'linearizable_read',
      run() {
        if (!member.leadership.known) throw new Error('etcdserver: no leader');
        return member.reads.confirm();
      },
    },
  ];
}

/** The report has a line a check. */
export async function runChecks(
  checks: readonly HealthCheck[],
): Promise<{ readonly healthy: boolean; readonly report: string }> {
  const problems = await Promise.all(checks.map(problemOf));
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
