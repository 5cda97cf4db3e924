/** The flags that turn corruption checks on: etcd's names and defaults. */
import type { OptionTable, OptionValues } from '@flotilla/base';
import { durationMs, durationProblem } from '../duration.ts';

const gates = ['InitialCorruptCheck', 'CompactHashCheck'] as const;
type Gate = (typeof gates)[number];

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
    help: `What is off unless told, as NAME=true,…: ${gates.join(', ')}`,
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
  const on = parseGates(values['feature-gates']);
  const isOn = (gate: Gate): boolean => typeof on !== 'string' && on.has(gate);
  return {
    atStart: isOn('InitialCorruptCheck'),
    everythingMs: durationMs(values['corrupt-check-time']) ?? 0,
    compactedMs: isOn('CompactHashCheck') ? (durationMs(values['compact-hash-check-time']) ?? 0) : 0,
  };
}

/** The gates that are on, or what is wrong with the text. */
function parseGates(text: string): ReadonlySet<Gate> | string {
  const on = new Set<Gate>();
  for (const pair of text.split(',').map((part) => part.trim())) {
    if (pair === '') continue;
    const [name = '', value] = pair.split('=', 2);
    const gate = gates.find((known) => known === name);
    if (!gate) return `"${name}" is none of the feature gates ${gates.join(', ')}`;
    if (value !== 'true' && value !== 'false') return `"${pair}" says neither ${name}=true nor ${name}=false`;
    if (value === 'true') on.add(gate);
    else on.delete(gate);
  }
  return on;
}
