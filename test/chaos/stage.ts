/**
 * The members that chaos befalls: processes of `flotilla brain` on directories of their own, on a network that can be disturbed.
 * Members come and go; a number stays one member's place for good. Whatever ends by itself without an excuse is remembered.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type MemberPlan, type MemberProcess, spawnMember, stopProcess } from '@flotilla/brain/test/cluster';
import { type Teardown, flotillaCommand } from '../e2e/cluster.ts';
import type { ProcessFaults } from './fault-hooks.ts';
import type { ChannelTarget, Network, Place } from './network.ts';
import { type SmallDisk, mountSmallDisk } from './small-disk.ts';

/** Small enough that a member that was away needs a snapshot. Members come and go while others are dead: nobody is asked for health. */
const memberOptions = { 'snapshot-count': 300, 'snapshot-catchup-entries': 100, 'strict-reconfig-check': false };
const hooks = fileURLToPath(new URL('fault-hooks.js', import.meta.url));
const noFaults: ProcessFaults = { wallOffsetMs: 0, diskDelayMs: 0 };

/**
 * - joining: added, and may be refused until those it asks know of it
 * - learning: serves, but has no vote, and takes no calls of clients
 * - voting: a member as all others
 * - leaving: being removed; it must end, and say so
 * - gone: not a member; nothing starts it
 */
export type Standing = 'joining' | 'learning' | 'voting' | 'leaving' | 'gone';

/** What a process that ends by itself must say. */
const lastWordsOf: Partial<Readonly<Record<Standing, string>>> = {
  joining: "can't be joined",
  leaving: 'has been permanently removed from the cluster',
};

interface Seat {
  readonly place: Place;
  plan: MemberPlan;
  standing: Standing;
  process: MemberProcess | undefined;
  runs: number;
  isExcused: boolean;
  /** When it ended by itself. */
  lastWords: string | undefined;
}

export class Stage {
  /** Why members ended that nobody had stopped. */
  readonly endings: string[] = [];
  readonly logs: string[] = [];
  readonly network: Network;
  readonly #directory = mkdtempSync(join(tmpdir(), 'flotilla-chaos-'));
  readonly #seats: Seat[] = [];
  /** On the directory of the last of the first members, where root allows. */
  #smallDisk: { readonly disk: SmallDisk; readonly member: number } | undefined;
  #closing: Promise<void> | undefined;

  /** It is closed with `t`, also while it is being opened. */
  static async open(t: Teardown, size: number, network: Network): Promise<Stage> {
    const stage = new Stage(network);
    t.teardown(() => stage.close());
    for (let i = 0; i < size; i++) await stage.addSeat('voting');
    const initialCluster = stage.#seats.map(({ plan }, i) => `${plan.name}=${stage.peerUrlOf(i)}`).join();
    for (const seat of stage.#seats) seat.plan = withOptions(seat.plan, { 'initial-cluster': initialCluster });
    const disk = mountSmallDisk(dirname(stage.dataDirOf(size - 1)));
    stage.#smallDisk = disk && { disk, member: size - 1 };
    return stage;
  }

  private constructor(network: Network) {
    this.network = network;
  }

  /** Members that anything may befall. */
  get members(): readonly number[] {
    return this.#inStanding('learning', 'voting');
  }

  /** Members that clients may call, those that are being removed too. */
  get callable(): readonly number[] {
    return this.#inStanding('voting', 'leaving');
  }

  get voters(): readonly number[] {
    return this.#inStanding('voting');
  }

  /** A disk that can be filled, and whose it is; undefined when that member is gone. */
  get smallDisk(): { readonly disk: SmallDisk; readonly member: number } | undefined {
    return this.#smallDisk && this.members.includes(this.#smallDisk.member) ? this.#smallDisk : undefined;
  }

  nameOf(i: number): string {
    return this.#seat(i).plan.name;
  }

  dataDirOf(i: number): string {
    return this.#seat(i).plan.dataDir;
  }

  endpointOf(i: number): ChannelTarget {
    return this.#seat(i).place.endpoint;
  }

  peerUrlOf(i: number): string {
    return this.#seat(i).place.options['initial-advertise-peer-urls']?.[0] ?? '';
  }

  /** How often a member was started: what it says may only be compared within one run. */
  runOf(i: number): number {
    return this.#seat(i).runs;
  }

  /** A place for one more member, which nothing starts yet unless told; returns its number. */
  async addSeat(standing: Standing = 'gone'): Promise<number> {
    const name = `m${this.#seats.length + 1}`;
    const place = await this.network.settle(name, (holds) => this.#memberOf(holds));
    this.#refuseOnceClosed();
    const dataDir = join(this.#directory, name, 'data');
    mkdirSync(dirname(dataDir), { recursive: true });
    const options = { name, 'data-dir': dataDir, ...memberOptions, ...place.options };
    const plan = { name, clientPort: 0, peerPort: 0, dataDir, options, launcher: place.launcher };
    const seat = { place, plan, standing, process: undefined, runs: 0, isExcused: false, lastWords: undefined };
    this.setFaults(this.#seats.push(seat) - 1, {});
    return this.#seats.length - 1;
  }

  /** What a member that joins others is started with: all members, by name and URL. */
  setInitialCluster(i: number, initialCluster: string): void {
    const seat = this.#seat(i);
    seat.plan = withOptions(seat.plan, {
      'initial-cluster': initialCluster,
      'initial-cluster-state': 'existing',
    });
  }

  setStanding(i: number, standing: Standing): void {
    this.#seat(i).standing = standing;
  }

  /** Nobody has what was on it. */
  loseDisk(i: number): void {
    rmSync(this.dataDirOf(i), { recursive: true, force: true });
  }

  setFaults(i: number, faults: Partial<ProcessFaults>): void {
    const path = this.#faultsPath(i);
    writeFileSync(`${path}.new`, JSON.stringify({ ...noFaults, ...faults }));
    renameSync(`${path}.new`, path);
  }

  async start(i: number): Promise<void> {
    const seat = this.#seat(i);
    if (seat.standing === 'gone' || seat.process) return;
    this.#refuseOnceClosed();
    await seat.place.open();
    if (seat.process) return;
    this.#refuseOnceClosed();
    seat.runs++;
    seat.lastWords = undefined;
    const env = { CHAOS_FAULTS: this.#faultsPath(i), NODE_OPTIONS: `--import=${hooks}` };
    const started = spawnMember(seat.plan, env, [flotillaCommand, 'brain']);
    seat.process = started;
    void started.exited.then((code) => this.#ended(i, started, code));
  }

  /** From now on a member may end by itself: its end is no failure. */
  excuse(i: number): void {
    this.#seat(i).isExcused = true;
  }

  /** It did not. */
  pardon(i: number): void {
    this.#seat(i).isExcused = false;
  }

  async stop(i: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const seat = this.#seat(i);
    const member = seat.process;
    if (!member) return;
    seat.process = undefined;
    seat.lastWords = undefined;
    const stopped = stopProcess(member, signal);
    // A process that is frozen hears nothing.
    member.child.kill('SIGCONT');
    await stopped;
    this.logs.push(...member.log.map((line) => `${this.nameOf(i)} ${line}`));
    await seat.place.shut();
  }

  signal(i: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#seat(i).process?.child.kill(signal);
  }

  /** Resolves when a member serves, or with its last words when it ended instead. */
  async served(i: number): Promise<string | undefined> {
    const { process: member, lastWords } = this.#seat(i);
    if (!member) return lastWords ?? 'it does not run';
    return await member.ready.then(
      () => undefined,
      () => wordsOf(member),
    );
  }

  /** Resolves when a member does not run any more; with its last words when nobody had stopped it. */
  async ended(i: number): Promise<string | undefined> {
    await this.#seat(i).process?.exited;
    return this.#seat(i).lastWords;
  }

  async allServe(): Promise<void> {
    for (const i of this.members) {
      await this.start(i);
      this.signal(i, 'SIGCONT');
    }
    const silent = await Promise.all(
      this.members.map(async (i) => {
        const run = this.runOf(i);
        const words = await this.served(i);
        // Unless it was removed or replaced meanwhile.
        const isStillThere = this.members.includes(i) && this.runOf(i) === run;
        return words === undefined || !isStillThere ? [] : [`${this.nameOf(i)} does not serve: ${words}`];
      }),
    );
    this.endings.push(...silent.flat());
  }

  /** Ends all members, and nothing is left of them. From now on none can be started. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    for (const [i, { place }] of this.#seats.entries()) {
      this.signal(i, 'SIGCONT');
      await this.stop(i, 'SIGKILL');
      await place.shut();
    }
    this.#smallDisk?.disk.unmount();
    rmSync(this.#directory, { recursive: true, force: true });
    await this.network.close();
  }

  /** Whoever still disturbs the members of a round that was broken off must not bring them back. */
  #refuseOnceClosed(): void {
    if (this.#closing) throw new Error('the members are gone: the round is over');
  }

  #seat(i: number): Seat {
    const seat = this.#seats[i];
    if (!seat) throw new Error(`no member ${i}`);
    return seat;
  }

  #inStanding(...standings: readonly Standing[]): readonly number[] {
    return this.#seats.flatMap(({ standing }, i) => (standings.includes(standing) ? [i] : []));
  }

  #faultsPath(i: number): string {
    return join(this.#directory, `${this.nameOf(i)}.faults`);
  }

  #memberOf(holds: (pid: number) => boolean): string | undefined {
    return this.#seats.find(({ process }) => process?.child.pid !== undefined && holds(process.child.pid))?.plan.name;
  }

  #ended(i: number, member: MemberProcess, code: number | NodeJS.Signals): void {
    const seat = this.#seat(i);
    if (seat.process !== member) return;
    seat.process = undefined;
    this.logs.push(...member.log.map((line) => `${this.nameOf(i)} ${line}`));
    const words = wordsOf(member);
    seat.lastWords = words;
    void seat.place.shut();
    const expected = lastWordsOf[seat.standing];
    if (expected !== undefined && words.includes(expected)) return;
    if (seat.isExcused) {
      seat.isExcused = false;
      return;
    }
    this.endings.push(`${this.nameOf(i)} (${seat.standing}) ended by itself with ${code}: ${words}`);
  }
}

function withOptions(plan: MemberPlan, options: MemberPlan['options']): MemberPlan {
  return { ...plan, options: { ...plan.options, ...options } };
}

function wordsOf({ log }: MemberProcess): string {
  return log.slice(-3).join('; ');
}
