/**
 * A cluster under a seed: everything that may go wrong does, one small event at a time, then everything heals. One
 * integer reproduces a run. The safety phase asks `Checks`; the liveness phase asks that the healed cluster works.
 */
import { seededRandomness, type Randomness } from '@flotilla/base';
import {
  type Config,
  type ConfChange,
  isJoint,
  isVoter,
  type MemberChange,
  members,
  type Message,
  type Ready,
} from '@flotilla/raft';
import { isSettled, onlyLeader, outsiders } from './calm.ts';
import { drawChange } from './changes.ts';
import { Checks, expect } from './checks.ts';
import { emptyDisk, Node, noMembers, type NodeOptions, type Parcel } from './node.ts';

const encoder = new TextEncoder();
const electionTimeoutTicks = 5;

function changeOf(member: MemberChange): ConfChange {
  return { kind: 'change', transition: 'auto', members: [member], context: encoder.encode('') };
}

/** How often what happened, over one or many runs: a test that reached nothing proves nothing. */
export type Marks = Map<string, number>;

export interface RunOptions {
  readonly seed: number;
  /** Members at the start. */
  readonly size: number;
  /** Members that may join. */
  readonly newcomers: number;
  readonly events: number;
  readonly marks: Marks;
}

/**
 * Runs a seed through both phases; where members come and go several times, so that the next misfortune meets other
 * members. Throws at the first broken promise.
 */
export function runSeed(options: RunOptions): void {
  const cluster = new Cluster(options);
  const cycles = options.newcomers > 0 ? 4 : 1;
  for (let cycle = 0; cycle < cycles; cycle++) {
    for (let i = 0; i < options.events / cycles; i++) cluster.misfortune();
    cluster.heal();
    cluster.rebuild();
  }
}

class Cluster {
  readonly #random: Randomness;
  readonly #marks: Marks;
  readonly #checks = new Checks();
  readonly #ids: bigint[];
  readonly #nodes = new Map<bigint, Node>();
  readonly #options: NodeOptions;
  readonly #reads = new Map<string, number>();
  /** Pairs `from to` that lose everything. */
  readonly #cut = new Set<string>();
  /** Stopped when everything heals: not in the configuration. */
  #retired = new Set<bigint>();
  readonly #changing: boolean;
  #network: Parcel[] = [];
  #counter = 0;

  /** What happens, and how often as a rule. Each seed has a temper of its own, so that rare things meet in some. */
  readonly #events: readonly (readonly [weight: number, event: () => void])[] = [
    [100, () => this.#deliverSome()],
    [100, () => void this.#take(this.#pick(), { forgetCommit: this.#random.next() < 0.5 })],
    [80, () => this.#sync(this.#pick())],
    [12, () => this.#pick().raft.tick()],
    [12, () => this.#propose(this.#pick())],
    [8, () => void this.#read(this.#pick())],
    [2, () => this.#drop()],
    [4, () => this.#duplicate()],
    [2, () => this.#compact(this.#pick())],
    [0.5, () => this.#partition()],
    [1, () => this.#cut.clear()],
    [0.5, () => this.#crash(this.#pick())],
    [0.7, () => this.#transfer(this.#pick())],
    [0.5, () => this.#declareDead(this.#pick())],
    [6, () => this.#change()],
    [0.5, () => this.#pick().raft.campaign()],
    [0.5, () => this.#pick().raft.reportUnreachable(this.#pick().id)],
  ];
  readonly #weights: readonly number[];
  readonly #totalWeight: number;

  constructor({ seed, size, newcomers, marks }: RunOptions) {
    this.#random = seededRandomness(seed);
    this.#marks = marks;
    this.#ids = Array.from({ length: size + newcomers }, (_, i) => BigInt(i + 1));
    this.#changing = newcomers > 0 && this.#random.next() < 0.8;
    const config = this.#drawConfig(this.#ids.slice(0, size));
    this.#options = {
      config,
      electionTimeoutTicks,
      random: () => this.#random.next(),
      maxInflightMessages: 1 + this.#below(4),
      maxInflightBytes: 50 + this.#below(1000),
      maxMessageBytes: 1 + this.#below(200),
      maxCommittedBytes: 1 + this.#below(200),
      maxUncommittedBytes: 200 + this.#below(2000),
      preVote: this.#random.next() < 0.7,
      checkQuorum: this.#random.next() < 0.7,
    };
    for (const id of this.#ids) {
      const known = id <= size ? config : noMembers;
      this.#nodes.set(id, new Node(id, this.#options, emptyDisk(known)));
    }
    this.#weights = this.#events.map(([weight]) => weight * 2 ** (this.#random.next() * 6 - 3));
    this.#totalWeight = this.#weights.reduce((sum, weight) => sum + weight, 0);
  }

  /** Mostly plain voters; with five members sometimes a learner, sometimes two halves that overlap in one. */
  #drawConfig(ids: readonly bigint[]): Config {
    const drawn = this.#random.next();
    if (ids.length < 5 || drawn < 0.6) return { voters: ids, votersOutgoing: [], learners: [] };
    if (drawn < 0.8) return { voters: ids.slice(0, 4), votersOutgoing: [], learners: ids.slice(4) };
    return { voters: ids.slice(0, 3), votersOutgoing: ids.slice(2), learners: [] };
  }

  /** One event of the safety phase. */
  misfortune(): void {
    // Who was stopped runs again, in the configuration or not.
    if (this.#retired.size > 0) this.#retired = new Set();
    let at = this.#random.next() * this.#totalWeight;
    for (const [i, [, event]] of this.#events.entries()) {
      at -= this.#weights[i] as number;
      if (at < 0) return event();
    }
  }

  /** The liveness phase: no more faults. Soon one leads, all agree, and proposals and reads succeed. */
  heal(): void {
    this.#cut.clear();
    const leader = this.#calmDown();
    const value = `healed ${this.#counter}`;
    expect(leader.raft.propose([encoder.encode(value)]) === 'accepted', 'a healed leader takes proposals');
    const reads = this.#active().map((node) => this.#read(node));
    for (let i = 0; i < 2 * electionTimeoutTicks; i++) this.#round();
    for (const node of this.#active()) {
      expect(node.state.values.at(-1) === value, `${node.id} does not follow the healed leader`);
      expect(onlyLeader(this.#active()) === leader, 'a healed cluster keeps its leader');
      expect(String(node.state.values) === String(leader.state.values), `${node.id} holds another state`);
      node.flush();
    }
    expect(!reads.some((context) => this.#reads.has(context)), 'a read is not answered');
  }

  /** A healed cluster changes its members: one comes in as a learner and is promoted, the leader goes. */
  rebuild(): void {
    if (!this.#changing) return;
    for (const step of ['learner', 'voter', 'remove leader'] as const) {
      const { raft, id } = onlyLeader(this.#active());
      const { config } = raft.status();
      const newcomer = this.#ids.find((one) => this.#retired.has(one)) ?? config.learners[0];
      if (newcomer === undefined && step !== 'remove leader') continue;
      if (step === 'remove leader' && config.voters.length === 1) return;
      const change: MemberChange =
        step === 'remove leader' ? { type: 'remove', id } : { type: step, id: config.learners[0] ?? newcomer ?? id };
      this.#retired.delete(change.id);
      const asked = raft.proposeConfChange(changeOf(change));
      expect(asked === 'accepted', `a healed leader takes membership changes, but: ${asked}`);
      this.heal();
      const after = members(onlyLeader(this.#active()).raft.status().config);
      expect(after.includes(change.id) !== (change.type === 'remove'), `the change of ${change.id} has no effect`);
    }
    this.#mark('rebuilt');
  }

  /** Runs the cluster until it is settled. Returns the leader. */
  #calmDown(): Node {
    // Without pre-vote, members with short logs disturb a few elections before one with a long log wins.
    let calmRounds = 0;
    for (let i = 0; i < 400 && calmRounds < 2 * electionTimeoutTicks; i++) {
      this.#round();
      this.#retired = outsiders([...this.#nodes.values()], this.#checks);
      if (this.#changing) this.#leaveJoint();
      calmRounds = isSettled(this.#active(), { jointAllowed: !this.#changing }) ? calmRounds + 1 : 0;
    }
    return onlyLeader(this.#active());
  }

  #active(): Node[] {
    return [...this.#nodes.values()].filter(({ id }) => !this.#retired.has(id));
  }

  #leaveJoint(): void {
    for (const { raft } of this.#active()) {
      const { role, config } = raft.status();
      if (role !== 'leader' || !isJoint(config) || config.autoLeave === true) continue;
      raft.proposeConfChange({ kind: 'leave', context: encoder.encode('') });
    }
  }

  #round(): void {
    for (const node of this.#active()) node.raft.tick();
    this.#settle();
  }

  #settle(): void {
    let moved = true;
    for (let turn = 0; moved; turn++) {
      expect(turn < 5000, 'a cluster at rest goes on talking');
      moved = this.#network.length > 0;
      for (const node of this.#active()) {
        moved = this.#take(node) || moved;
        this.#sync(node);
      }
      for (const parcel of this.#network.splice(0)) this.#deliver(parcel);
    }
  }

  #take(node: Node, { forgetCommit = false } = {}): boolean {
    const expected = node.raft.hasReady();
    const taken = node.take({ forgetCommit });
    expect(expected === (taken !== undefined), 'hasReady says what ready does');
    if (taken === undefined) return false;
    const { ready, parcels } = taken;
    this.#observe(node, ready);
    this.#send(node, parcels);
    return true;
  }

  #observe(node: Node, ready: Ready): void {
    if (ready.softState?.role === 'leader') {
      this.#mark('elected');
      this.#checks.elected(node);
    }
    this.#checks.applied(node, ready.committed);
    if (node.raft.role === 'leader' && !isVoter(node.raft.status().config, node.id))
      this.#mark('leader without a vote');
    for (const { context, index } of ready.readStates) {
      const appliedAtStart = this.#reads.get(context);
      if (appliedAtStart === undefined) continue;
      this.#mark('read');
      this.#reads.delete(context);
      this.#checks.read({ index, appliedAtStart });
    }
    if (ready.committed.some(({ index }) => index > node.raft.status().syncedIndex))
      this.#mark('applied before synced');
  }

  #sync(node: Node): void {
    this.#persisting(node, () => this.#send(node, node.sync()));
    if (this.#random.next() < 0.3) node.flush();
  }

  #persisting(node: Node, persist: () => void): void {
    const { hardState } = node.disk;
    const { writing } = node;
    persist();
    this.#checks.persisted(node, hardState);
    if (writing === undefined) return;
    if (writing.snapshot !== undefined) this.#mark('snapshot installed');
    const first = writing.entries[0];
    if (first === undefined) return;
    const { compacted, entries } = node.disk;
    const previousTerm = entries[first.index - compacted.index - 2]?.term ?? compacted.term;
    this.#checks.appended(writing.entries, { previousTerm });
  }

  #send(node: Node, parcels: readonly Parcel[]): void {
    for (const parcel of parcels) {
      this.#checks.sent(node, parcel.message);
      this.#network.push(parcel);
    }
  }

  #deliverSome(): void {
    const count = Math.ceil(this.#network.length / 4);
    for (let i = 0; i < count; i++) {
      // Mostly in order, sometimes not.
      const at = this.#random.next() < 0.8 ? 0 : this.#below(this.#network.length);
      for (const parcel of this.#network.splice(at, 1)) {
        if (this.#isCut(parcel.message)) this.#lost(parcel);
        else this.#deliver(parcel);
      }
    }
  }

  #deliver(parcel: Parcel): void {
    const { message } = parcel;
    if (this.#retired.has(message.to)) return this.#lost(parcel);
    this.#node(message.to).receive(parcel);
    this.#mark(message.type);
    if (message.type === 'snapshot') this.#node(message.from).raft.reportSnapshot(message.to, true);
  }

  #lost({ message }: Parcel): void {
    const sender = this.#node(message.from).raft;
    if (message.type === 'snapshot') sender.reportSnapshot(message.to, false);
  }

  #isCut({ from, to }: Message): boolean {
    return this.#cut.has(`${from} ${to}`);
  }

  #drop(): void {
    const at = this.#below(this.#network.length);
    for (const parcel of this.#network.splice(at, 1)) this.#lost(parcel);
  }

  #duplicate(): void {
    const parcel = this.#network[this.#below(this.#network.length)];
    if (parcel !== undefined) this.#network.push(parcel);
  }

  #propose(node: Node): void {
    const data = Array.from({ length: 1 + this.#below(3) }, () => encoder.encode(`v${this.#counter++}`));
    this.#mark(`proposal ${node.raft.propose(data)}`);
  }

  /** Mostly a leader is asked, rightly or not. */
  #change(): void {
    if (!this.#changing) return;
    const leaders = [...this.#nodes.values()].filter(({ raft }) => raft.role === 'leader');
    if (leaders.length === 0 && this.#random.next() < 0.9) return;
    const { id, raft } = leaders[this.#below(leaders.length)] ?? this.#pick();
    const { config } = raft.status();
    const { name, change } = drawChange({ random: this.#random, config, self: id, ids: this.#ids });
    const asked = raft.proposeConfChange(change);
    this.#mark(`change ${asked}`);
    if (asked === 'accepted') this.#mark(`change: ${name}`);
  }

  #read(node: Node): string {
    const context = `read ${this.#counter++}`;
    // Whether it is accepted or not: only an answer would take it out again.
    this.#reads.set(context, this.#checks.appliedIndex);
    node.raft.readIndex(context);
    return context;
  }

  #compact(node: Node): void {
    node.flush();
    const { compacted, state } = node.disk;
    const index = compacted.index + this.#below(state.meta.index - compacted.index + 1);
    if (index > compacted.index) node.compact(index);
  }

  /** Two sides, or one direction of one link. */
  #partition(): void {
    this.#mark('partition');
    const side = new Set(this.#ids.filter(() => this.#random.next() < 0.5));
    const oneWay = this.#random.next() < 0.3;
    for (const from of this.#ids) {
      for (const to of this.#ids) {
        if (side.has(from) && !side.has(to)) this.#cut.add(`${from} ${to}`);
        if (side.has(to) && !side.has(from) && !oneWay) this.#cut.add(`${from} ${to}`);
      }
    }
  }

  /** The write under way is lost, or reaches the disk without anybody knowing. */
  #crash(node: Node): void {
    this.#mark('crash');
    if (this.#random.next() < 0.5) this.#persisting(node, () => node.persist());
    this.#nodes.set(node.id, node.restarted(this.#options));
  }

  #transfer(node: Node): void {
    this.#mark(`transfer ${node.raft.transferLeadership(this.#pick().id)}`);
  }

  /** Rightly or wrongly, some believe a leader to be dead. */
  #declareDead(leader: Node): void {
    for (const node of this.#nodes.values()) {
      if (this.#random.next() < 0.5) continue;
      node.raft.releaseLeader(leader.id);
      if (node !== leader) node.raft.campaign();
    }
  }

  #node(id: bigint): Node {
    return this.#nodes.get(id) as Node;
  }

  #pick(): Node {
    return this.#node(this.#ids[this.#below(this.#ids.length)] as bigint);
  }

  #below(count: number): number {
    return Math.floor(this.#random.next() * count);
  }

  #mark(name: string): void {
    this.#marks.set(name, (this.#marks.get(name) ?? 0) + 1);
  }
}
