/**
 * A client that takes leases, keeps them alive for a while, and lets them end or ends them. A lease must live at least its TTL
 * from the call of each renewal that was acknowledged, as the fastest clock of a member counts. It must not live longer than
 * its TTL, the time that a leader needs to end it, and what each change of leader may give it (docs/divergence.md).
 */
import { createAsyncQueue } from '@flotilla/base';
import { checkpointStepMs } from '@flotilla/store';
import { clampInteger, etcdserverpb, fromId, toId } from '@flotilla/wire';
import type { Machine } from '../run/machine.ts';
import type { Chance } from '../world/chance.ts';
import { contextOf } from './calls.ts';
import { callStream, decoded } from './streams.ts';
import { type Cast, pass } from './cast.ts';

interface HeldLease {
  readonly name: string;
  readonly ttlMs: number;
  /** Calls of the grant and of the renewals that were acknowledged, the latest of them. */
  aliveFromMs: number;
  /** When the last of them, acknowledged or not, may have happened at the latest. */
  renewedByMs: number;
  revoked: boolean;
}

/** The time that a leader needs to notice that a lease is due, and to end it. */
const endingMs = 1500;
/** It looks for those that are due this often, and some. */
const noticingMs = 600;
const lookMs = 25;

export class LeaseClient {
  readonly #cast: Cast;
  readonly #chance: Chance;
  readonly #name: string;
  readonly #held: HeldLease[] = [];
  /** It waits for a lease that may be granted already. */
  isAsking = false;

  constructor(cast: Cast, chance: Chance, number: number) {
    this.#cast = cast;
    this.#chance = chance;
    this.#name = `l${number}`;
  }

  get longestTtlMs(): number {
    return Math.max(0, ...this.#held.map(({ ttlMs }) => ttlMs));
  }

  /** Leases of its own that have not ended. */
  get hold(): number {
    return this.#held.filter(({ name }) => !this.#cast.ledger.leaseEnds.has(name)).length;
  }

  async run(): Promise<void> {
    const { scheduler, plan } = this.#cast;
    while (!this.#cast.isOver) {
      this.isAsking = true;
      const lease = await this.#grant();
      this.isAsking = false;
      if (!lease) {
        await pass(scheduler, this.#chance.between(20, 200));
        continue;
      }
      // Those that nobody renews show best what changes of leader give them.
      if (this.#chance.happens(0.5)) {
        await pass(scheduler, lease.ttlMs * this.#chance.between(0.05, 0.3));
        continue;
      }
      if (plan.seeksDeposed && lease.ttlMs >= 3000 && this.#chance.happens(0.8)) {
        await this.#renewAtDeposed(lease);
        continue;
      }
      const renewals = this.#chance.below(8);
      for (let i = 0; i < renewals && !this.#cast.isOver; i++) {
        await pass(scheduler, lease.ttlMs * this.#chance.between(0.1, 0.8));
        await this.#renew(lease);
      }
      if (this.#chance.happens(0.3)) await this.#revoke(lease);
      else await pass(scheduler, lease.ttlMs * this.#chance.between(0.5, 2));
    }
  }

  /** Compares what became of each lease with what its holder was promised. */
  check(): void {
    const { ledger, verdict, marks, plan } = this.#cast;
    for (const held of this.#held) {
      const { name, ttlMs, aliveFromMs, revoked } = held;
      const end = ledger.leaseEnds.get(name);
      if (!end) {
        verdict.violate(`lease ${name} of ${ttlMs} ms, last renewed at ${aliveFromMs.toFixed(0)}, has not ended`);
        continue;
      }
      if (revoked) continue;
      marks.hit('lease expired');
      const earliestMs = aliveFromMs + ttlMs / (1 + plan.drift);
      if (end.atMs < earliestMs) {
        verdict.violate(`lease ${name} ended at ${end.atMs.toFixed(3)}, promised until ${earliestMs.toFixed(3)}`);
      }
      const latestMs = this.#latestEndMs(held, end.atMs);
      if (end.atMs > latestMs) {
        verdict.violate(`lease ${name} ended at ${end.atMs.toFixed(3)}, and was due at ${latestMs.toFixed(3)}`);
      }
    }
  }

  #latestEndMs({ ttlMs, renewedByMs }: HeldLease, endedMs: number): number {
    const { plan, pace } = this.#cast;
    const life = { fromMs: renewedByMs, toMs: endedMs };
    const stepMs = checkpointStepMs({ ttlSeconds: ttlMs / 1000 });
    let countedMs = ttlMs + endingMs;
    let sinceMs = renewedByMs;
    for (const atMs of pace.electionsMs(life)) {
      // What a leader can't have forgotten to write down is less when the one before it came just now.
      countedMs += Math.min(stepMs, atMs - sinceMs) + this.#electionTimeoutMs;
      sinceMs = atMs;
    }
    return renewedByMs + countedMs / (1 - plan.drift) + pace.stalledMs(life);
  }

  get #electionTimeoutMs(): number {
    const { heartbeatMs, electionTicks } = this.#cast.plan.settings[0] as Cast['plan']['settings'][number];
    return heartbeatMs * electionTicks;
  }

  async #grant(): Promise<HeldLease | undefined> {
    const { calls, leases, scheduler } = this.#cast;
    const calledMs = scheduler.nowMs;
    const body = etcdserverpb.LeaseGrantRequest.encode({
      TTL: this.#chance.pick(this.#cast.plan.seeksDeposed ? [3, 3, 3, 4] : [1, 2, 3, 4, 4, 6]),
      ID: fromId(0n),
    }).finish();
    const result = await calls.make(
      this.#name,
      this.#chance.pick(this.#cast.machines),
      async ({ lease }) => await lease.LeaseGrant(etcdserverpb.LeaseGrantRequest.decode(body), this.#context(body)),
    );
    if (result.kind !== 'answered') return undefined;
    const { ID, TTL } = decoded(result.value, etcdserverpb.LeaseGrantResponse);
    const held = {
      name: toId(ID).toString(16),
      ttlMs: 1000 * clampInteger(TTL),
      aliveFromMs: calledMs,
      renewedByMs: scheduler.nowMs,
      revoked: false,
    };
    this.#held.push(held);
    this.#cast.acknowledged++;
    leases.push(held.name);
    if (leases.length > 8) leases.shift();
    return held;
  }

  /**
   * Waits for a leader that has been replaced, and does not know it, for so long that its successor may end the lease before a
   * renewal there would let it; then renews there, and nowhere else.
   */
  async #renewAtDeposed(held: HeldLease): Promise<void> {
    const { scheduler, machines, plan } = this.#cast;
    // A pause that is meant for it is short.
    const noticedMs = plan.plot === 'renewal after a pause' ? this.#chance.between(200, 400) : noticingMs;
    let newest = { term: 0, sinceMs: 0 };
    const tooLateMs = scheduler.nowMs + 0.8 * held.ttlMs;
    while (scheduler.nowMs < tooLateMs && !this.#cast.isOver) {
      const leaders = machines.filter(({ leads }) => leads);
      const term = Math.max(0, ...leaders.map(({ run }) => run?.raft?.term ?? 0));
      if (term !== newest.term) newest = { term, sinceMs: scheduler.nowMs };
      const isLong = scheduler.nowMs - newest.sinceMs >= noticedMs + this.#electionTimeoutMs;
      const replaced = leaders.find((machine) => this.#isReplaced(machine));
      if (isLong && replaced) return this.#renew(held, replaced);
      await pass(scheduler, lookMs);
    }
  }

  /** Another machine leads a later term than this one does. */
  #isReplaced({ leads, run }: Machine): boolean {
    const term = run?.raft?.term ?? 0;
    return leads && this.#cast.machines.some((other) => other.leads && (other.run?.raft?.term ?? 0) > term);
  }

  async #renew(held: HeldLease, machine = this.#pickMachine()): Promise<void> {
    const { calls, scheduler, marks, ledger, verdict, trace } = this.#cast;
    const calledMs = scheduler.nowMs;
    if (this.#isReplaced(machine)) marks.hit('renewal at a deposed leader');
    const endedBefore = ledger.leaseEnds.has(held.name);
    const result = await calls.make(this.#name, machine, async ({ lease }) => {
      const requests = createAsyncQueue<etcdserverpb.LeaseKeepAliveRequest>(1);
      requests.push(etcdserverpb.LeaseKeepAliveRequest.create({ ID: fromId(BigInt(`0x${held.name}`)) }));
      const controller = new AbortController();
      const answers = callStream(
        lease.LeaseKeepAlive,
        requests,
        contextOf(this.#name, new Uint8Array(0), controller.signal),
      );
      for await (const answer of answers) {
        requests.end();
        controller.abort();
        return clampInteger(decoded(answer, etcdserverpb.LeaseKeepAliveResponse).TTL);
      }
      throw new Error('the stream ended without an answer');
    });
    const answer = result.kind === 'answered' ? `${result.value} s` : result.kind;
    trace.note(this.#name, `asked ${machine.name} to renew ${held.name} at ${calledMs.toFixed(0)}: ${answer}`);
    // A member asks the leader again and again for this long.
    const askedForMs = result.kind === 'lost' ? 5000 + 2 * this.#electionTimeoutMs : 0;
    if (result.kind !== 'unreached') held.renewedByMs = Math.max(held.renewedByMs, scheduler.nowMs + askedForMs);
    if (result.kind !== 'answered') {
      return;
    }
    this.#cast.acknowledged++;
    if (result.value === 0) return marks.hit('renewal refused');
    held.aliveFromMs = Math.max(held.aliveFromMs, calledMs);
    if (endedBefore) verdict.violate(`lease ${held.name} was renewed after it had ended`);
  }

  /** Mostly where the lease was last seen to lead: a leader that is deposed must not say yes. */
  #pickMachine(): Machine {
    const { machines, plan } = this.#cast;
    const leaders = machines.filter((machine) => machine.leads);
    const leader = leaders.length > 0 ? this.#chance.pick(leaders) : undefined;
    return leader && this.#chance.happens(plan.renewalsAtLeader) ? leader : this.#chance.pick(this.#cast.machines);
  }

  async #revoke(held: HeldLease): Promise<void> {
    const { calls } = this.#cast;
    held.revoked = true;
    const body = etcdserverpb.LeaseRevokeRequest.encode({ ID: fromId(BigInt(`0x${held.name}`)) }).finish();
    const result = await calls.make(
      this.#name,
      this.#chance.pick(this.#cast.machines),
      async ({ lease }) => await lease.LeaseRevoke(etcdserverpb.LeaseRevokeRequest.decode(body), this.#context(body)),
    );
    if (result.kind === 'answered') this.#cast.acknowledged++;
  }

  #context(body: Uint8Array): ReturnType<typeof contextOf> {
    return contextOf(this.#name, body, new AbortController().signal);
  }
}
