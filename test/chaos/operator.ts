/**
 * Changes the members while anything befalls them: new ones come as learners, are promoted, removed, replaced on an empty disk.
 * One change after the other, each asked for until it is done, as an operator with patience would.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type etcdserverpb, toId } from '@flotilla/wire';
import { attempt, callTimeoutMs, insistently } from './attempts.ts';
import type { Callers } from './callers.ts';
import type { Stage } from './stage.ts';

type Listed = etcdserverpb.Member.$Properties;

const options = { timeoutMs: callTimeoutMs };
/** Before it is looked at again. */
const againMs = 50;
/** Some newcomers are killed within so long after their start. */
const infancyMs = 1200;

export interface OperatorOptions {
  readonly stage: Stage;
  readonly callers: Callers;
  /** In [0, 1) */
  readonly random: () => number;
  /** Aborted when the round is broken off: then all that is asked for rejects. */
  readonly stopped: AbortSignal;
}

export class Operator {
  readonly #options: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /** One more member: a learner, then a voter. */
  async grow(): Promise<void> {
    await this.#bring(await this.#options.stage.addSeat());
  }

  /** A member is removed, and must end because of it. */
  async shrink(member = this.#someVoter()): Promise<void> {
    const { stage } = this.#options;
    stage.setStanding(member, 'leaving');
    await this.#remove(member);
    // Who was dead when it was removed is told when it comes back; and what is killed again must be told again.
    while ((await this.#unlessStopped(stage.ended(member))) === undefined) await stage.start(member);
    stage.setStanding(member, 'gone');
  }

  async removeLeader(): Promise<void> {
    await this.shrink(await this.#leader());
  }

  /** The disk of a member is lost: it is removed, and comes back to the same place as another one. */
  async replace(): Promise<void> {
    const { stage } = this.#options;
    const member = this.#someVoter();
    stage.setStanding(member, 'gone');
    await stage.stop(member, 'SIGKILL');
    stage.loseDisk(member);
    await this.#remove(member);
    await this.#bring(member);
  }

  #someVoter(): number {
    const { stage, random } = this.#options;
    const { voters } = stage;
    return voters[Math.floor(random() * voters.length)] ?? 0;
  }

  async #remove(member: number): Promise<void> {
    const url = this.#options.stage.peerUrlOf(member);
    const listed = (await this.#members()).find((one) => isAt(one, url));
    if (!listed) return;
    const { ID = 0 } = listed;
    await this.#until(
      (members) => !members.some((one) => toId(one.ID ?? 0) === toId(ID)),
      () => this.#call(({ cluster }) => cluster.MemberRemove({ ID }, options)),
    );
  }

  /** From an empty disk to a vote. */
  async #bring(member: number): Promise<void> {
    const { stage, random } = this.#options;
    const url = stage.peerUrlOf(member);
    await this.#until(
      (members) => members.some((one) => isAt(one, url)),
      () => this.#call(({ cluster }) => cluster.MemberAdd({ peerURLs: [url], isLearner: true }, options)),
    );
    let deaths = Math.floor(3 * random());
    for (let serves = false; !serves;) {
      stage.setInitialCluster(member, initialCluster(await this.#members(), { name: stage.nameOf(member), url }));
      stage.setStanding(member, 'joining');
      await stage.start(member);
      const killed = deaths-- > 0 ? this.#pause(infancyMs * random()).then(() => 'killed') : undefined;
      const served = this.#unlessStopped(stage.served(member));
      const outcome = await (killed ? Promise.race([served, killed]) : served);
      if (killed) await stage.stop(member, 'SIGKILL');
      else serves = outcome === undefined;
      await this.#pause(againMs);
    }
    stage.setStanding(member, 'learning');
    await this.#until(
      (members) => members.some((one) => isAt(one, url) && !one.isLearner),
      async () => {
        const { ID = 0 } = (await this.#members()).find((one) => isAt(one, url)) ?? {};
        await this.#call(({ cluster }) => cluster.MemberPromote({ ID }, options));
      },
    );
    stage.setStanding(member, 'voting');
  }

  /** Asks until the members are as they should be. */
  async #until(isDone: (members: readonly Listed[]) => boolean, ask: () => Promise<void>): Promise<void> {
    while (!isDone(await this.#members())) {
      await ask();
      await this.#pause(againMs);
    }
  }

  async #call(make: (client: ReturnType<Callers['at']>) => Promise<unknown>): Promise<void> {
    await attempt(() => make(this.#options.callers.any().client));
  }

  async #members(): Promise<readonly Listed[]> {
    const { callers, stopped } = this.#options;
    const ask = (): Promise<etcdserverpb.MemberListResponse.$Properties> =>
      callers.any().client.cluster.MemberList({ linearizable: true }, options);
    return (await insistently(ask, stopped)).members ?? [];
  }

  async #leader(): Promise<number> {
    const { stage, callers, stopped } = this.#options;
    for (;;) {
      stopped.throwIfAborted();
      for (const member of stage.voters) {
        const status = await attempt(() => callers.at(member).maintenance.Status({}, options));
        if (status && toId(status.leader) !== 0n && toId(status.leader) === toId(status.header?.member_id ?? 0))
          return member;
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#options.stopped });
  }

  async #unlessStopped<T>(work: Promise<T>): Promise<T> {
    const { stopped } = this.#options;
    stopped.throwIfAborted();
    const done = new AbortController();
    try {
      return await Promise.race([
        work,
        once(stopped, 'abort', { signal: done.signal }).then(() => Promise.reject(stopped.reason as Error)),
      ]);
    } finally {
      done.abort();
    }
  }
}

function isAt({ peerURLs }: Listed, url: string): boolean {
  return peerURLs?.includes(url) === true;
}

/** As `etcdctl member add` prints it; the newcomer has no name among the others yet. */
function initialCluster(members: readonly Listed[], own: { readonly name: string; readonly url: string }): string {
  return members
    .flatMap((member, i) =>
      (member.peerURLs ?? []).map((url) => `${url === own.url ? own.name : member.name || `unstarted${i}`}=${url}`),
    )
    .join();
}
