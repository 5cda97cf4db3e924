/** `--feature-gates`: those of etcd 3.7 are known, and some of them change something here. */

/** What is off here unless its gate is on. */
const gates = ['InitialCorruptCheck', 'CompactHashCheck'] as const;
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
];

export const gatesHelp =
  `What is off unless told, as NAME=true,…: ${gates.join(', ')}; ` +
  'the other gates of etcd 3.7 are taken and change nothing';

export interface FeatureGates {
  readonly on: ReadonlySet<Gate>;
  /** Those that were named and change nothing. */
  readonly idle: readonly string[];
}

/** What `NAME=true,NAME=false,…` says, or what is wrong with it; of a gate that is named twice, the last word counts. */
export function parseGates(text: string): FeatureGates | string {
  const on = new Set<Gate>();
  const idle = new Set<string>();
  for (const pair of text.split(',').map((part) => part.trim())) {
    if (pair === '') continue;
    const [name = '', value] = pair.split('=', 2);
    const gate = gates.find((known) => known === name);
    if (!gate && !idleGates.includes(name)) {
      return `"${name}" is none of the feature gates ${[...gates, ...idleGates].join(', ')}`;
    }
    if (value !== 'true' && value !== 'false') return `"${pair}" says neither ${name}=true nor ${name}=false`;
    if (!gate) idle.add(name);
    else if (value === 'true') on.add(gate);
    else on.delete(gate);
  }
  return { on, idle: [...idle] };
}
