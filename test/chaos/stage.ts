/**
 * The members that chaos befalls: processes of `flotilla brain` on directories of their own, each behind a proxy that the
 * others call it through. Whatever ends by itself without an excuse is remembered.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ClusterPlan,
  type MemberPlan,
  type MemberProcess,
  planCluster,
  spawnMember,
  stopProcess,
} from '@flotilla/brain/test/cluster';
import { reservePorts } from '@flotilla/brain/test/reserve-ports';
import { flotillaCommand } from '../e2e/cluster.ts';
import type { ProcessFaults } from './fault-hooks.ts';
import { type Link, PeerProxy } from './peer-proxy.ts';
import { type SmallDisk, mountSmallDisk } from './small-disk.ts';

/** Small enough that a member that was away needs a snapshot. */
const memberOptions = { 'snapshot-count': 300, 'snapshot-catchup-entries': 100 };
const hooks = fileURLToPath(new URL('fault-hooks.js', import.meta.url));
const noFaults: ProcessFaults = { wallOffsetMs: 0, diskDelayMs: 0 };

export class Stage {
  readonly plan: ClusterPlan;
  /** Why members ended that nobody had stopped. */
  readonly endings: string[] = [];
  readonly logs: string[] = [];
  /** On the last member's directory, where root allows. */
  readonly smallDisk: SmallDisk | undefined;
  readonly #members: readonly MemberPlan[];
  readonly #running = new Map<number, MemberProcess>();
  readonly #runs: number[];
  readonly #excused = new Set<number>();
  /** Of members that ended by themselves. */
  readonly #lastWords = new Map<number, string>();
  readonly #proxies: readonly PeerProxy[];
  readonly #links = new Map<string, Link>();

  static async open(size: number): Promise<Stage> {
    const plan = await planCluster(size, memberOptions);
    return new Stage(plan, await reservePorts(size));
  }

  private constructor(plan: ClusterPlan, innerPorts: readonly number[]) {
    this.plan = plan;
    this.#members = plan.members.map((member, i) => ({
      ...member,
      dataDir: join(plan.directory, member.name, 'data'),
      options: {
        ...member.options,
        'data-dir': join(plan.directory, member.name, 'data'),
        'listen-peer-urls': [`http://127.0.0.1:${innerPorts[i] ?? 0}`],
      },
    }));
    for (const { dataDir } of this.#members) mkdirSync(dirname(dataDir), { recursive: true });
    this.smallDisk = mountSmallDisk(dirname(this.#members.at(-1)?.dataDir ?? ''));
    this.#runs = plan.members.map(() => 0);
    this.#proxies = plan.members.map(
      ({ name, peerPort }, i) =>
        new PeerProxy({
          port: peerPort,
          targetPort: innerPorts[i] ?? 0,
          callerOf: (holds) => this.#nameOf(holds),
          linkOf: (caller, direction) => (direction === 'forth' ? this.link(caller, name) : this.link(name, caller)),
        }),
    );
  }

  get size(): number {
    return this.#members.length;
  }

  get endpoints(): readonly string[] {
    return this.plan.endpoints;
  }

  nameOf(i: number): string {
    return this.#members[i]?.name ?? '';
  }

  dataDirOf(i: number): string {
    return this.#members[i]?.dataDir ?? '';
  }

  isRunning(i: number): boolean {
    return this.#running.has(i);
  }

  /** How often a member was started: what it says may only be compared within one run. */
  runOf(i: number): number {
    return this.#runs[i] ?? 0;
  }

  /** What happens to bytes from one member to another. */
  link(from: string, to: string): Link {
    const name = `${from} ${to}`;
    const known = this.#links.get(name) ?? { held: false, delayMs: 0 };
    this.#links.set(name, known);
    return known;
  }

  /** To be called when links changed. */
  updateLinks(): void {
    for (const proxy of this.#proxies) proxy.update();
  }

  /** What is on its way between two members is lost. */
  breakConnections(one: number, other: number): void {
    this.#proxies[one]?.breakAll(this.nameOf(other));
    this.#proxies[other]?.breakAll(this.nameOf(one));
  }

  setFaults(i: number, faults: Partial<ProcessFaults>): void {
    const path = this.#faultsPath(i);
    writeFileSync(`${path}.new`, JSON.stringify({ ...noFaults, ...faults }));
    renameSync(`${path}.new`, path);
  }

  async start(i: number): Promise<void> {
    const member = this.#members[i];
    if (!member || this.#running.has(i)) return;
    await this.#proxies[i]?.listen();
    if (this.#runs[i] === 0) this.setFaults(i, {});
    this.#runs[i] = this.runOf(i) + 1;
    const env = { CHAOS_FAULTS: this.#faultsPath(i), NODE_OPTIONS: `--import=${hooks}` };
    const started = spawnMember(member, env, [flotillaCommand, 'brain']);
    this.#running.set(i, started);
    void started.exited.then((code) => this.#ended(i, started, code));
  }

  /** From now on a member may end by itself: its end is no failure. */
  excuse(i: number): void {
    this.#excused.add(i);
  }

  /** It did not. */
  pardon(i: number): void {
    this.#excused.delete(i);
  }

  async stop(i: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const member = this.#running.get(i);
    if (!member) return;
    this.#running.delete(i);
    const stopped = stopProcess(member, signal);
    // A process that is frozen hears nothing.
    member.child.kill('SIGCONT');
    await stopped;
    this.logs.push(...member.log.map((line) => `${this.nameOf(i)} ${line}`));
    await this.#proxies[i]?.refuse();
  }

  signal(i: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#running.get(i)?.child.kill(signal);
  }

  /** Resolves when a member serves, or with its last words when it ended instead. */
  async served(i: number): Promise<string | undefined> {
    const member = this.#running.get(i);
    if (!member) return this.#lastWords.get(i) ?? 'it does not run';
    return await member.ready.then(
      () => undefined,
      () => wordsOf(member),
    );
  }

  async allServe(): Promise<void> {
    for (let i = 0; i < this.size; i++) {
      await this.start(i);
      this.signal(i, 'SIGCONT');
    }
    const words = await Promise.all(this.#members.map((_, i) => this.served(i)));
    const silent = words.flatMap((word, i) =>
      word === undefined ? [] : [`${this.nameOf(i)} does not serve: ${word}`],
    );
    this.endings.push(...silent);
  }

  async close(): Promise<void> {
    for (let i = 0; i < this.size; i++) {
      this.signal(i, 'SIGCONT');
      await this.stop(i, 'SIGKILL');
      await this.#proxies[i]?.refuse();
    }
    this.smallDisk?.unmount();
    await this.plan.clean();
  }

  #faultsPath(i: number): string {
    return join(this.plan.directory, `${this.nameOf(i)}.faults`);
  }

  #nameOf(holds: (pid: number) => boolean): string | undefined {
    for (const [i, { child }] of this.#running) if (child.pid !== undefined && holds(child.pid)) return this.nameOf(i);
    return undefined;
  }

  #ended(i: number, member: MemberProcess, code: number | NodeJS.Signals): void {
    if (this.#running.get(i) !== member) return;
    this.#running.delete(i);
    this.logs.push(...member.log.map((line) => `${this.nameOf(i)} ${line}`));
    this.#lastWords.set(i, wordsOf(member));
    void this.#proxies[i]?.refuse();
    if (this.#excused.delete(i)) return;
    this.endings.push(`${this.nameOf(i)} ended by itself with ${code}: ${wordsOf(member)}`);
  }
}

function wordsOf({ log }: MemberProcess): string {
  return log.slice(-3).join('; ');
}
