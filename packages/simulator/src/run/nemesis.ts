/** What goes wrong, and when: one fault after the other, often several at once, each over after a while. */
import type { Network } from '../network/network.ts';
import type { Chance } from '../world/chance.ts';
import type { Marks } from '../world/marks.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { Trace } from '../world/trace.ts';
import type { Machine } from './machine.ts';
import type { FaultName, Plan } from './plan.ts';

export interface NemesisOptions {
  readonly plan: Plan;
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly marks: Marks;
  readonly network: Network;
  readonly machines: readonly Machine[];
  /** Something else goes wrong now, which is not to be disturbed. */
  readonly rests: () => boolean;
}

/** A machine that is down is looked after this often. */
const lookMs = 50;
/** A fault that waits for its moment waits no longer. */
const longestWaitMs = 2000;
/** After this, faults come half as often. */
const calmingMs = 8000;

export class Nemesis {
  readonly #options: NemesisOptions;
  readonly #chance: Chance;
  readonly #seen = new Set<FaultName>();
  /** Machine → down at least until then. */
  readonly #downUntilMs = new Map<Machine, number>();
  /** What was done to it may have cost it its disk. */
  #lostDisk: Machine | undefined;
  #isOver = false;

  constructor(options: NemesisOptions) {
    this.#options = options;
    this.#chance = options.chance;
  }

  /** Kinds of fault that have happened. */
  get kinds(): number {
    return this.#seen.size;
  }

  start(): void {
    this.#next();
    this.#lookAfter();
  }

  /** No more faults; what is broken works again. */
  heal(): void {
    const { network, machines } = this.#options;
    this.#isOver = true;
    network.heal();
    network.isUnreliable = false;
    this.#downUntilMs.clear();
    for (const { drive, run } of machines) {
      drive.slowness = 1;
      drive.syncSlowness = 1;
      drive.makeRoom();
      drive.failsNextSync = false;
      drive.stall(0);
      if (run?.process.isPaused === true) run.process.resume();
    }
  }

  /** Faults become rarer as a run grows longer, or one in which little succeeds would never end: a member alone recovers fast. */
  #next(): void {
    const { scheduler, plan, machines } = this.#options;
    const calmer = machines.length === 1 ? 1 : 1 + scheduler.nowMs / calmingMs;
    scheduler.after(plan.faultEveryMs * calmer * this.#chance.between(0.3, 2), () => {
      if (this.#isOver) return;
      if (!this.#options.rests()) this.#strike(this.#chance.pickWeighted(plan.faults));
      this.#next();
    });
  }

  /** Machines without a run start again when their time has come. */
  #lookAfter(): void {
    const { scheduler, machines } = this.#options;
    for (const machine of machines) this.#startIfDue(machine);
    scheduler.after(lookMs, () => this.#lookAfter());
  }

  #startIfDue(machine: Machine): void {
    if (machine.run || machine.isHeld || (this.#downUntilMs.get(machine) ?? 0) > this.#options.scheduler.nowMs) return;
    this.#downUntilMs.set(machine, this.#options.scheduler.nowMs + lookMs * this.#chance.between(1, 4));
    machine.start();
  }

  #strike(fault: FaultName): void {
    const { trace, marks, network, machines, plan } = this.#options;
    const chance = this.#chance;
    const leader = machines.find(({ leads }) => leads);
    const target = leader && chance.happens(plan.leaderShare) ? leader : chance.pick(machines);
    const forMs = chance.magnitude(...plan.faultForMs);
    trace.note('!', `${fault} ${target.name} for ${forMs.toFixed(0)} ms`);
    this.#seen.add(fault);
    switch (fault) {
      case 'kill':
        return this.#atItsWorst(target, () => {
          this.#down(target, forMs);
          target.kill();
        });
      case 'stop':
        return target.stop();
      case 'losePower':
        return this.#atItsWorst(target, () => {
          this.#down(target, forMs);
          target.losePower();
        });
      case 'losePowerOfAll':
        marks.hit('all members down at once');
        return this.#atItsWorst(target, () => {
          for (const machine of machines) {
            this.#down(machine, forMs * chance.between(0.5, 1));
            machine.losePower();
          }
        });
      case 'pause':
        return this.#pause(target, forMs);
      case 'partition':
        marks.hit('partition into two sides');
        return this.#cutFor(this.#sides(), forMs);
      case 'partitionOneWay':
        marks.hit('partition one way');
        return this.#cutFor(
          chance.happens(0.5) ? this.#sides().slice(0, 1) : [[[target], this.#others(target)]],
          forMs,
        );
      case 'cutOff':
        marks.hit('member cut off');
        // With a change of the members that has only just begun, another leader may undo it.
        return plan.membership
          ? this.#atItsWorst(target, () => this.#cutOff(target, forMs))
          : this.#cutOff(target, forMs);
      case 'reject':
        marks.hit('member cut off by a firewall that rejects');
        for (const other of this.#others(target)) network.reject(target.name, other.name);
        return this.#healLater(forMs);
      case 'handOverAndCutOff':
        return this.#handOverAndCutOff(target, forMs);
      case 'campaign':
        marks.hit('several members campaign at once');
        for (const { run } of chance.shuffle(machines).slice(0, 2)) run?.process.take(() => run.raft?.campaign());
        return;
      case 'slowLink': {
        const other = chance.pick(machines);
        marks.hit('slow link');
        network.slow(target.name, other.name, chance.magnitude(3, 300));
        return this.#healLater(forMs);
      }
      case 'slowLinkFromLeader': {
        const other = chance.pick(machines);
        marks.hit('slow link');
        network.slow((leader ?? target).name, other.name, chance.magnitude(30, 300));
        return this.#healLater(forMs);
      }
      case 'slowDisk':
        marks.hit('slow disk');
        target.drive.slowness = chance.magnitude(2, 50);
        return this.#later(forMs, () => (target.drive.slowness = 1));
      case 'stallDisk':
        marks.hit('stalled disk');
        if (target.leads) marks.hit('stalled disk of the leader');
        return target.drive.stall(forMs);
      case 'fullDisk':
        marks.hit('full disk');
        target.drive.fill();
        return this.#later(forMs, () => target.drive.makeRoom());
      case 'failSync':
        marks.hit('failed sync');
        target.drive.failsNextSync = true;
        return;
      case 'damage':
        return this.#damage(target);
      case 'rollBack':
        if (!this.#mayLoseDisk(target) || target.leads) return;
        this.#lostDisk = target;
        target.stop();
        return this.#later(chance.magnitude(300, 3000), () => target.rollBack(this.#others(target)));
      case 'moveWallClock':
        marks.hit('wall clock moved');
        return target.run?.process.moveWallClock(chance.between(-1e7, 1e7));
    }
  }

  /** Now, or mostly while the target does something that a crash could spoil, or just after; at last even if it does not. */
  #atItsWorst(target: Machine, act: () => void): void {
    if (this.#chance.happens(0.3)) return act();
    const { syncMs, writeMs } = target.drive.speed;
    let isDone = false;
    const once = (): void => {
      if (!isDone) act();
      isDone = true;
    };
    target.atNext(this.#chance.pickWeighted(this.#options.plan.moments), () =>
      this.#later(this.#chance.between(0, 2 * (syncMs + writeMs)), once),
    );
    this.#later(longestWaitMs, once);
  }

  /** At most one disk: a majority of them must live, and where members change it would have to be of each configuration. */
  #damage(target: Machine): void {
    if (!this.#mayLoseDisk(target)) return;
    this.#lostDisk = target;
    target.damage();
  }

  #mayLoseDisk(target: Machine): boolean {
    const isFirst = this.#lostDisk === undefined || this.#lostDisk === target;
    return isFirst && this.#options.machines.length >= 3 && target.member !== undefined;
  }

  #pause(target: Machine, forMs: number): void {
    const process = target.run?.process;
    if (!process || process.isPaused) return;
    this.#options.marks.hit(target.leads ? 'paused while it led' : 'paused');
    process.pause();
    this.#later(forMs, () => process.isPaused && process.resume());
  }

  /** The leader gives its office away, and hears no more of what comes of it. */
  #handOverAndCutOff(target: Machine, forMs: number): void {
    const { marks, machines, plan } = this.#options;
    const run = target.run;
    if (!target.leads || !run) return;
    target.atNext('handover', () =>
      this.#later(plan.network.latencyMs * this.#chance.between(0, 4), () => {
        marks.hit('leader cut off while it hands over');
        this.#cutOff(target, forMs);
      }),
    );
    const to = this.#chance.pick(machines).id;
    run.process.take(() => run.raft?.transferLeadership(to));
  }

  #cutOff(target: Machine, forMs: number): void {
    this.#cutFor(
      [
        [[target], this.#others(target)],
        [this.#others(target), [target]],
      ],
      forMs,
    );
  }

  #sides(): [Machine[], Machine[]][] {
    const shuffled = this.#chance.shuffle(this.#options.machines);
    const at = this.#chance.within(0, shuffled.length);
    const [a, b] = [shuffled.slice(0, at), shuffled.slice(at)];
    return [
      [a, b],
      [b, a],
    ];
  }

  #others(target: Machine): Machine[] {
    return this.#options.machines.filter((machine) => machine !== target);
  }

  #cutFor(ways: readonly (readonly [from: readonly Machine[], to: readonly Machine[]])[], forMs: number): void {
    for (const [from, to] of ways) {
      for (const a of from) for (const b of to) this.#options.network.cut(a.name, b.name);
    }
    this.#healLater(forMs);
  }

  #healLater(forMs: number): void {
    this.#later(forMs, () => this.#options.network.heal());
  }

  #later(delayMs: number, act: () => void): void {
    this.#options.scheduler.after(delayMs, () => {
      if (!this.#isOver) act();
    });
  }

  #down(machine: Machine, forMs: number): void {
    this.#downUntilMs.set(machine, this.#options.scheduler.nowMs + forMs);
    this.#options.scheduler.after(forMs, () => this.#startIfDue(machine));
  }
}
