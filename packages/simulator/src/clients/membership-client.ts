/**
 * The operator of the members: adds, promotes, moves, removes and replaces them while everything else goes wrong, one change at
 * a time, and asks who they are. What it is told is compared with the log's membership.
 *
 * It does what operators are told to do: a removed member's machine goes on until its member has stopped by itself, because the
 * others may need its vote until then.
 */
import { messageOf } from '@flotilla/base';
import { etcdserverpb, fromUnsignedId, toId } from '@flotilla/wire';
import type { Fleet } from '../run/fleet.ts';
import type { Machine } from '../run/machine.ts';
import type { MemberRun } from '../run/member-run.ts';
import { type ChangeName, type MembershipPlan, mostMembers } from '../run/membership-plan.ts';
import type { Services } from '../run/services.ts';
import type { Chance } from '../world/chance.ts';
import type { Members } from '../checks/membership-model.ts';
import { type CallResult, contextOf } from './calls.ts';
import { type Cast, pass } from './cast.ts';
import type { DiskLosses } from './disk-losses.ts';

/** A change as it is called, and how the log shows that it has happened. */
interface Change {
  readonly call: (services: Services) => Promise<unknown>;
  readonly hasHappened: () => boolean;
  /** Whom it is about. */
  readonly machine: Machine;
}

/** Calls for one change, until it is given up; it may happen later all the same. */
const tries = 5;
/** A machine whose member has left is looked for this often. */
const lookMs = 100;

export class MembershipClient {
  readonly #cast: Cast;
  readonly #chance: Chance;
  readonly #fleet: Fleet;
  readonly #plan: MembershipPlan;
  readonly #losses: DiskLosses | undefined;

  /** @param options `losses`: absent where no disk is lost */
  constructor(
    cast: Cast,
    chance: Chance,
    options: { readonly fleet: Fleet; readonly plan: MembershipPlan; readonly losses?: DiskLosses | undefined },
  ) {
    this.#cast = cast;
    this.#chance = chance;
    this.#fleet = options.fleet;
    this.#plan = options.plan;
    this.#losses = options.losses;
  }

  async run(): Promise<void> {
    await Promise.all([this.#changeAll(), this.#clearAway(this.#chance.fork())]);
  }

  async #changeAll(): Promise<void> {
    while (!this.#cast.isOver) {
      await pass(this.#cast.scheduler, this.#plan.everyMs * this.#chance.between(0, 2));
      if (!(await this.#tendDisks())) await this.#one(this.#chance.pickWeighted(this.#plan.changes));
      if (this.#chance.happens(0.3)) await this.#list();
    }
  }

  /** What a lost disk asks of the operator comes before every other change. False when there was nothing to do. */
  async #tendDisks(): Promise<boolean> {
    const losses = this.#losses;
    if (!losses) return false;
    for (const machine of losses.removed) this.#fleet.retire(machine);
    const { lost } = losses;
    if (lost) await this.#replaceLost(lost);
    else if (losses.isDue) await losses.loseOne();
    else return false;
    return true;
  }

  async #replaceLost(machine: Machine): Promise<void> {
    const { marks, ledger } = this.#cast;
    const [url] = this.#members.byId.get(machine.id)?.peerUrls ?? [];
    await this.#removeMember(machine);
    if (!ledger.membership.removed.has(machine.id)) return;
    marks.hit('member with a lost disk removed');
    if (url !== undefined && this.#chance.happens(0.7)) {
      await this.#add(url, { isLearner: this.#chance.happens(0.3) });
    }
  }

  async #one(name: ChangeName): Promise<void> {
    switch (name) {
      case 'addVoter':
        return this.#add(this.#fleet.newUrl(), { isLearner: false });
      case 'addLearner':
        return this.#add(this.#fleet.newUrl(), { isLearner: true });
      case 'promote':
        return this.#promote();
      case 'update':
        return this.#update();
      case 'remove':
        return void (await this.#remove());
      case 'replace':
        return this.#replace();
    }
  }

  async #add(url: string, { isLearner }: { readonly isLearner: boolean }): Promise<void> {
    if (this.#members.byId.size >= mostMembers) return;
    // One that was not added for sure is tried again.
    const waiting = this.#cast.machines.find((machine) => !machine.isSettled && machine.isLost);
    const machine = waiting ?? this.#fleet.newcomer(url);
    const peerURLs = [...machine.settings.membership.self.peerUrls];
    const request = etcdserverpb.MemberAddRequest.create({ peerURLs, isLearner });
    await this.#make({
      machine,
      call: ({ cluster }) => {
        // From now on it may be a member.
        machine.isHeld = false;
        return Promise.resolve(cluster.MemberAdd(request, this.#context()));
      },
      hasHappened: () => !machine.isLost,
    });
  }

  async #promote(): Promise<void> {
    const learners = this.#known.filter((machine) => !machine.isVoter);
    if (learners.length === 0) return;
    const machine = this.#chance.pick(learners);
    const request = etcdserverpb.MemberPromoteRequest.create({ ID: fromUnsignedId(machine.id) });
    await this.#make({
      machine,
      call: ({ cluster }) => Promise.resolve(cluster.MemberPromote(request, this.#context())),
      hasHappened: () => machine.isVoter,
    });
  }

  async #update(): Promise<void> {
    const machine = this.#chance.pick(this.#known);
    const url = this.#fleet.newUrl();
    this.#fleet.place(url, machine);
    const request = etcdserverpb.MemberUpdateRequest.create({ ID: fromUnsignedId(machine.id), peerURLs: [url] });
    await this.#make({
      machine,
      call: ({ cluster }) => Promise.resolve(cluster.MemberUpdate(request, this.#context())),
      hasHappened: () => this.#members.byId.get(machine.id)?.peerUrls.join() === url,
    });
  }

  /** Returns whose member is gone for sure. */
  async #remove(): Promise<Machine | undefined> {
    const voters = this.#known.filter(({ isVoter }) => isVoter);
    const leader = voters.find(({ leads }) => leads);
    const machine = leader && this.#chance.happens(this.#plan.leaderShare) ? leader : this.#chance.pick(this.#known);
    if (machine.isVoter && this.#members.config.voters.length < 2) return undefined;
    await this.#removeMember(machine);
    return this.#cast.ledger.membership.removed.has(machine.id) ? machine : undefined;
  }

  async #removeMember(machine: Machine): Promise<void> {
    const { id } = machine;
    const request = etcdserverpb.MemberRemoveRequest.create({ ID: fromUnsignedId(id) });
    await this.#make({
      machine,
      call: ({ cluster }) => Promise.resolve(cluster.MemberRemove(request, this.#context())),
      hasHappened: () => this.#cast.ledger.membership.removed.has(id),
    });
  }

  /** Another machine, with an empty disk, takes the place: under a new id, at the same URL. */
  async #replace(): Promise<void> {
    const machine = this.#chance.pick(this.#known);
    const [url] = this.#members.byId.get(machine.id)?.peerUrls ?? [];
    const gone = url === undefined ? undefined : await this.#remove();
    if (!gone || gone !== machine) return;
    while (!machine.hasLeft && !this.#cast.isOver) await pass(this.#cast.scheduler, lookMs);
    if (this.#cast.isOver || url === undefined) return;
    await this.#add(url, { isLearner: this.#chance.happens(0.3) });
    if (this.#members.config.voters.length > 0) this.#cast.marks.hit('member replaced');
  }

  async #make({ machine, call, hasHappened }: Change): Promise<void> {
    const { scheduler, marks, verdict, machines } = this.#cast;
    for (let i = 0; i < tries && !hasHappened() && !this.#cast.isOver; i++) {
      const isOwn = machine.run !== undefined && this.#chance.happens(this.#plan.ownShare);
      const asked = isOwn ? machine : this.#chance.pick(machines);
      const result = await this.#call(asked, call);
      if (result.kind === 'answered') {
        if (isOwn) marks.hit('change of the members asked of whom it is about');
        if (!hasHappened()) verdict.violate(`p1 is told of a change of ${machine.name} that nobody committed`);
        return;
      }
      if (result.kind !== 'unreached') this.#losses?.changeIsUncertain();
      if (result.kind === 'failed') this.#failed(messageOf(result.error));
      await pass(scheduler, this.#chance.between(20, 200));
    }
  }

  #failed(text: string): void {
    const { marks } = this.#cast;
    if (/unhealthy|not enough started/.test(text)) marks.hit('change of the members refused by the strict check');
    if (text.includes('in sync with leader')) marks.hit('promotion refused: the learner is behind');
  }

  /** Who the members are, as one of them says it: as it was at some moment of the call. */
  async #list(): Promise<void> {
    const { scheduler, ledger, verdict, machines, marks } = this.#cast;
    const since = scheduler.stamp();
    const request = etcdserverpb.MemberListRequest.create({ linearizable: true });
    const asked = this.#chance.pick(machines);
    const result = await this.#call(asked, ({ cluster }) =>
      Promise.resolve(cluster.MemberList(request, this.#context())),
    );
    if (result.kind !== 'answered') return;
    marks.hit('members listed');
    const { members } = result.value as etcdserverpb.MemberListResponse.$Properties;
    const seen = (members ?? []).map(({ ID, peerURLs, isLearner }) => {
      return textOfMember(BigInt.asUintN(64, toId(ID)), { peerUrls: peerURLs ?? [], isLearner: isLearner === true });
    });
    const known = ledger.membership.since(since).map(textOfMembers);
    if (known.includes(seen.sort().join())) return;
    verdict.violate(`p1 is told by ${asked.name} that the members are ${seen.join()}, not ${known.join(' or ')}`);
  }

  /** Machines whose members have left are started once more on their old disks, and go. */
  async #clearAway(chance: Chance): Promise<void> {
    const { scheduler, machines } = this.#cast;
    for (;;) {
      await pass(scheduler, lookMs);
      for (const machine of machines.filter(({ hasLeft }) => hasLeft)) {
        // Without a directory it would ask again who it is; its operator knows better.
        if (chance.happens(0.5) && !machine.isBlank) {
          machine.isHeld = false;
          machine.start();
          // It refuses, and is held again; unless a crash comes first.
          for (let i = 0; i < 20 && !machine.isHeld; i++) await pass(scheduler, lookMs);
        }
        this.#fleet.retire(machine);
      }
      // Who was removed and knows none of those that are left never hears of it: its operator turns it off.
      for (const machine of this.#cast.isOver ? machines.filter(({ isStaying }) => isStaying) : []) {
        if (machine.member && machine.isStranded) this.#fleet.retire(machine);
      }
    }
  }

  get #members(): Members {
    return this.#cast.ledger.membership.now;
  }

  /** Machines of members. */
  get #known(): Machine[] {
    return this.#cast.machines.filter(({ isSettled, isLost }) => isSettled && !isLost);
  }

  #call<T>(machine: Machine, invoke: (services: Services, run: MemberRun) => Promise<T> | T): Promise<CallResult<T>> {
    return this.#cast.calls.make('p1', machine, invoke);
  }

  #context(): ReturnType<typeof contextOf> {
    return contextOf('p1', new Uint8Array(0), new AbortController().signal);
  }
}

function textOfMember(
  id: bigint,
  { peerUrls, isLearner }: { peerUrls: readonly string[]; isLearner: boolean },
): string {
  return `${id.toString(16)}@${peerUrls.join('+')}${isLearner ? ' learns' : ''}`;
}

function textOfMembers({ byId }: Members): string {
  return [...byId]
    .map(([id, member]) => textOfMember(id, member))
    .sort()
    .join();
}
