/**
 * The network between machines (members and clients): how long a parcel takes, which ways are cut, and what the two ends of a
 * connection learn of each other's end.
 *
 * Two manners, drawn once a run. `streams`: as TCP, what is sent on a connection arrives in order and once, waits while the
 * way is cut, and the connection breaks when that takes too long. `parcels`: each is lost, doubled and overtaken by itself.
 * Raft promises to bear both.
 */
import type { Chance } from '../world/chance.ts';
import type { Marks } from '../world/marks.ts';
import type { Process } from '../world/process.ts';
import type { Scheduler } from '../world/scheduler.ts';

export interface NetworkPlan {
  readonly manner: 'streams' | 'parcels';
  /** Usual time that a parcel takes. */
  readonly latencyMs: number;
  readonly lossShare: number;
  readonly doubleShare: number;
}

/** Cut for longer than this, a connection breaks. */
const patienceMs = 3000;
const resendMs = 50;

export class Network {
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #marks: Marks;
  readonly plan: NetworkPlan;
  /** `from to` → nothing gets through. */
  readonly #cut = new Set<string>();
  /** `from to` → times slower. */
  readonly #slow = new Map<string, number>();
  /** `from to` → a firewall answers in the other's place: connections are reset, new ones are refused. */
  readonly #rejected = new Set<string>();
  readonly #connections = new Set<Connection>();
  /** Faults of single parcels happen only while this is set. */
  isUnreliable = true;

  constructor(options: {
    readonly scheduler: Scheduler;
    readonly chance: Chance;
    readonly marks: Marks;
    readonly plan: NetworkPlan;
  }) {
    this.#scheduler = options.scheduler;
    this.#chance = options.chance;
    this.#marks = options.marks;
    this.plan = options.plan;
  }

  cut(from: string, to: string): void {
    this.#cut.add(`${from} ${to}`);
  }

  slow(from: string, to: string, times: number): void {
    this.#slow.set(`${from} ${to}`, times);
  }

  /** Cuts both ways, and tells both that the other's process is gone, which it is not. */
  reject(a: string, b: string): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      this.cut(from, to);
      this.#rejected.add(`${from} ${to}`);
    }
    for (const connection of this.#connections) if (connection.isBetween(a, b)) connection.break();
  }

  heal(): void {
    this.#cut.clear();
    this.#slow.clear();
    this.#rejected.clear();
  }

  isRejected(from: string, to: string): boolean {
    return this.#rejected.has(`${from} ${to}`);
  }

  opened(connection: Connection): void {
    this.#connections.add(connection);
    connection.onBroken(() => this.#connections.delete(connection));
  }

  isCut(from: string, to: string): boolean {
    return this.#cut.has(`${from} ${to}`);
  }

  latencyMs(from: string, to: string): number {
    return this.plan.latencyMs * this.#chance.between(0.5, 2) * (this.#slow.get(`${from} ${to}`) ?? 1);
  }

  /** One try of something small: it arrives once, or not at all. */
  throwAt(from: string, to: string, arrive: () => void): void {
    if (this.isCut(from, to)) return;
    this.#scheduler.after(this.latencyMs(from, to), () => {
      if (!this.isCut(from, to)) arrive();
    });
  }

  /** One direction of a connection. */
  openLane(from: string, to: string): Lane {
    return new Lane({ network: this, scheduler: this.#scheduler, chance: this.#chance, marks: this.#marks, from, to });
  }
}

export type SendManner = 'any' | 'reliably';

interface LaneOptions {
  readonly network: Network;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly marks: Marks;
  readonly from: string;
  readonly to: string;
}

/** Parcels from one end of a connection to the other. */
export class Lane {
  readonly #options: LaneOptions;
  #lastArrivalMs = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /**
   * @param how `reliably`: in order and once, in either manner.
   * @param broken the connection breaks, because nothing gets through for too long.
   */
  send(options: { readonly how: SendManner; readonly deliver: () => void; readonly broken: () => void }): void {
    const { network, chance, marks } = this.#options;
    const { how, deliver, broken } = options;
    if (how === 'reliably' || network.plan.manner === 'streams') return this.#sendInOrder(deliver, broken, 0);
    const { lossShare, doubleShare } = network.plan;
    if (network.isUnreliable && chance.happens(lossShare)) return marks.hit('message lost');
    this.#throw(deliver);
    if (!network.isUnreliable || !chance.happens(doubleShare)) return;
    marks.hit('message doubled');
    this.#throw(deliver);
  }

  #throw(deliver: () => void): void {
    const { network, scheduler, marks, from, to } = this.#options;
    const arrivalMs = scheduler.nowMs + network.latencyMs(from, to);
    if (arrivalMs < this.#lastArrivalMs) marks.hit('message overtaken');
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs);
    network.throwAt(from, to, deliver);
  }

  #sendInOrder(deliver: () => void, broken: () => void, waitedMs: number): void {
    const { network, scheduler, from, to } = this.#options;
    if (network.isCut(from, to)) {
      if (waitedMs >= patienceMs) return broken();
      scheduler.after(resendMs, () => this.#sendInOrder(deliver, broken, waitedMs + resendMs));
      return;
    }
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs + 0.001, scheduler.nowMs + network.latencyMs(from, to));
    scheduler.after(this.#lastArrivalMs - scheduler.nowMs, deliver);
  }
}

/** A connection between two processes: what one end sends, the other gets, until either end is gone. */
export class Connection {
  readonly #network: Network;
  readonly #ends: readonly [Process, Process];
  readonly #hosts: readonly [string, string];
  readonly #lanes: readonly [Lane, Lane];
  readonly #onBroken: (() => void)[] = [];
  #isOpen = true;

  constructor(network: Network, ends: readonly [Process, Process], hosts: readonly [string, string]) {
    this.#network = network;
    this.#ends = ends;
    this.#hosts = hosts;
    this.#lanes = [network.openLane(hosts[0], hosts[1]), network.openLane(hosts[1], hosts[0])];
    for (const i of [0, 1] as const) ends[i].onDeath(() => this.#reset(i));
    network.opened(this);
  }

  isBetween(a: string, b: string): boolean {
    return this.#hosts.includes(a) && this.#hosts.includes(b);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** From end `from` to the other, in whose process it is delivered. */
  send(from: 0 | 1, deliver: () => void, how: SendManner = 'any'): void {
    if (!this.#isOpen) return;
    const receiver = this.#ends[1 - from] as Process;
    this.#lanes[from].send({
      how,
      deliver: () => {
        if (!this.#isOpen) return;
        if (receiver.isAlive) receiver.take(() => this.#isOpen && deliver());
        else this.#reset(from === 0 ? 1 : 0);
      },
      broken: () => this.break(),
    });
  }

  onBroken(callback: () => void): void {
    this.#onBroken.push(callback);
  }

  break(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const callback of this.#onBroken) callback();
  }

  /** The system of a machine whose process is dead says so, if there is power and the way is open. */
  #reset(dead: 0 | 1): void {
    if (this.#ends[dead].diedWithoutAWord) {
      // Nobody answers; whoever sends into the silence gives up at last.
      this.#ends[1 - dead]?.after(patienceMs, () => this.break());
      return;
    }
    this.#network.throwAt(this.#hosts[dead], this.#hosts[1 - dead] as string, () => this.break());
  }
}
