/** A machine with its disk, and the member that runs on it: started, killed, stopped in good order, left without power. */
import { codeOf, messageOf } from '@flotilla/base';
import {
  type BrainSettings,
  type Member,
  type MemberWorld,
  publish,
  settleMembership,
  startMember,
} from '@flotilla/brain';
import { Drive, type DriveSpeed } from '../disk/drive.ts';
import { Volume } from '../disk/volume.ts';
import type { PeerPorts } from '../network/peers.ts';
import { Chance } from '../world/chance.ts';
import { Process } from '../world/process.ts';
import { DiskFate } from './disk-fate.ts';
import { DriveFailures, type EndKind } from './drive-failures.ts';
import type { MemberRun } from './member-run.ts';
import { memberWorldOf } from './member-world.ts';
import { type Moment, Moments } from './moments.ts';
import { servicesOf } from './services.ts';
import { checkStart, compareState } from './state-checks.ts';
import type { Surroundings } from './surroundings.ts';

/** A newcomer that could not join is started again after this time. */
const joinAgainMs = 400;

export interface MachineOptions {
  readonly settings: BrainSettings;
  readonly driveSpeed: DriveSpeed;
  /** Of a machine whose member comes to a cluster that runs: the flags that it is started with, as its operator knows the members, and its id. */
  readonly flags?: (id: bigint | undefined) => BrainSettings;
}

export class Machine {
  /** Of a newcomer, what it has learned about itself. */
  settings: BrainSettings;
  readonly #flags: MachineOptions['flags'];
  #isSettled: boolean;
  /** Its member has run: its directory says who it is, and it need not be told by half of the voters any more. */
  hasBegun = false;
  #notBeforeMs = 0;
  /** Its operator keeps it off. */
  isHeld = false;
  /** Its member has said that it was removed. */
  hasLeft = false;
  /** It was removed before its data directory was begun: nothing on its disk says who it was. */
  isBlank = false;
  readonly drive: Drive;
  readonly #surroundings: Surroundings;
  readonly #chance: Chance;
  /** What goes on in the background of its disk. */
  readonly #background: Chance;
  readonly volume = new Volume();
  readonly #fate: DiskFate;
  #run: MemberRun | undefined;
  #runs = 0;
  /** Of this run. */
  #driveFailures: DriveFailures;
  readonly #moments = new Moments();

  constructor({ settings, driveSpeed, flags }: MachineOptions, chance: Chance, surroundings: Surroundings) {
    this.settings = settings;
    this.#flags = flags;
    this.#isSettled = !flags;
    this.#chance = chance;
    this.#surroundings = surroundings;
    this.#background = Chance.about(surroundings.seed, `the disk of ${settings.name}`);
    this.drive = new Drive({ scheduler: surroundings.scheduler, chance: chance.fork(), speed: driveSpeed });
    this.#driveFailures = new DriveFailures(this.drive);
    this.#fate = new DiskFate(this.volume, surroundings);
  }

  get name(): string {
    return this.settings.name;
  }

  get id(): bigint {
    return this.settings.membership.self.id;
  }

  get run(): MemberRun | undefined {
    return this.#run;
  }

  get member(): Member | undefined {
    return this.#run?.member;
  }

  /** The last entry that its member has applied; -1 while none runs. */
  get appliedIndex(): number {
    return this.member?.machine.store.appliedIndex ?? -1;
  }

  /** Its files are damaged, and it has said so, or it is no member: it is for its operator. */
  get isLost(): boolean {
    return this.#fate.isLost || !this.isMember;
  }

  /** Its files are damaged or older than what it had confirmed, and it has said so. */
  get hasLostDisk(): boolean {
    return this.#fate.isLost;
  }

  /** How often something was done to its disk that no crash does. */
  get diskFaults(): number {
    return this.#fate.faults;
  }

  /** Its member runs, and has applied all changes of the members that its log holds. */
  get knowsNoChange(): boolean {
    return this.#run?.raft?.knowsNoChange === true;
  }

  /** Its member is one of the cluster, begun or not. */
  get isMember(): boolean {
    const { byId } = this.#surroundings.ledger.membership.now;
    if (this.#isSettled) return byId.has(this.id);
    // A newcomer that has not asked yet does not know its id.
    const { peerUrls } = this.settings.membership.self;
    return [...byId.values()].some((member) => member.peerUrls.join() === peerUrls.join());
  }

  /** Its member was removed, and has not said that it knows. */
  get isStaying(): boolean {
    const { removed } = this.#surroundings.ledger.membership;
    return this.#isSettled && !this.hasLeft && !this.hasLostDisk && removed.has(this.id);
  }

  /** Nobody whom its member knows, and so connects to, is a voter who could tell it anything. */
  get isStranded(): boolean {
    const { voters } = this.#surroundings.ledger.membership.now.config;
    const { config, members } = this.member?.machine.store.membership ?? {};
    const known = config && members ? [...members.keys()] : this.settings.membership.members.map(({ id }) => id);
    return !voters.some((voter) => known.includes(voter));
  }

  /** Its member knows its id. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** A member with a vote, as the log says. */
  get isVoter(): boolean {
    return this.#isSettled && this.#surroundings.ledger.membership.now.byId.get(this.id)?.isLearner === false;
  }

  get leads(): boolean {
    return this.member?.leadership.leads ?? false;
  }

  start(): void {
    const { scheduler, turnMs, drift, ports } = this.#surroundings;
    if (this.#run || this.hasLostDisk || this.isHeld || scheduler.nowMs < this.#notBeforeMs) return;
    ports.dark.delete(this.name);
    const pace = 1 + drift * this.#chance.between(-1, 1);
    const process = new Process({ name: this.name, scheduler, pace, turnMs });
    const run: MemberRun = {
      process,
      number: ++this.#runs,
      raft: undefined,
      member: undefined,
      services: undefined,
      writesUnderWay: 0,
      receivesSnapshot: false,
    };
    this.#run = run;
    this.#driveFailures = new DriveFailures(this.drive);
    this.#note(`starts, run ${run.number}`);
    const world = this.#worldOf(run);
    const starting = this.#flags
      ? this.#join(run, world, this.#flags(this.#isSettled ? this.id : undefined))
      : startMember(this.settings, world);
    starting.then(
      (member) => {
        if (process.isAlive) this.#started(run, member, world);
      },
      (error: unknown) => {
        if (process.isAlive) this.#failed(run, error, 'refuses to start');
      },
    );
  }

  /** As a process with `--initial-cluster-state=existing` does it. */
  async #join({ process }: MemberRun, world: MemberWorld, flags: BrainSettings): Promise<Member> {
    const { ports } = this.#surroundings;
    const ask = (url: string): ReturnType<PeerPorts['ask']> => ports.ask(process, url);
    this.settings = await settleMembership(flags, { files: world.files, ask });
    this.#isSettled = true;
    return await startMember(this.settings, world);
  }

  #started(run: MemberRun, member: Member, world: MemberWorld): void {
    this.#note(`runs from entry ${member.machine.store.appliedIndex}, revision ${member.machine.store.revision}`);
    run.member = member;
    this.hasBegun = true;
    if (this.hasLeft) this.#surroundings.verdict.violate(`${this.name} was removed, and starts again`);
    if (this.#fate.isDamaged) this.#surroundings.marks.hit('damage survived');
    checkStart(this.name, member.machine.store, this.#surroundings);
    run.services = servicesOf(member, world);
    const publishing = new AbortController();
    const clientUrls = this.settings.advertiseClientUrls;
    publish({ member, world, clientUrls, signal: publishing.signal }).catch((error: unknown) => error);
    run.process.onDeath(() => publishing.abort());
  }

  #failed(run: MemberRun, error: unknown, how: EndKind): void {
    this.#note(`${how}: ${messageOf(error)}`);
    const code = codeOf(error) ?? '';
    if (this.#fate.isNoticed(code, { isSettled: this.#isSettled })) return this.kill();
    if (code === 'MEMBER_REMOVED' && this.#leaves()) return this.kill();
    // The cluster does not know of it yet, or nobody could be asked.
    if (code === 'JOIN_FAILED' && this.#flags) {
      if (this.#isSettled && this.#surroundings.ledger.membership.removed.has(this.id)) this.#leavesBlank();
      this.#notBeforeMs = this.#surroundings.scheduler.nowMs + joinAgainMs;
      return this.kill();
    }
    if (!this.#driveFailures.explain(code, how)) {
      const stack = error instanceof Error ? (error.stack ?? '') : '';
      this.#surroundings.verdict.violate(`${this.name} ${how}: ${messageOf(error)}\n${stack}`);
    }
    if (this.#run === run) this.kill();
  }

  /** Its member was removed, and stays away; false when that is not so. */
  #leaves(): boolean {
    const { ledger, marks } = this.#surroundings;
    if (!ledger.membership.removed.has(this.id)) return false;
    marks.hit(this.hasLeft ? 'removed member does not start on its old disk' : 'removed member stopped');
    this.hasLeft = true;
    this.isHeld = true;
    return true;
  }

  /** Nobody knows it any more, and it has promised nothing: to be told that it can't join is all that it will hear. */
  #leavesBlank(): void {
    this.isBlank = true;
    this.hasLeft = true;
    this.isHeld = true;
  }

  #markChangeUnderWay(): void {
    const raft = this.leads ? this.#run?.raft : undefined;
    if (raft?.status().confChangePending === true) {
      this.#surroundings.marks.hit('leader down with a conf change under way');
    }
  }

  kill(): void {
    const run = this.#run;
    if (!run) return;
    const { marks } = this.#surroundings;
    marks.hit('killed');
    if (this.leads) marks.hit('killed while it led');
    this.#markChangeUnderWay();
    if (run.receivesSnapshot) marks.hit('crash while a snapshot was received or installed');
    this.#note('is killed');
    this.#run = undefined;
    run.process.kill();
  }

  losePower(): void {
    const { marks, ports } = this.#surroundings;
    marks.hit('power lost');
    this.#markChangeUnderWay();
    if ((this.#run?.writesUnderWay ?? 0) > 0) marks.hit('power lost during a write of the log');
    const { member } = this;
    if (member && member.machine.state.durable.index < member.machine.store.appliedIndex) {
      marks.hit('power lost between log sync and state write');
    }
    if (this.#run?.receivesSnapshot === true) marks.hit('crash while a snapshot was received or installed');
    this.#note('loses power');
    ports.dark.add(this.name);
    this.#run?.process.kill({ withoutAWord: true });
    this.#run = undefined;
    this.volume.losePower(this.#chance, marks);
  }

  /** What was durable is damaged while the member is stopped. Only after a stop in good order the mark is at the end. */
  damage(isAllowed: () => boolean = () => true): void {
    this.stop(() => {
      if (!isAllowed()) return;
      this.#note(`is damaged: ${this.#fate.damage(this.#chance)}`);
    });
  }

  /** The member is stopped, and its disk goes back to what it was at an earlier stop, where the cluster can bear that. */
  rollBack(others: readonly Machine[], isAllowed: () => boolean = () => true): void {
    if (!this.#fate.hasCopy) return;
    this.stop(() => {
      if (!isAllowed()) return;
      this.#fate.rollBack(this.id, { others: others.map(({ id }) => id), note: () => this.#note('is rolled back') });
    });
  }

  /** Calls `act` once, when that next happens here. */
  atNext(moment: Moment, act: () => void): void {
    this.#moments.atNext(moment, act);
  }

  /** As for SIGTERM: hands over, then closes. */
  stop(whenGone: () => void = () => undefined): void {
    const run = this.#run;
    const member = run?.member;
    if (!run || !member) return;
    this.#note('is told to stop');
    run.services = undefined;
    const end = async (): Promise<void> => {
      await member.handOver();
      member.machine.watchHub.close();
      await member.close();
    };
    const gone = (): void => {
      if (this.#run !== run) return;
      this.#note('has stopped');
      this.#surroundings.marks.hit('stopped in good order');
      this.#run = undefined;
      run.process.kill();
      whenGone();
      this.#fate.copy(this.id, run);
    };
    end().then(gone, (error: unknown) => {
      if (run.process.isAlive) this.#failed(run, error, 'does not stop in good order');
    });
  }

  #note(what: string): void {
    this.#surroundings.trace.note(this.name, what);
  }

  #worldOf(run: MemberRun): MemberWorld {
    return memberWorldOf(run, {
      name: this.name,
      id: () => this.id,
      volume: this.volume,
      drive: this.drive,
      chance: this.#chance,
      background: this.#background,
      moments: this.#moments,
      surroundings: this.#surroundings,
      onFailure: (error) => this.#failed(run, error, 'stops'),
    });
  }

  /** With others', if this is the last entry that its member has applied. */
  compareState(index: number): void {
    const store = this.member?.machine.store;
    if (store?.appliedIndex === index) compareState(this.name, store, this.#surroundings);
  }
}
