/**
 * A machine with its disk, and the member that runs on it: started, killed, stopped in good order, left without power. What a
 * member says of itself is compared here with what the ledger knows.
 */
import {
  type BrainMetrics,
  type BrainSettings,
  type Member,
  type MemberWorld,
  publish,
  settleMembership,
  startMember,
} from '@flotilla/brain';
import { type LogFields, type Logger, codeOf, messageOf } from '@flotilla/base';
import type { Transition } from '@flotilla/raft';
import { hashState } from '@flotilla/store';
import type { DurableLogs } from '../checks/durable-logs.ts';
import type { Ledger } from '../checks/ledger.ts';
import { configText } from '../checks/membership-model.ts';
import { ObservedRaft, type RaftMoment } from '../checks/observed-raft.ts';
import { rangeOutput, rangeRequest } from '../clients/requests.ts';
import type { KeyRow } from '../linearizability/etcd-model.ts';
import type { RaftChecks } from '../checks/raft-checks.ts';
import type { Verdict } from '../checks/verdict.ts';
import { Drive, type DriveSpeed } from '../disk/drive.ts';
import { filesOf } from '../disk/volume-files.ts';
import { databasesOf, stateDirectoryOf } from '../disk/volume-state.ts';
import { Volume, type VolumeCopy } from '../disk/volume.ts';
import type { PeerPorts } from '../network/peers.ts';
import { startVirtualTransport } from '../network/virtual-transport.ts';
import { Chance } from '../world/chance.ts';
import type { Marks } from '../world/marks.ts';
import { Process } from '../world/process.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { Trace } from '../world/trace.ts';
import type { RaftLimits } from './plan.ts';
import { type Services, servicesOf } from './services.ts';

/** What all machines share. */
export interface Surroundings {
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly marks: Marks;
  readonly verdict: Verdict;
  readonly ledger: Ledger;
  readonly checks: RaftChecks;
  readonly durable: DurableLogs;
  readonly ports: PeerPorts;
  readonly metrics: BrainMetrics;
  readonly turnMs: number;
  readonly drift: number;
  readonly segmentBytes: number;
  readonly writesOnTheSpot: boolean;
  readonly raftLimits: RaftLimits;
  readonly transition: Transition;
  /** Index → hash of the state there, from whoever came first. */
  readonly stateHashes: Map<number, number>;
}

/** One run of a member. */
export interface MemberRun {
  readonly process: Process;
  raft: ObservedRaft | undefined;
  readonly number: number;
  member: Member | undefined;
  services: Services | undefined;
}

/** When a fault is worth more than at other times. */
export type Moment = RaftMoment | 'logWrite' | 'witnessWrite' | 'stateWrite' | 'snapshot';

/** A member that finds its files damaged says one of these, and does not start. */
const refusals = new Set([
  'DATA_CORRUPT',
  'DATA_MISSING',
  'DATA_FORMAT',
  'STATE_DAMAGED',
  'STATE_FOREIGN',
  'STATE_FORMAT',
]);

/** What stops a member whose drive has failed it; anything else that does is a bug. */
const diskFailures = new Set(['LOG_WRITE_FAILED', 'STATE_WRITE_FAILED', 'EIO']);
/** A member that runs outlives a full disk; one that starts or stops may say one of these. */
const wantsOfRoom = new Set([
  ...diskFailures,
  'ENOSPC',
  'DATA_NO_ROOM',
  'DATA_DIRECTORY',
  'STATE_NO_ROOM',
  'STATE_SPENT',
]);

/** A newcomer that could not join is started again after this time. */
const joinAgainMs = 400;

/** Whole states are compared once in so many entries: that takes as long as there is state. */
const stateCheckEntries = 16;

/** Batches of state, marks of the witness and news come more often than in production, so that a crash finds more moments between them. */
const prompt = { witnessMs: 100, stateMs: 50, newsMs: 1 };

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
  #run: MemberRun | undefined;
  #runs = 0;
  /** Of the drive, before this run. */
  #driveBefore = { failures: 0, refusals: 0 };
  #isDamaged = false;
  #isRolledBack = false;
  /** How often something was done to its disk that no crash does. */
  diskFaults = 0;
  /** Of the disk, when it last stopped in good order, and what the member had promised and whom it counted by then. */
  #copy: { readonly volume: VolumeCopy; readonly promise: string; readonly config: string } | undefined;
  #isLost = false;
  /** Where this run's log writes are: to crash in between. */
  #writesUnderWay = 0;
  #receivesSnapshot = false;
  readonly #awaited = new Map<Moment, () => void>();

  constructor({ settings, driveSpeed, flags }: MachineOptions, chance: Chance, surroundings: Surroundings) {
    this.settings = settings;
    this.#flags = flags;
    this.#isSettled = !flags;
    this.#chance = chance;
    this.#surroundings = surroundings;
    this.#background = Chance.about(surroundings.seed, `the disk of ${settings.name}`);
    this.drive = new Drive({ scheduler: surroundings.scheduler, chance: chance.fork(), speed: driveSpeed });
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
    return this.#isLost || !this.isMember;
  }

  /** Its files are damaged or older than what it had confirmed, and it has said so. */
  get hasLostDisk(): boolean {
    return this.#isLost;
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
    return (
      this.#isSettled && !this.hasLeft && !this.#isLost && this.#surroundings.ledger.membership.removed.has(this.id)
    );
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
    if (this.#run || this.#isLost || this.isHeld || this.#surroundings.scheduler.nowMs < this.#notBeforeMs) return;
    const { scheduler, turnMs, drift, ports } = this.#surroundings;
    ports.dark.delete(this.name);
    const pace = 1 + drift * this.#chance.between(-1, 1);
    const process = new Process({ name: this.name, scheduler, pace, turnMs });
    const run: MemberRun = { process, number: ++this.#runs, raft: undefined, member: undefined, services: undefined };
    this.#run = run;
    this.#driveBefore = { failures: this.drive.failures, refusals: this.drive.refusals };
    this.#writesUnderWay = 0;
    this.#receivesSnapshot = false;
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
    if (this.#isDamaged) this.#surroundings.marks.hit('damage survived');
    this.#checkStart(member);
    run.services = servicesOf(member, world);
    const publishing = new AbortController();
    const clientUrls = this.settings.advertiseClientUrls;
    publish({ member, world, clientUrls, signal: publishing.signal }).catch((error: unknown) => error);
    run.process.onDeath(() => publishing.abort());
  }

  #failed(run: MemberRun, error: unknown, what: 'refuses to start' | 'stops' | 'does not stop in good order'): void {
    this.#note(`${what}: ${messageOf(error)}`);
    // Without a witness it takes itself for a newcomer, and the others know better.
    const isRefused = refusals.has(codeOf(error) ?? '') || (this.#isSettled && codeOf(error) === 'JOIN_FAILED');
    if (this.#isDamaged && isRefused) {
      this.#surroundings.marks.hit('damage refused');
      this.#isLost = true;
      return this.kill();
    }
    if (this.#isRolledBack && codeOf(error) === 'DISK_ROLLED_BACK') {
      this.#surroundings.marks.hit('rolled back disk found');
      this.#isLost = true;
      return this.kill();
    }
    if (codeOf(error) === 'MEMBER_REMOVED' && this.#leaves()) return this.kill();
    // The cluster does not know of it yet, or nobody could be asked.
    if (codeOf(error) === 'JOIN_FAILED' && this.#flags) {
      if (this.#isSettled && this.#surroundings.ledger.membership.removed.has(this.id)) this.#leavesBlank();
      this.#notBeforeMs = this.#surroundings.scheduler.nowMs + joinAgainMs;
      return this.kill();
    }
    const code = codeOf(error) ?? '';
    const before = this.#driveBefore;
    const hasFailed = this.drive.failures > before.failures && diskFailures.has(code);
    const hadNoRoom = this.drive.refusals > before.refusals && wantsOfRoom.has(code) && what !== 'stops';
    const isExplained = hasFailed || hadNoRoom;
    if (!isExplained) {
      const stack = error instanceof Error ? (error.stack ?? '') : '';
      this.#surroundings.verdict.violate(`${this.name} ${what}: ${messageOf(error)}\n${stack}`);
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
    if (this.#receivesSnapshot) marks.hit('crash while a snapshot was received or installed');
    this.#note('is killed');
    this.#run = undefined;
    run.process.kill();
  }

  losePower(): void {
    const { marks, ports } = this.#surroundings;
    marks.hit('power lost');
    this.#markChangeUnderWay();
    if (this.#writesUnderWay > 0) marks.hit('power lost during a write of the log');
    const { member } = this;
    if (member && member.machine.state.durable.index < member.machine.store.appliedIndex) {
      marks.hit('power lost between log sync and state write');
    }
    if (this.#receivesSnapshot) marks.hit('crash while a snapshot was received or installed');
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
      this.diskFaults++;
      this.#isDamaged = true;
      const what = this.volume.damage(this.#chance);
      this.#surroundings.marks.hit('files damaged');
      this.#note(`is damaged: ${what}`);
    });
  }

  /**
   * The disk is stopped and goes back to what it was at an earlier stop. Only where the cluster can bear it: a majority of disks
   * must live, so the others hold all that is forgotten here, and no vote and no change of the members is forgotten.
   */
  rollBack(others: readonly Machine[], isAllowed: () => boolean = () => true): void {
    const copy = this.#copy;
    if (!copy) return;
    this.stop(() => {
      const { durable, marks, ledger } = this.#surroundings;
      const isBorne =
        isAllowed() &&
        copy.config === configText(ledger.membership.now.config) &&
        copy.promise === durable.promiseOf(this.id) &&
        durable.isHeldByAll(
          this.id,
          others.map(({ id }) => id),
        );
      if (!isBorne) return;
      this.diskFaults++;
      marks.hit('disk rolled back');
      this.#note('is rolled back');
      this.#isRolledBack = true;
      this.volume.rollBack(copy.volume);
      durable.forget(this.id);
    });
  }

  /** Calls `act` once, when that next happens here. */
  atNext(moment: Moment, act: () => void): void {
    this.#awaited.set(moment, act);
  }

  #comes(moment: Moment): void {
    const act = this.#awaited.get(moment);
    this.#awaited.delete(moment);
    act?.();
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
      const config = run.raft ? configText(run.raft.config) : '';
      this.#copy = { volume: this.volume.copy(), promise: this.#surroundings.durable.promiseOf(this.id), config };
    };
    end().then(gone, (error: unknown) => {
      if (run.process.isAlive) this.#failed(run, error, 'does not stop in good order');
    });
  }

  #note(what: string): void {
    this.#surroundings.trace.note(this.name, what);
  }

  #worldOf(run: MemberRun): MemberWorld {
    const { process } = run;
    const { marks, metrics, ports, segmentBytes, writesOnTheSpot, raftLimits } = this.#surroundings;
    const { volume, drive } = this;
    const state = { process, volume, drive, marks, chance: this.#background };
    return {
      clock: process.clock,
      randomness: this.#chance.fork().randomness,
      logger: this.#loggerOf(process),
      files: filesOf({
        process,
        volume,
        drive,
        writesOnTheSpot,
        onUse: (what, path) => {
          if (what === 'writeNow') return marks.hit('entry written on the spot');
          if (what === 'write') this.#comes(path.endsWith('.log') ? 'logWrite' : 'witnessWrite');
          if (path.endsWith('.log')) this.#writesUnderWay += what === 'write' ? 1 : -1;
        },
      }),
      openDatabase: databasesOf({ ...state, onBatch: () => this.#comes('stateWrite') }),
      diskRoom: { isLow: () => drive.isFull },
      openStateDirectory: (path) => stateDirectoryOf(state, path),
      endOfTurn: process.endOfTurn,
      soon: process.endOfTurn,
      segmentBytes,
      lag: prompt,
      createRaft: (options) => {
        run.raft = new ObservedRaft(
          { ...options, ...raftLimits },
          {
            who: this.name,
            checks: this.#surroundings.checks,
            durable: this.#surroundings.durable,
            ledger: this.#surroundings.ledger,
            marks,
            transition: this.#surroundings.transition,
            note: (what) => this.#note(what),
            onApplied: (index) => this.#checkState(run, index),
            onMoment: (moment) => this.#comes(moment),
          },
        );
        return run.raft;
      },
      startTransport: (receiver) => {
        const watched = {
          ...receiver,
          receiveSnapshot: async (transfer: Parameters<typeof receiver.receiveSnapshot>[0]) => {
            this.#receivesSnapshot = true;
            this.#comes('snapshot');
            try {
              await receiver.receiveSnapshot(transfer);
            } finally {
              this.#receivesSnapshot = false;
            }
          },
        };
        const end = { process, receiver: watched };
        ports.listen(this.id, end);
        return startVirtualTransport({ self: this.id, end, ports, marks });
      },
      metrics,
      onFailure: (error) => {
        if (process.isAlive) process.after(0, () => this.#failed(run, error, 'stops'));
      },
    };
  }

  /** Equal state at equal index, and the revision that the model has there. */
  #checkState(run: MemberRun, index: number): void {
    const { ledger, verdict } = this.#surroundings;
    const store = run.member?.machine.store;
    if (!store || store.appliedIndex !== index) return;
    const revision = ledger.revisionAfter(index);
    if (revision !== store.revision) {
      verdict.violate(`${this.name} is at revision ${store.revision} after entry ${index}, the model at ${revision}`);
    }
    if (index % stateCheckEntries === 0) this.compareState(index);
  }

  /** What was read back from the files is a state that there was. */
  #checkStart({ machine: { store } }: Member): void {
    const { ledger, verdict } = this.#surroundings;
    const { revision, appliedIndex } = store;
    const caller = { name: 'root', authRevision: store.auth.revision };
    const outcome = store.range(rangeRequest({ key: 'k', end: 'l' }, { serializable: true }), caller);
    const [answer] = outcome.ok ? rangeOutput(outcome.response).answers : [];
    const rows = answer?.kind === 'range' ? answer.rows : [];
    const expected = ledger.rowsAt(revision, { key: 'k', end: 'l' });
    const same = rows.length === expected.length && rows.every((row, i) => isSameRow(row, expected[i]));
    if (!same) verdict.violate(`${this.name} starts with other keys at revision ${revision} than there were`);
    if (ledger.revisionAfter(appliedIndex) !== revision) {
      verdict.violate(`${this.name} starts at revision ${revision} after entry ${appliedIndex}`);
    }
  }

  compareState(index: number): void {
    const { verdict, stateHashes } = this.#surroundings;
    const { member } = this;
    if (!member || member.machine.store.appliedIndex !== index) return;
    const hash = hashState(member.machine.store);
    const known = stateHashes.get(index) ?? hash;
    stateHashes.set(index, known);
    if (known !== hash) verdict.violate(`${this.name} has another state after entry ${index} than another member had`);
  }

  #loggerOf(process: Process): Logger {
    const { marks } = this.#surroundings;
    const line = (message: string, fields?: LogFields): void => {
      if (!process.isAlive) return;
      if (message.startsWith('cut bytes off')) marks.hit('log tail cut at a start');
      if (message === 'installed a snapshot') marks.hit('snapshot installed');
      const reason = fields?.['reason'] ?? (fields?.['err'] === undefined ? undefined : messageOf(fields['err']));
      this.#note(`log: ${message}${typeof reason === 'string' ? ` (${reason})` : ''}`);
    };
    const logger: Logger = { debug: () => undefined, info: line, warn: line, error: line, child: () => logger };
    return logger;
  }
}

function isSameRow(a: KeyRow, b: KeyRow | undefined): boolean {
  if (!b || a.key !== b.key || a.value !== b.value || a.lease !== b.lease) return false;
  return a.modRevision === b.modRevision && a.createRevision === b.createRevision && a.version === b.version;
}
