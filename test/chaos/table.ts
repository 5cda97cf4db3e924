/** What rounds came to, as lines of a table. */
import type { RollingReport } from './rolling.ts';
import type { RoundReport } from './round.ts';

const columns = ['seed', 'members', 'operations', 'unknown', 'events', 'leases', 'snapshots', 'longest gap'] as const;

export function headLine(): string {
  return [...columns.map((name) => name.padStart(11)), '  verdicts; faults'].join(' ');
}

export function roundLine(report: RoundReport): string {
  const { seed, members, operations, unknown, events, leases, snapshots, longestGapMs } = report;
  const numbers = [seed, members, operations, unknown, events, leases, snapshots, `${Math.round(longestGapMs)} ms`];
  const faults = [...report.faults].map(([name, count]) => `${name} ${count}`).join(', ');
  return [...numbers.map((value) => String(value).padStart(11)), `  ${verdictText(report)}; ${faults}`].join(' ');
}

function verdictText({ verdicts, isDecided }: RoundReport): string {
  const wrong = Object.entries(verdicts).filter(([, lines]) => lines.length > 0);
  if (wrong.length === 0 && !isDecided) return 'all else holds, too much unknown to find an order';
  return wrong.length === 0 ? 'all hold' : `WRONG: ${wrong.map(([question]) => question).join(', ')}`;
}

/** What is wrong, and how to see it again. */
export function failureLines({ seed, members, verdicts, kept }: RoundReport): readonly string[] {
  const wrong = Object.entries(verdicts).flatMap(([question, lines]) =>
    lines.slice(0, 5).map((line) => `${question}: ${line}`),
  );
  return wrong.length === 0
    ? []
    : [...wrong, `again: make chaos SEED=${seed} MEMBERS=${members}; history: ${kept ?? ''}`];
}

export function rollingLine({ killed, podsCreated, longestRolloutMs, wrong }: RollingReport): string {
  const verdict = wrong.length === 0 ? 'all hold' : `WRONG: ${wrong.join(', ')}`;
  const longest = `longest rollout ${Math.round(longestRolloutMs)} ms`;
  return `rolling: killed ${killed.join(', ')}; ${podsCreated} pods created; ${longest}; ${verdict}`;
}
