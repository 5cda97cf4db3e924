/** What rounds came to, as lines of a table. */
import type { RollingReport } from './rolling.ts';
import type { RoundReport } from './round.ts';
import type { Round } from './rounds.ts';

const columns = [
  'seed',
  'members',
  'operations',
  'unknown',
  'events',
  'leases',
  'snapshots',
  'compacted',
  'longest gap',
] as const;

export function headLine(): string {
  return [...columns.map((name) => name.padStart(11)), '  verdicts; what happened'].join(' ');
}

export function roundLine({ report, inNamespaces }: Round): string {
  const { seed, members, operations, unknown, events, leases, snapshots, compactedRevision, longestGapMs } = report;
  const numbers = [
    seed,
    members,
    operations,
    unknown,
    events,
    leases,
    snapshots,
    compactedRevision,
    `${Math.round(longestGapMs)} ms`,
  ];
  const faults = [...report.happened].map(([name, count]) => `${name} ${count}`).join(', ');
  return [
    ...numbers.map((value) => String(value).padStart(11)),
    `  ${inNamespaces ? 'in namespaces, ' : ''}${verdictText(report)}; ${faults}`,
  ].join(' ');
}

function verdictText({ verdicts, isDecided }: RoundReport): string {
  const wrong = Object.entries(verdicts).filter(([, lines]) => lines.length > 0);
  if (wrong.length === 0 && !isDecided) return 'all else holds, too much unknown to find an order';
  return wrong.length === 0 ? 'all hold' : `WRONG: ${wrong.map(([question]) => question).join(', ')}`;
}

/** What is wrong, and how to see it again. */
export function failureLines({ report, inNamespaces }: Round): readonly string[] {
  const { seed, members, verdicts, kept } = report;
  const wrong = Object.entries(verdicts).flatMap(([question, lines]) =>
    lines.slice(0, 5).map((line) => `${question}: ${line}`),
  );
  return wrong.length === 0
    ? []
    : [
        ...wrong,
        `again: make chaos SEED=${seed} MEMBERS=${members} NAMESPACES=${inNamespaces ? 'all' : 'none'}; history: ${kept ?? ''}`,
      ];
}

export function rollingLine({ killed, podsCreated, longestRolloutMs, wrong }: RollingReport): string {
  const verdict = wrong.length === 0 ? 'all hold' : `WRONG: ${wrong.join(', ')}`;
  const longest = `longest rollout ${Math.round(longestRolloutMs)} ms`;
  return `rolling: killed ${killed.join(', ')}; ${podsCreated} pods created; ${longest}; ${verdict}`;
}
