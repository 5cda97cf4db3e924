/** What a seed decides before anything happens: the cluster, its options, the manner of its world, and how much of what goes wrong. */
import { type BrainSettings, brainSettings } from '@flotilla/brain';
import type { RaftOptions } from '@flotilla/raft';
import type { DriveSpeed } from '../disk/drive.ts';
import type { NetworkPlan } from '../network/network.ts';
import { Chance } from '../world/chance.ts';
import type { Moment } from './moments.ts';
import { type MembershipPlan, drawMembershipPlan } from './membership-plan.ts';
import { type PlotName, bendToPlot, drawPlot } from './plot-names.ts';
import { type ProfileName, bend, profileNames } from './profiles.ts';

export const faultNames = [
  'kill',
  'stop',
  'losePower',
  'losePowerOfAll',
  'pause',
  'partition',
  'partitionOneWay',
  'cutOff',
  'reject',
  'handOverAndCutOff',
  'campaign',
  'slowLink',
  'slowLinkFromLeader',
  'slowDisk',
  'stallDisk',
  'fullDisk',
  'failSync',
  'moveWallClock',
  'damage',
  'rollBack',
] as const;

export type FaultName = (typeof faultNames)[number];

/** How much raft sends, and hands out, at a time. */
export type RaftLimits = Pick<RaftOptions, 'maxMessageBytes' | 'maxInflightMessages' | 'maxCommittedBytes'>;

export interface Plan {
  readonly seed: number;
  readonly profile: ProfileName;
  readonly settings: readonly BrainSettings[];
  readonly network: NetworkPlan;
  /** Of each member. */
  readonly driveSpeeds: readonly DriveSpeed[];
  /** How long a turn of a member's event loop takes. */
  readonly turnMs: number;
  /** How far the pace of a member's clock may be from the world's, as a share. */
  readonly drift: number;
  readonly segmentBytes: number;
  readonly raftLimits: RaftLimits;
  /** Kinds of fault and their weights. */
  readonly faults: readonly (readonly [weight: number, fault: FaultName])[];
  /** Time from one fault to the next. */
  readonly faultEveryMs: number;
  /** How long a fault lasts: at least, at most. */
  readonly faultForMs: readonly [number, number];
  /** Share of the faults that strike the leader. */
  readonly leaderShare: number;
  /** When members die, and the weights. */
  readonly moments: readonly (readonly [weight: number, moment: Moment])[];
  readonly clients: number;
  readonly keys: number;
  /** Mean time between two operations of a client. */
  readonly thinkMs: number;
  /** As many operations follow each other at once. */
  readonly burst: number;
  readonly leases: number;
  /** Share of the renewals that go to a member that calls itself leader. */
  readonly renewalsAtLeader: number;
  readonly watchers: number;
  /** Clients that compete for a lock. */
  readonly locks: number;
  /** Clients that stand for election. */
  readonly candidates: number;
  /** Absent: the members stay. */
  readonly membership: MembershipPlan | undefined;
  readonly plot: PlotName | undefined;
  /** Clients look for a leader that is deposed and does not know it, to renew their leases there. */
  readonly seeksDeposed: boolean;
  /** Followers write a single entry on the spot, as they do where the disk is fast. */
  readonly writesOnTheSpot: boolean;
  /** Authentication is on, and permissions change. */
  readonly hasUsers: boolean;
  /** The quota is small: now and then the space ends. */
  readonly hasLittleSpace: boolean;
  /** Share of the clients' answers that never arrive. */
  readonly lostAnswers: number;
  /** Acknowledged operations that end the safety phase, and how long it lasts at least. */
  readonly operations: number;
  readonly safetyMs: number;
}

export function drawPlan(seed: number, chance: Chance): Plan {
  const membership = drawMembershipPlan(Chance.about(seed, 'membership'), Chance.about(seed, 'disks of members'));
  const even = drawEvenPlan(seed, chance, membership);
  // What needs a majority to overtake a leader needs one.
  const profile = even.settings.length >= 3 && chance.happens(0.6) ? chance.pick(profileNames) : 'even';
  const bent = bend(even, profile, chance);
  const plan = bent.seeksDeposed && profile === 'deposed leaders' ? seeking(bent) : bent;
  const plot = drawPlot(plan, Chance.about(seed, 'plot'));
  return bendToPlot(membership ? changing(plan, membership) : plan, plot);
}

/** Leaders are stopped for long, and then left alone for long: each change of leader would give the leases more time. */
function seeking(plan: Plan): Plan {
  const faults: Plan['faults'] = [
    [3, 'pause'],
    [1, 'handOverAndCutOff'],
    [1, 'reject'],
  ];
  return { ...plan, faults, faultEveryMs: 1500, faultForMs: [1000, 2500], leaderShare: 1 };
}

/**
 * Of a plan with changing members: disks are lost by those who know whom the others can spare, and one disk is as fast as the
 * others, because it may come to be in every majority, or is not too slow for that; dying while they change comes to it.
 */
function changing(plan: Plan, { disks }: MembershipPlan): Plan {
  const faults = plan.faults.filter(([, fault]) => fault !== 'damage' && fault !== 'rollBack');
  const moments = [...plan.moments, [4, 'reconfiguration'] as const];
  const usual = plan.driveSpeeds.at(-1) as DriveSpeed;
  const first = disks === 'slow' ? slowButElecting(plan) : usual;
  const driveSpeeds = plan.driveSpeeds.map((_, i) => (i === 0 ? first : usual));
  // A disk is lost once nobody can come to need it: that takes time.
  const safetyMs = disks === 'lost' ? 15_000 : plan.safetyMs;
  return { ...plan, driveSpeeds, safetyMs, faults: [...faults, [2, 'kill'], [2, 'losePower'], [2, 'cutOff']], moments };
}

/** Two voters, of which it is one, still elect a leader: a candidate's own vote and the other's are durable before the next tries. */
export function slowButElecting({ driveSpeeds, settings }: Pick<Plan, 'driveSpeeds' | 'settings'>): DriveSpeed {
  const { writeMs, syncMs } = driveSpeeds.at(-1) as DriveSpeed;
  const { heartbeatMs, electionTicks } = settings[0] as BrainSettings;
  return { writeMs, syncMs: Math.max(syncMs, (heartbeatMs * electionTicks) / 10) };
}

function drawEvenPlan(seed: number, chance: Chance, membership: MembershipPlan | undefined): Plan {
  const drawnSize = chance.pickWeighted([
    [1, 1],
    [1, 2],
    [8, 3],
    [1, 4],
    [5, 5],
    [1, 6],
    [1, 7],
  ]);
  const size = membership?.size ?? drawnSize;
  const hasLittleSpace = chance.happens(0.15);
  const driveSpeed = { writeMs: chance.magnitude(0.01, 0.5), syncMs: chance.magnitude(0.1, 10) };
  const clients = chance.within(4, 12);
  const faults = chance
    .shuffle(faultNames)
    .slice(0, chance.within(4, faultNames.length))
    .map((fault) => [chance.magnitude(1, 10), fault] as const);
  // Nothing else makes a member that is alone lead anew.
  if (size === 1) faults.push([10, 'kill']);
  return {
    seed,
    profile: 'even',
    settings: drawSettings(size, { hasLittleSpace, membership }, chance),
    network: {
      manner: chance.happens(0.5) ? 'streams' : 'parcels',
      latencyMs: chance.magnitude(0.1, 10),
      lossShare: chance.happens(0.5) ? chance.magnitude(0.001, 0.1) : 0,
      doubleShare: chance.happens(0.5) ? chance.magnitude(0.001, 0.1) : 0,
    },
    driveSpeeds: Array.from({ length: size }, () => driveSpeed),
    turnMs: chance.magnitude(0.01, 0.3),
    drift: chance.happens(0.5) ? chance.magnitude(0.0001, 0.02) : 0,
    segmentBytes: Math.floor(chance.magnitude(4096, 1024 * 1024)),
    raftLimits: chance.happens(0.5) ? drawRaftLimits(chance) : {},
    faults,
    faultEveryMs: chance.magnitude(300, 2000),
    faultForMs: [50, 3000],
    leaderShare: 0.5,
    moments: [
      [4, 'logWrite'],
      [1, 'witnessWrite'],
      [1, 'stateWrite'],
      [1, 'vote'],
      [1, 'election'],
      [1, 'truncation'],
      [1, 'snapshot'],
      [1, 'install'],
    ],
    clients,
    keys: chance.within(3, 16),
    // A hundred to five hundred operations a second, whatever the members could do.
    thinkMs: chance.magnitude(2, 10) * clients,
    burst: chance.within(1, 20),
    leases: chance.within(1, 3),
    renewalsAtLeader: 0.5,
    watchers: chance.within(1, 4),
    locks: chance.pick([0, 0, 2, 3]),
    candidates: Chance.about(seed, 'elections').pick([0, 0, 0, 2, 3]),
    membership,
    plot: undefined,
    seeksDeposed: Chance.about(seed, 'renewals').happens(0.3),
    writesOnTheSpot: Chance.about(seed, 'writes on the spot').happens(0.25),
    hasUsers: chance.happens(0.25),
    hasLittleSpace,
    lostAnswers: chance.happens(0.5) ? chance.magnitude(0.001, 0.03) : 0,
    operations: 1000,
    safetyMs: 5000,
  };
}

/** Small enough that what usually travels together is torn apart. */
function drawRaftLimits(chance: Chance): RaftLimits {
  return {
    maxMessageBytes: Math.floor(chance.magnitude(50, 5000)),
    maxInflightMessages: chance.within(1, 16),
    maxCommittedBytes: Math.floor(chance.magnitude(50, 5000)),
  };
}

function drawSettings(
  size: number,
  { hasLittleSpace, membership }: Pick<Plan, 'hasLittleSpace' | 'membership'>,
  chance: Chance,
): BrainSettings[] {
  const heartbeatMs = chance.pick([20, 50, 50, 100, 100]);
  const peerUrl = (i: number): string => `http://127.0.0.1:${2380 + i}`;
  const names = Array.from({ length: size }, (_, i) => `m${i + 1}`);
  const shared = {
    'initial-cluster': names.map((name, i) => `${name}=${peerUrl(i)}`).join(','),
    'heartbeat-interval': heartbeatMs,
    'election-timeout': heartbeatMs * chance.within(5, 10),
    'snapshot-count': Math.floor(chance.magnitude(20, 2000)),
    'snapshot-catchup-entries': Math.floor(chance.magnitude(1, 200)),
    'watch-progress-notify-interval': `${chance.pick([100, 300, 1000])}ms`,
    'pre-vote': chance.happens(0.8),
    'max-learners': membership?.maxLearners ?? 1,
    'strict-reconfig-check': membership?.isStrict ?? true,
    ...(hasLittleSpace && { 'quota-backend-bytes': 10_000 }),
  };
  return names.map((name, i) => ({
    ...brainSettings({
      name,
      'data-dir': `/${name}`,
      'listen-peer-urls': [peerUrl(i)],
      'initial-advertise-peer-urls': [peerUrl(i)],
      ...shared,
    }),
    // Who calls is known by a certificate; the network of a simulation needs no TLS to show one.
    clientCertAuth: true,
  }));
}
