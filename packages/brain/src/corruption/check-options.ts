/** The flags that turn corruption checks on: etcd's names and defaults. */
import type { OptionTable, OptionValues } from '@flotilla/base';
import { durationMs, durationProblem } from '../duration.ts';
import { type Gate, gatesHelp, parseGates } from '../feature-gates.ts';

export const corruptionOptionTable = {
  'corrupt-check-time': {
    kind: 'string',
    default: '0s',
    check: durationProblem,
    help: 'Time between comparisons of what the members have stored; 0s turns them off',
  },
  'compact-hash-check-time': {
    kind: 'string',
    default: '1m0s',
    check: durationProblem,
    help: 'Time between comparisons of what compactions left, with the gate CompactHashCheck',
  },
  'feature-gates': {
    kind: 'string',
    default: '',
    check(value) {
      const parsed = parseGates(value);
      return typeof parsed === 'string' ? parsed : undefined;
    },
    help: gatesHelp,
    placeholder: 'NAME=BOOL,…',
  },
} as const satisfies OptionTable;

/** Milliseconds between checks; 0 is never. */
export interface CorruptionSettings {
  readonly atStart: boolean;
  readonly everythingMs: number;
  readonly compactedMs: number;
}

export function corruptionSettings(values: OptionValues<typeof corruptionOptionTable>): CorruptionSettings {
  const gates = parseGates(values['feature-gates']);
  const isOn = (gate: Gate): boolean => typeof gates !== 'string' && gates.on.has(gate);
  return {
    atStart: isOn('InitialCorruptCheck'),
    everythingMs: durationMs(values['corrupt-check-time']) ?? 0,
    compactedMs: isOn('CompactHashCheck') ? (durationMs(values['compact-hash-check-time']) ?? 0) : 0,
  };
}
