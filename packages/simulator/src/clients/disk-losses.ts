/**
 * Disks that are damaged, or put back to what they once were, while the members change: one at a time, and only of a member that
 * no majority can come to need before it is replaced. Until that is done, no other change is asked for.
 */
import { isJoint } from '@flotilla/raft';
import type { Machine } from '../run/machine.ts';
import type { Chance } from '../world/chance.ts';
import { type Cast, pass } from './cast.ts';

/** Of so many voters, one may be lost whatever becomes of a change that is still under way. */
const plentyVoters = 5;
/** Of so many, one may be lost when no change is. */
const enoughVoters = 3;
/** A member that was asked for a change, and has not answered, proposes it within this or never. */
const proposedWithinMs = 8000;
/** A member that was told to stop has stopped within this, or is left as it is. */
const stopsWithinMs = 4000;
/** A moment at which the disk can be spared comes within this, or it is kept. */
const patienceMs = 12_000;
const lookMs = 50;

export class DiskLosses {
  readonly #cast: Cast;
  readonly #chance: Chance;
  #quietFromMs = 0;

  constructor(cast: Cast, chance: Chance) {
    this.#cast = cast;
    this.#chance = chance;
  }

  /** Whether a disk is to be lost next, and not a change to be made. */
  get isDue(): boolean {
    return this.#chance.happens(0.3);
  }

  /** A change was asked for, and nobody has said what became of it. */
  changeIsUncertain(): void {
    this.#quietFromMs = this.#cast.scheduler.nowMs + proposedWithinMs;
  }

  /** The member that waits for its operator. */
  get lost(): Machine | undefined {
    return this.#cast.machines.find((machine) => machine.hasLostDisk && machine.isMember);
  }

  /** Machines that waited for their operator, who has removed their members. */
  get removed(): readonly Machine[] {
    const { machines, ledger } = this.#cast;
    return machines.filter(({ hasLostDisk, id }) => hasLostDisk && ledger.membership.removed.has(id));
  }

  /** Comes back once the member has noticed, or goes on as before. */
  async loseOne(): Promise<void> {
    const { machines, scheduler, ledger } = this.#cast;
    const machine = this.#chance.pick(machines);
    const isPutBack = this.#chance.happens(0.4);
    if (isPutBack) {
      // What its disk holds at this stop is what it is put back to.
      machine.stop();
      await pass(scheduler, this.#chance.magnitude(300, 2000));
    }
    if (!(await this.#until(patienceMs, () => machine.member !== undefined && this.#canBeSpared(machine)))) return;
    const { diskFaults } = machine;
    const limitMs = scheduler.nowMs + stopsWithinMs;
    const isAllowed = (): boolean => scheduler.nowMs < limitMs && !this.#cast.isOver && this.#canBeSpared(machine);
    if (isPutBack) machine.rollBack(this.#others(machine), isAllowed);
    else machine.damage(isAllowed);
    if (!(await this.#until(stopsWithinMs, () => machine.diskFaults > diskFaults))) return;
    const { lastIndex } = ledger;
    await this.#until(Infinity, () => machine.hasLostDisk || machine.appliedIndex >= lastIndex);
  }

  #others(machine: Machine): Machine[] {
    return this.#cast.machines.filter((other) => other !== machine && other.isMember);
  }

  #canBeSpared(machine: Machine): boolean {
    const { config } = this.#cast.ledger.membership.now;
    if (!machine.isSettled || !machine.isMember || isJoint(config) || this.lost) return false;
    // A newcomer that has yet to begin is one disk less already, and half of the voters must be there to tell it who it is.
    if (!this.#others(machine).every(({ hasBegun }) => hasBegun)) return false;
    const { length } = config.voters;
    if (length >= plentyVoters) return true;
    return this.#isQuiet(machine) && (length >= enoughVoters || !config.voters.includes(machine.id));
  }

  /** No change of the members is under way, and none can turn up; the machine itself was asked before it stopped. */
  #isQuiet(machine: Machine): boolean {
    const { scheduler } = this.#cast;
    const isClear = (other: Machine): boolean => other.knowsNoChange;
    const own = machine.run ? isClear(machine) : true;
    return own && scheduler.nowMs >= this.#quietFromMs && this.#others(machine).every(isClear);
  }

  async #until(withinMs: number, condition: () => boolean): Promise<boolean> {
    const { scheduler } = this.#cast;
    const limitMs = scheduler.nowMs + withinMs;
    while (!condition()) {
      if (this.#cast.isOver || scheduler.nowMs >= limitMs) return false;
      await pass(scheduler, lookMs);
    }
    return !this.#cast.isOver;
  }
}
