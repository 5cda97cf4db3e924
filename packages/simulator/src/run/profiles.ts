/**
 * Directed mixes: each bends what a seed has drawn towards one kind of trouble that an even mix seldom comes to. A seed takes
 * one of them or none.
 */
import type { Chance } from '../world/chance.ts';
import type { Moment } from './moments.ts';
import type { FaultName, Plan } from './plan.ts';

export const profileNames = [
  'even',
  'deposed leaders',
  'laggards',
  'restarts',
  'truncations',
  'compactions',
  'one slow disk',
  'overtaking',
] as const;

export type ProfileName = (typeof profileNames)[number];

type Bend = (plan: Plan, chance: Chance) => Partial<Plan>;

const weights = (faults: Partial<Record<FaultName, number>>): Plan['faults'] =>
  Object.entries(faults).map(([fault, weight]) => [weight, fault as FaultName]);

/** At the moments that are named, often; at the others, now and then. */
function preferring(preferred: readonly Moment[]): Plan['moments'] {
  return [
    ...preferred.map((moment) => [4, moment] as const),
    ...(['logWrite', 'witnessWrite', 'stateWrite', 'vote', 'election'] as const).map((moment) => [1, moment] as const),
  ];
}

const bends: Readonly<Record<ProfileName, Bend>> = {
  even: () => ({}),

  /** Leaders that do not know yet that they are none, with clients that go on talking to them. */
  'deposed leaders': ({ settings, network, clients }, chance) => ({
    settings: settings.map((one) => ({ ...one, heartbeatMs: 20 })),
    faults: weights({ pause: 3, reject: 4, handOverAndCutOff: 3, cutOff: 1, partitionOneWay: 1 }),
    faultEveryMs: chance.magnitude(200, 800),
    faultForMs: [200, 3000],
    leaderShare: 0.9,
    network: { ...network, latencyMs: chance.magnitude(0.1, 2) },
    thinkMs: 3 * clients,
    renewalsAtLeader: 0.9,
    leases: 3,
  }),

  /** News reach one member much later than the others. */
  laggards: ({ network, clients }, chance) => ({
    faults: weights({ slowLink: 6, slowLinkFromLeader: 12, partitionOneWay: 1, kill: 1, losePower: 1 }),
    faultEveryMs: chance.magnitude(200, 600),
    faultForMs: [500, 3000],
    network: { ...network, latencyMs: chance.magnitude(0.2, 1) },
    thinkMs: 3 * clients,
  }),

  /** Members that die and are back before the others have noticed, while they vote. */
  restarts: (_plan, chance) => ({
    faults: weights({ kill: 4, losePower: 6, campaign: 4, losePowerOfAll: 1, stop: 1 }),
    faultEveryMs: chance.magnitude(50, 300),
    faultForMs: [1, 60],
    moments: preferring(['vote', 'election', 'witnessWrite']),
  }),

  /** Leaders that are cut off with entries that nobody else has, and come back to lose them. */
  truncations: ({ clients }, chance) => ({
    faults: weights({ cutOff: 6, partition: 2, reject: 3, losePower: 4, kill: 2 }),
    faultEveryMs: chance.magnitude(150, 500),
    faultForMs: [100, 1500],
    leaderShare: 0.8,
    thinkMs: 3 * clients,
    moments: preferring(['truncation']),
  }),

  /** Logs that are short, so that who was away needs a snapshot. */
  compactions: (plan, chance) => ({
    settings: plan.settings.map((settings) => ({ ...settings, snapshotCount: 20, catchUpEntries: 1 })),
    segmentBytes: 4096,
    faults: weights({ losePower: 5, kill: 4, cutOff: 4, losePowerOfAll: 2, slowDisk: 1, stop: 1 }),
    leaderShare: 0.6,
    faultEveryMs: chance.magnitude(200, 600),
    faultForMs: [200, 2000],
    moments: preferring(['install', 'snapshot', 'stateWrite']),
  }),

  /** One member's disk is far behind its memory. */
  'one slow disk': ({ driveSpeeds }, chance) => ({
    driveSpeeds: driveSpeeds.map(({ writeMs, syncMs }, i) => ({
      writeMs,
      syncMs: i === 0 ? 100 + 50 * syncMs : syncMs,
    })),
    faults: weights({ losePower: 6, kill: 1, stallDisk: 2, slowDisk: 1, losePowerOfAll: 2 }),
    faultEveryMs: chance.magnitude(200, 800),
    faultForMs: [10, 500],
    moments: preferring(['stateWrite', 'logWrite']),
  }),

  /** Messages that come late, twice and in any order. */
  overtaking: ({ network }, chance) => ({
    network: { ...network, manner: 'parcels', latencyMs: chance.magnitude(1, 20), lossShare: 0.03, doubleShare: 0.2 },
    faults: weights({ slowLink: 6, kill: 1, losePower: 1, cutOff: 2, partition: 1 }),
    faultEveryMs: chance.magnitude(200, 800),
  }),
};

export function bend(plan: Plan, profile: ProfileName, chance: Chance): Plan {
  return { ...plan, ...bends[profile](plan, chance), profile };
}
