/** `--feature-gates`: those of etcd 3.7 are known, and some of them change something here. */

/** What is off here unless its gate is on: alpha, all of them. */
export const gates = ['InitialCorruptCheck', 'CompactHashCheck'] as const;
export type Gate = (typeof gates)[number];

/**
 * What is as it is here, whatever they say: members checkpoint leases and answer renewals at once, a defragmentation stops nobody,
 * there is one kind of write transaction and of request, and peers are called from the address that the system picks.
 */
const idleGates: readonly string[] = [
  'FastLeaseKeepAlive',
  'LeaseCheckpoint',
  'LeaseCheckpointPersist',
  'PriorityRequest',
  'SetMemberLocalAddr',
  'StopGRPCServiceOnDefrag',
  'TxnModeWriteWithSharedBuffer',
  // Both beta features are among these.
  'AllBeta',
];

/** Stands for each alpha gate that is not named itself, before it or after. */
const allAlpha = 'AllAlpha';

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

const known: readonly string[] = [...gates, ...idleGates, allAlpha];

export const gatesHelp =
  `What is off unless told, as NAME=true,…: ${gates.join(', ')}, and ${allAlpha} for both; ` +
  'the other gates of etcd 3.7 are taken and change nothing';

export interface FeatureGates {
  readonly on: ReadonlySet<Gate>;
  /** Those that were named and change nothing. */
  readonly idle: readonly string[];
}

/** What `NAME=true,NAME=false,…` says, or what is wrong with it; of a gate that is named twice, the last word counts. */
export function parseGates(text: string): FeatureGates | string {
  const given = new Map<string, boolean>();
  for (const pair of text.split(',').filter((part) => part !== '')) {
    const [name = '', ...words] = pair.split('=').map((part) => part.trim());
    if (!known.includes(name)) return `"${name}" is none of the feature gates ${known.join(', ')}`;
    const value = booleans.get(words.join('='));
    if (value === undefined) return `"${pair}" says neither ${name}=true nor ${name}=false`;
    given.set(name, value);
  }
  const isOn = (gate: Gate): boolean => given.get(gate) ?? given.get(allAlpha) ?? false;
  return { on: new Set(gates.filter(isOn)), idle: [...given.keys()].filter((name) => idleGates.includes(name)) };
}
