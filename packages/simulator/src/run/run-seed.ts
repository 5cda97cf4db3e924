/**
 * One run from one seed. Safety phase: clients work, everything goes wrong that the plan allows, and nothing that was promised
 * may break. Liveness phase: nothing goes wrong any more; within a bounded time the cluster must serve again, all members must
 * agree, every watcher must have seen everything, and every lease that nobody renews must end.
 */
import { type BrainMetrics, createBrainMetrics } from '@flotilla/brain';
import { seededRandomness } from '@flotilla/base';
import { CommitPace } from '../checks/commit-pace.ts';
import { DurableLogs } from '../checks/durable-logs.ts';
import { Ledger } from '../checks/ledger.ts';
import { MembershipModel } from '../checks/membership-model.ts';
import { RaftChecks } from '../checks/raft-checks.ts';
import { Verdict } from '../checks/verdict.ts';
import { AuthClient } from '../clients/auth-client.ts';
import { Calls } from '../clients/calls.ts';
import type { Cast } from '../clients/cast.ts';
import { DiskLosses } from '../clients/disk-losses.ts';
import { ElectionClient } from '../clients/election-client.ts';
import { KeyClient } from '../clients/key-client.ts';
import { LeaseClient } from '../clients/lease-client.ts';
import { LockClient } from '../clients/lock-client.ts';
import { MembershipClient } from '../clients/membership-client.ts';
import { SpaceClient } from '../clients/space-client.ts';
import { WatchClient } from '../clients/watch-client.ts';
import type { DriveSpeed } from '../disk/drive.ts';
import { checkEtcdHistory } from '../linearizability/etcd-check.ts';
import { Network } from '../network/network.ts';
import { PeerPorts } from '../network/peers.ts';
import { Chance } from '../world/chance.ts';
import { type MarkCounts, Marks } from '../world/marks.ts';
import { Scheduler } from '../world/scheduler.ts';
import { Trace } from '../world/trace.ts';
import { CatchingUp } from './catching-up.ts';
import { Fleet } from './fleet.ts';
import { healingBounds } from './healing.ts';
import { Machine } from './machine.ts';
import { Nemesis } from './nemesis.ts';
import { type Plan, drawPlan } from './plan.ts';
import { Plots } from './plots.ts';
import type { ProfileName } from './profiles.ts';
import type { Surroundings } from './surroundings.ts';

/** Plain data: it also travels between threads. */
export interface RunReport {
  readonly seed: number;
  readonly profile: ProfileName;
  /** The first promise that was broken; undefined when all held. */
  readonly violation: string | undefined;
  /** Enough happened for the run to prove something. */
  readonly counts: boolean;
  readonly members: number;
  readonly acknowledged: number;
  readonly leaderChanges: number;
  readonly faultKinds: number;
  readonly virtualMs: number;
  readonly happened: number;
  /** The search for an order gave up. */
  readonly undecided: boolean;
  readonly marks: MarkCounts;
  readonly traceHash: string;
  readonly trace: readonly string[];
}

const longestSafetyMs = 120_000;

// Counters of a process, not of a run: nothing depends on them.
let metrics: BrainMetrics | undefined;

export async function runSeed(seed: number, options: { readonly keepsTrace?: boolean } = {}): Promise<RunReport> {
  const chance = new Chance(seededRandomness(seed));
  const run = new Run(drawPlan(seed, chance.fork()), chance, options.keepsTrace ?? false);
  const rejected = (error: unknown): void => run.rejected(error);
  process.on('unhandledRejection', rejected);
  try {
    return await run.go();
  } finally {
    process.off('unhandledRejection', rejected);
  }
}

class Run {
  readonly #plan: Plan;
  readonly #scheduler = new Scheduler();
  readonly #trace: Trace;
  readonly #marks = new Marks();
  readonly #verdict = new Verdict();
  readonly #ledger: Ledger;
  readonly #pace: CommitPace;
  readonly #checks: RaftChecks;
  readonly #network: Network;
  readonly #machines: readonly Machine[];
  readonly #nemesis: Nemesis;
  readonly #plots: Plots;
  readonly #calls: Calls;
  readonly #cast: Cast;
  readonly #keyClients: readonly KeyClient[];
  readonly #leaseClients: readonly LeaseClient[];
  readonly #watchClients: readonly WatchClient[];
  readonly #others: { run(): Promise<void> }[];
  #undecided = false;

  constructor(plan: Plan, chance: Chance, keepsTrace: boolean) {
    this.#plan = plan;
    const scheduler = this.#scheduler;
    const marks = this.#marks;
    const verdict = this.#verdict;
    this.#trace = new Trace(scheduler, { keepsAll: keepsTrace });
    this.#pace = new CommitPace(scheduler);
    const [{ membership: initial }] = plan.settings as [Plan['settings'][number]];
    const membership = new MembershipModel(initial.members, { marks, stamp: () => scheduler.stamp() });
    this.#ledger = new Ledger({ verdict, time: scheduler, pace: this.#pace, membership });
    this.#checks = new RaftChecks(verdict, this.#ledger, this.#pace);
    this.#network = new Network({ scheduler, chance: chance.fork(), marks, plan: plan.network });
    const surroundings: Surroundings = {
      ...plan,
      scheduler,
      marks,
      verdict,
      trace: this.#trace,
      ledger: this.#ledger,
      checks: this.#checks,
      durable: new DurableLogs(verdict),
      ports: new PeerPorts(this.#network, initial.clusterId),
      metrics: (metrics ??= createBrainMetrics()),
      transition: plan.membership?.transition ?? 'auto',
      stateHashes: new Map<number, number>(),
    };
    const machines = plan.settings.map(
      (settings, i) =>
        new Machine({ settings, driveSpeed: plan.driveSpeeds[i] as DriveSpeed }, chance.fork(), surroundings),
    );
    this.#machines = machines;
    const fleet = new Fleet(machines, { plan, surroundings, chance: Chance.about(plan.seed, 'newcomers') });
    const shared = { scheduler, marks, network: this.#network, machines: this.#machines, trace: this.#trace };
    this.#plots = new Plots({ ...shared, plan, ledger: this.#ledger, chance: Chance.about(plan.seed, 'plots') });
    this.#nemesis = new Nemesis({ ...shared, plan, chance: chance.fork(), rests: () => this.#plots.isOn });
    this.#calls = new Calls({ ...shared, chance: chance.fork(), lostAnswers: plan.lostAnswers });
    this.#cast = {
      ...shared,
      plan,
      verdict,
      calls: this.#calls,
      ledger: this.#ledger,
      pace: this.#pace,
      history: [],
      underWay: new Set(),
      leases: [],
      acknowledged: 0,
      knownRevision: 1,
      isOver: false,
    };
    const several = <T>(count: number, make: (chance: Chance, number: number) => T): T[] =>
      Array.from({ length: count }, (_, i) => make(chance.fork(), i + 1));
    this.#keyClients = several(plan.clients, (own, number) => new KeyClient(this.#cast, own, number));
    this.#leaseClients = several(plan.leases, (own, number) => new LeaseClient(this.#cast, own, number));
    this.#others = [
      ...several(plan.locks, (own, number) => new LockClient(this.#cast, own, number)),
      ...several(plan.hasUsers ? 1 : 0, (own) => new AuthClient(this.#cast, own)),
      ...several(plan.hasLittleSpace ? 1 : 0, (own) => new SpaceClient(this.#cast, own)),
    ];
    const candidates = Chance.about(plan.seed, 'candidates');
    for (let i = 1; i <= plan.candidates; i++) {
      this.#others.push(new ElectionClient(this.#cast, candidates.fork(), i));
    }
    if (plan.membership) {
      const own = Chance.about(plan.seed, 'changes');
      const losses =
        plan.membership.disks === 'lost'
          ? new DiskLosses(this.#cast, Chance.about(plan.seed, 'lost disks'))
          : undefined;
      this.#others.push(new MembershipClient(this.#cast, own, { fleet, plan: plan.membership, losses }));
    }
    this.#watchClients = several(plan.watchers, (own, number) => new WatchClient(this.#cast, own, number));
  }

  rejected(error: unknown): void {
    this.#verdict.violate(
      `a promise was rejected and nobody looked: ${error instanceof Error ? error.stack : String(error)}`,
    );
  }

  async go(): Promise<RunReport> {
    for (const machine of this.#machines) machine.start();
    this.#nemesis.start();
    this.#plots.run().catch((error: unknown) => this.rejected(error));
    for (const client of [...this.#keyClients, ...this.#leaseClients, ...this.#watchClients, ...this.#others]) {
      client.run().catch((error: unknown) => this.rejected(error));
    }
    try {
      await this.#safety();
      if (!this.#verdict.violation) await this.#liveness();
      if (!this.#verdict.violation) this.#judge();
    } catch (error) {
      this.rejected(error);
    }
    this.#cast.isOver = true;
    return this.#report();
  }

  async #safety(): Promise<void> {
    const { operations, safetyMs } = this.#plan;
    await this.#until(longestSafetyMs, () => {
      const enough =
        this.#cast.acknowledged >= operations && this.#checks.leaderChanges >= 3 && this.#nemesis.kinds >= 3;
      return enough && this.#scheduler.nowMs >= safetyMs;
    });
  }

  async #liveness(): Promise<void> {
    const { heartbeatMs, electionTicks } = this.#plan.settings[0] as Plan['settings'][number];
    this.#trace.note('!', 'everything heals');
    this.#plots.end();
    this.#nemesis.heal();
    this.#calls.isUnreliable = false;
    this.#cast.isOver = true;
    const drives = this.#machines.map(({ drive }) => drive);
    const { servesWithinMs, stepsWithinMs } = healingBounds(this.#plan, { drives, nowMs: this.#scheduler.nowMs });
    let served = false;
    // From one voter to the next: one that is behind on a slow disk answers nothing until it has caught up.
    const probe = async (client: KeyClient, first: number): Promise<void> => {
      for (let turn = first; !served; turn++) served = (await client.probe(turn)) || served;
    };
    for (const [number, client] of this.#keyClients.entries()) {
      probe(client, number).catch((error: unknown) => this.rejected(error));
    }
    await this.#until(servesWithinMs, () => served);
    if (!served) return this.#verdict.violate(`a healed cluster did not serve within ${servesWithinMs} ms`);
    this.#pace.idle();
    const catchingUp = new CatchingUp(this.#machines, { stepsWithinMs });
    const stuck = (): string | undefined =>
      catchingUp.stuck({ lastIndex: this.#ledger.lastIndex, nowMs: this.#scheduler.nowMs });
    await this.#until(Infinity, () => this.#areEqual() || stuck() !== undefined);
    if (!this.#areEqual()) {
      const within = `within ${Math.ceil(stepsWithinMs)} ms`;
      return this.#verdict.violate(`healed members did not agree: ${stuck()} applied nothing new ${within}`);
    }
    await this.#until(stepsWithinMs, () => this.#staying() === undefined);
    const staying = this.#staying();
    if (staying !== undefined) {
      return this.#verdict.violate(`${staying} was removed, and has not stopped within ${Math.ceil(stepsWithinMs)} ms`);
    }
    // A member that was away forwards what it was asked long ago: such a lease has its whole time before it.
    await this.#until(stepsWithinMs, () => !this.#leaseClients.some(({ isAsking }) => isAsking));
    // What is left of every lease, at the slowest pace, and the time that a leader needs to notice.
    const longestMs = Math.max(...this.#leaseClients.map(({ longestTtlMs }) => longestTtlMs));
    const leaseMs = longestMs * (1 + 2 * this.#plan.drift) + 2 * heartbeatMs * electionTicks + 5000;
    await this.#until(leaseMs, () => this.#leaseClients.every(({ hold }) => hold === 0));
    await this.#until(stepsWithinMs, () => this.#areEqual() && !this.#watchClients.some(({ isBehind }) => isBehind));
  }

  #areEqual(): boolean {
    const living = this.#machines.filter(({ isLost }) => !isLost);
    return living.every(({ appliedIndex }) => appliedIndex === this.#ledger.lastIndex);
  }

  /** A machine whose member was removed, and has not heard of it. */
  #staying(): string | undefined {
    return this.#machines.find(({ isStaying }) => isStaying)?.name;
  }

  #judge(): void {
    for (const machine of this.#machines) machine.compareState(this.#ledger.lastIndex);
    for (const client of this.#leaseClients) client.check();
    for (const client of this.#watchClients) client.check();
    const verdict = checkEtcdHistory(
      [...this.#cast.history, ...this.#cast.underWay, ...this.#leaseEnds(), ...this.#foreignChanges()],
      {
        written: this.#written(),
        leases: this.#ledger.leaseChanges.map(({ lease }) => lease),
      },
    );
    this.#undecided = verdict.kind === 'undecided';
    if (verdict.kind !== 'violated') return;
    const stuck = verdict.stuck.map(({ client, input, calledAt, result }) =>
      JSON.stringify({ client, input, calledAt, result }),
    );
    this.#verdict.violate(`the history is not linearizable; none of these can come next:\n  ${stuck.join('\n  ')}`);
  }

  /** Leases end without a call of the key clients, and take their keys along. */
  #leaseEnds(): Cast['history'] {
    const changes = this.#ledger.leaseChanges.filter(({ deletes }) => deletes);
    return changes.map(({ kind, lease, stamp, revision }) => ({
      client: 0,
      input: { kind, lease },
      calledAt: stamp,
      result: { at: Number.MAX_SAFE_INTEGER, output: { revision, succeeded: true, answers: [] } },
    }));
  }

  #foreignChanges(): Cast['history'] {
    return this.#ledger.foreignChanges.map(({ input, stamp, output }) => ({
      client: 0,
      input,
      calledAt: stamp,
      result: { at: Number.MAX_SAFE_INTEGER, output },
    }));
  }

  /** Value → the revision that wrote it. */
  #written(): ReadonlyMap<string, number> {
    const written = new Map<string, number>();
    for (let revision = 2; revision <= this.#ledger.revision; revision++) {
      for (const { row } of this.#ledger.eventsOf(revision)) if (row) written.set(row.value, revision);
    }
    for (const { input, result } of this.#cast.history) {
      if (!result && input.kind === 'put' && written.has(input.value)) {
        this.#marks.hit('write of unknown outcome that happened');
      }
    }
    return written;
  }

  async #until(forMs: number, done: () => boolean): Promise<void> {
    const limitMs = this.#scheduler.nowMs + forMs;
    await this.#scheduler.run({ limitMs, done: () => this.#verdict.violation !== undefined || done() });
  }

  #report(): RunReport {
    const { acknowledged } = this.#cast;
    const { leaderChanges } = this.#checks;
    const { kinds } = this.#nemesis;
    return {
      seed: this.#plan.seed,
      profile: this.#plan.profile,
      violation: this.#verdict.violation,
      counts: acknowledged >= 1000 && leaderChanges >= 3 && kinds >= 3,
      members: this.#machines.length,
      acknowledged,
      leaderChanges,
      faultKinds: kinds,
      virtualMs: this.#scheduler.nowMs,
      happened: this.#scheduler.happened,
      undecided: this.#undecided,
      marks: this.#marks.counts,
      traceHash: this.#trace.hash,
      trace: this.#trace.lines,
    };
  }
}
