/**
 * Plots: several faults, one after the other and each at its moment, that bring a member to a place where a mix of faults hardly
 * ever comes. A seed has one plot or none, drawn from a source of its own; while it is on, nothing else goes wrong.
 */
import type { Ledger } from '../checks/ledger.ts';
import type { Network } from '../network/network.ts';
import type { Chance } from '../world/chance.ts';
import type { Marks } from '../world/marks.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { Trace } from '../world/trace.ts';
import type { Machine } from './machine.ts';
import type { Plan } from './plan.ts';
import type { PlotName } from './plot-names.ts';

export interface PlotsOptions {
  readonly plan: Plan;
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly marks: Marks;
  readonly network: Network;
  readonly machines: readonly Machine[];
  readonly ledger: Ledger;
}

/** Other faults need their time too. */
const mostPlays = 6;
const lookMs = 5;
/** What a plot waits for comes within this, or not at all. */
const patienceMs = 5000;

export class Plots {
  readonly #options: PlotsOptions;
  readonly #chance: Chance;
  #isOn = false;
  #isOver = false;

  constructor(options: PlotsOptions) {
    this.#options = options;
    this.#chance = options.chance;
  }

  /** Whatever else could go wrong waits. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Again and again, with pauses for other faults. */
  async run(): Promise<void> {
    const { plan, network, machines, trace } = this.#options;
    const play = plan.plot && this.#plays[plan.plot];
    for (let played = 0; play && played < mostPlays && !this.#isOver;) {
      await this.#wait(this.#chance.between(500, 2500));
      const leader = machines.find(({ leads }) => leads);
      if (this.#isOver || !leader) continue;
      trace.note('!', `plot of ${leader.name}: ${plan.plot}`);
      played++;
      this.#isOn = true;
      await play(leader);
      this.#isOn = false;
      if (this.#isOver) return;
      network.heal();
      for (const { drive } of machines) drive.syncSlowness = 1;
    }
  }

  /** Nothing goes wrong any more. */
  end(): void {
    this.#isOver = true;
    this.#isOn = false;
  }

  readonly #plays: Readonly<Record<PlotName, ((leader: Machine) => Promise<void>) | undefined>> = {
    'suffix replaced on a slow disk': (leader) => this.#suffixReplacedSlowly(leader),
    'suffix behind a snapshot': (leader) => this.#suffixBehindSnapshot(leader),
    'proposals of an earlier term': (leader) => this.#lateProposals(leader),
    'renewal after a pause': (leader) => this.#renewalAfterPause(leader),
    // Played by whoever brings newcomers.
    'newcomers lose power': undefined,
  };

  /**
   * A leader is cut off with entries that only it has, on its disk. Those of its successor take their place, are committed, and
   * applied here, long before the disk has them; then the power fails.
   */
  async #suffixReplacedSlowly(leader: Machine): Promise<void> {
    const { network, marks } = this.#options;
    this.#cutOff(leader);
    if (!(await this.#until(() => this.#successorOf(leader) !== undefined))) return;
    await this.#wait(this.#chance.between(0, 30));
    const { drive } = leader;
    const syncMs = this.#chance.magnitude(60, 400);
    drive.syncSlowness = Math.max(1, syncMs / drive.speed.syncMs);
    let isDown = false;
    leader.atNext('truncation', () =>
      this.#later(this.#chance.between(40, 2 * syncMs), () => {
        isDown = true;
        marks.hit('power lost while a lost suffix was replaced');
        leader.losePower();
      }),
    );
    network.heal();
    await this.#until(() => isDown);
  }

  /** A leader is cut off with entries that only it has, until the others need to send it a snapshot; it dies while it takes that. */
  async #suffixBehindSnapshot(leader: Machine): Promise<void> {
    const { network, marks } = this.#options;
    this.#cutOff(leader);
    const isBehind = (): boolean => {
      const compacted = this.#successorOf(leader)?.run?.raft?.status().compactedIndex ?? 0;
      return compacted > (leader.run?.raft?.status().lastIndex ?? Infinity);
    };
    if (!(await this.#until(isBehind))) return;
    const { syncMs, writeMs } = leader.drive.speed;
    let isDown = false;
    leader.atNext('install', () =>
      this.#later(this.#chance.magnitude(0.2, 20) * (syncMs + writeMs), () => {
        isDown = true;
        marks.hit('crash while a snapshot took the place of a lost suffix');
        if (this.#chance.happens(0.5)) leader.kill();
        else leader.losePower();
      }),
    );
    network.heal();
    await this.#until(() => isDown);
  }

  /** What followers pass on is under way for so long that the leader is deposed meanwhile, and leads again. */
  async #lateProposals(leader: Machine): Promise<void> {
    const { network, machines, marks, plan } = this.#options;
    const [heir, ...followers] = this.#chance.shuffle(machines.filter((machine) => machine !== leader));
    if (!heir) return;
    const { latencyMs } = plan.network;
    // Of what comes twice, one may come four times as late as the other.
    const delayMs = this.#chance.magnitude(300, 1500);
    // The others and the leader are a majority.
    const slow = followers.slice(0, (machines.length - 1) >> 1);
    for (const { name } of slow) network.slow(name, leader.name, Math.max(1, delayMs / latencyMs));
    await this.#wait(delayMs * this.#chance.between(0.7, 2));
    const term = leader.run?.raft?.term ?? 0;
    this.#handOver(leader, heir);
    if (!(await this.#until(() => heir.leads))) return;
    await this.#wait(this.#chance.between(0, 10 * latencyMs));
    this.#handOver(heir, leader);
    if (!(await this.#until(() => leader.leads))) return;
    if ((leader.run?.raft?.term ?? 0) > term)
      marks.hit('leader again while messages of an earlier term were under way');
    await this.#wait(2 * delayMs);
  }

  /**
   * A leader stands still just after a lease began, until it has long been replaced, but not so long that it would write down
   * what the lease has left. Then all leave its successor alone, until the lease has ended.
   */
  async #renewalAfterPause(leader: Machine): Promise<void> {
    const { ledger, scheduler } = this.#options;
    const isFresh = (): boolean => (ledger.leaseChanges.at(-1)?.atMs ?? 0) >= scheduler.nowMs - 2 * lookMs;
    if (!(await this.#until(() => isFresh() && ledger.leaseChanges.at(-1)?.kind === 'grant'))) return;
    const process = leader.run?.process;
    if (!process?.isAlive || process.isPaused || !leader.leads) return;
    process.pause();
    await this.#wait(this.#chance.between(620, 740));
    if (process.isPaused) process.resume();
    await this.#wait(longestLeaseMs);
  }

  #handOver(from: Machine, to: Machine): void {
    from.run?.process.take(() => from.run?.raft?.transferLeadership(to.id));
  }

  /** Who leads a later term than this one. */
  #successorOf(machine: Machine): Machine | undefined {
    const term = machine.run?.raft?.term ?? Infinity;
    return this.#options.machines.find((other) => other !== machine && other.leads && termOf(other) >= term);
  }

  #cutOff(machine: Machine): void {
    const { network, machines } = this.#options;
    for (const other of machines.filter((one) => one !== machine)) {
      network.cut(machine.name, other.name);
      network.cut(other.name, machine.name);
    }
  }

  /** False when it does not come, or everything heals meanwhile. */
  async #until(condition: () => boolean): Promise<boolean> {
    const { scheduler } = this.#options;
    const limitMs = scheduler.nowMs + patienceMs;
    while (!condition()) {
      if (this.#isOver || scheduler.nowMs >= limitMs) return false;
      await this.#wait(lookMs);
    }
    return !this.#isOver;
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#options.scheduler.after(delayMs, resolve));
  }

  #later(delayMs: number, act: () => void): void {
    this.#options.scheduler.after(delayMs, () => {
      if (!this.#isOver) act();
    });
  }
}

/** The longest of those that clients take, and what a change of leader gives it. */
const longestLeaseMs = 5500;

function termOf({ run }: Machine): number {
  return run?.raft?.term ?? 0;
}
