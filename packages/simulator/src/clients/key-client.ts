/** A client that reads and writes keys, one call after the other, at one member until that one fails it. */
import { type RpcError, etcdserverpb, isRpcError } from '@flotilla/wire';
import { messageOf } from '@flotilla/base';
import type { Compare, EtcdInput, EtcdOutput, KeyOperation } from '../linearizability/etcd-model.ts';
import type { Machine } from '../run/machine.ts';
import type { MemberRun } from '../run/member-run.ts';
import type { Chance } from '../world/chance.ts';
import { users } from './auth-client.ts';
import { type CallResult, contextOf } from './calls.ts';
import { type Cast, pass } from './cast.ts';
import { decoded } from './streams.ts';
import {
  deleteOutput,
  deleteRequest,
  putOutput,
  putRequest,
  rangeOutput,
  rangeRequest,
  txnOutput,
  txnRequest,
} from './requests.ts';

const neverAborted = new AbortController().signal;

/** How often a client does what. */
const workMix = {
  put: 30,
  get: 25,
  serializable: 12,
  past: 4,
  delete: 7,
  txn: 16,
  compact: 1,
  moveLeader: 0.4,
} as const;

type Work = keyof typeof workMix;

export class KeyClient {
  readonly #cast: Cast;
  readonly #chance: Chance;
  readonly #name: string;
  readonly #number: number;
  /** Who it is where authentication is on. */
  readonly #user: string;
  readonly #mix: readonly (readonly [weight: number, work: Work])[];
  #machine: Machine;
  #values = 0;
  /** The last serializable read: never to be followed by an older one of the same run. */
  #seen: { readonly run: MemberRun; readonly revision: number } | undefined;

  constructor(cast: Cast, chance: Chance, number: number) {
    this.#cast = cast;
    this.#chance = chance;
    this.#number = number;
    this.#name = `c${number}`;
    this.#machine = chance.pick(cast.machines);
    this.#user = chance.pickWeighted([[2, 'root'], ...users.map((user) => [1, user] as const)]);
    this.#mix = (Object.keys(workMix) as Work[]).map(
      (work) => [workMix[work] * chance.magnitude(0.5, 2), work] as const,
    );
    // Where leaders are to stay for long, nobody moves them.
    const isLeftAlone = cast.plan.seeksDeposed && cast.plan.profile === 'deposed leaders';
    if (isLeftAlone) this.#mix = this.#mix.filter(([, work]) => work !== 'moveLeader');
  }

  async run(): Promise<void> {
    const { scheduler, plan } = this.#cast;
    for (let i = 0; !this.#cast.isOver; i++) {
      // Once there were enough, only leaders and faults are waited for.
      const thinkMs = this.#cast.acknowledged < plan.operations ? plan.thinkMs : 5 * plan.thinkMs;
      if (i % plan.burst === 0) await pass(scheduler, plan.burst * thinkMs * this.#chance.between(0, 2));
      const ok = await this.#work(this.#chance.pickWeighted(this.#mix));
      if (ok && !this.#chance.happens(0.02)) continue;
      if (!ok) await pass(scheduler, this.#chance.between(5, 100));
      this.#machine = this.#chance.pick(this.#cast.machines);
    }
  }

  /** A write that must succeed for the cluster to count as alive, at the voter whose turn it is. */
  async probe(turn: number): Promise<boolean> {
    const voters = this.#cast.machines.filter(({ isVoter }) => isVoter);
    this.#machine = voters[turn % voters.length] ?? this.#chance.pick(this.#cast.machines);
    return await this.#put();
  }

  /** Whether it was answered. */
  #work(work: Work): Promise<boolean> {
    switch (work) {
      case 'put':
        return this.#put();
      case 'get':
        return this.#get();
      case 'serializable':
        return this.#getSerializable();
      case 'past':
        return this.#getPast();
      case 'delete':
        return this.#delete();
      case 'txn':
        return this.#txn();
      case 'compact':
        return this.#compact();
      case 'moveLeader':
        return this.#moveLeader();
    }
  }

  async #put(): Promise<boolean> {
    const input = this.#drawPut(this.#key());
    const bytes = etcdserverpb.PutRequest.encode(putRequest(input)).finish();
    return await this.#write(input, bytes, async ({ kv }, context) =>
      putOutput(decoded(await kv.Put(etcdserverpb.PutRequest.decode(bytes), context), etcdserverpb.PutResponse)),
    );
  }

  async #delete(): Promise<boolean> {
    const input = { kind: 'delete', ...this.#interval() } as const;
    const bytes = etcdserverpb.DeleteRangeRequest.encode(deleteRequest(input)).finish();
    return await this.#write(input, bytes, async ({ kv }, context) =>
      deleteOutput(
        decoded(
          await kv.DeleteRange(etcdserverpb.DeleteRangeRequest.decode(bytes), context),
          etcdserverpb.DeleteRangeResponse,
        ),
      ),
    );
  }

  /** Compare-and-put, as a lock or a counter would do it, and sometimes more than one key. */
  async #txn(): Promise<boolean> {
    const key = this.#key();
    const row = this.#cast.ledger.at(this.#cast.knownRevision)?.keys.get(key);
    const compares: Compare[] = [
      this.#chance.pick<Compare>([
        { key, target: 'modRevision', equals: row?.modRevision ?? 0 },
        { key, target: 'value', equals: row?.value ?? 'none' },
        { key, target: 'version', equals: row?.version ?? 0 },
        { key, target: 'createRevision', equals: row?.createRevision ?? 0 },
      ]),
    ];
    const success: KeyOperation[] = [this.#drawPut(key)];
    const other = this.#key();
    if (other !== key && this.#chance.happens(0.5)) success.push({ kind: 'delete', key: other, end: undefined });
    if (this.#chance.happens(0.5)) success.unshift({ kind: 'range', ...this.#interval() });
    const failure: KeyOperation[] = [{ kind: 'range', key, end: undefined }];
    if (this.#chance.happens(0.2)) failure.push(this.#drawPut(key));
    const input: EtcdInput = { kind: 'txn', compares, success, failure };
    const bytes = etcdserverpb.TxnRequest.encode(txnRequest(input)).finish();
    return await this.#write(input, bytes, async ({ kv }, context) =>
      txnOutput(decoded(await kv.Txn(etcdserverpb.TxnRequest.decode(bytes), context), etcdserverpb.TxnResponse)),
    );
  }

  async #get(): Promise<boolean> {
    const input = { kind: 'range', ...this.#interval() } as const;
    const calledAt = this.#cast.scheduler.stamp();
    const result = await this.#range(rangeRequest(input));
    if (result.kind !== 'answered') return result.kind === 'failed' && isDefinite(result.error);
    if (!this.#cast.ledger.mightRead(this.#user, input, calledAt)) {
      this.#cast.verdict.violate(`${this.#name} was served ${input.key}, which ${this.#user} may not read`);
    }
    this.#record({ client: this.#number, input, calledAt, output: rangeOutput(result.value) });
    return true;
  }

  async #getSerializable(): Promise<boolean> {
    const { ledger, verdict, marks } = this.#cast;
    const interval = this.#interval();
    const result = await this.#range(rangeRequest(interval, { serializable: true }));
    if (result.kind !== 'answered') return result.kind === 'failed' && isDefinite(result.error);
    const { revision, answers } = rangeOutput(result.value);
    const { run } = result;
    if (this.#seen?.run === run && revision < this.#seen.revision) {
      verdict.violate(
        `${this.#name}: a serializable read at ${run.process.name} goes back from revision ${this.#seen.revision} to ${revision}`,
      );
    }
    this.#seen = { run, revision };
    if (revision < this.#cast.knownRevision) marks.hit('stale serializable read');
    this.#compareRows(answers, ledger.rowsAt(revision, interval), `a serializable read at revision ${revision}`);
    this.#cast.acknowledged++;
    return true;
  }

  /** A read of an earlier revision: it is what it was, or compacted. */
  async #getPast(): Promise<boolean> {
    const { ledger, knownRevision } = this.#cast;
    const interval = this.#interval();
    const revision = Math.max(1, knownRevision - this.#chance.below(50));
    const result = await this.#range(rangeRequest(interval, { revision }));
    if (result.kind === 'failed' && messageOf(result.error).includes('compacted')) {
      if (revision >= ledger.compactRevision) {
        this.#cast.verdict.violate(
          `${this.#name}: revision ${revision} is said to be compacted, but ${ledger.compactRevision} is the newest`,
        );
      }
      return true;
    }
    if (result.kind !== 'answered') return result.kind === 'failed' && isDefinite(result.error);
    const { answers } = rangeOutput(result.value);
    this.#compareRows(answers, ledger.rowsAt(revision, interval), `a read of revision ${revision}`);
    this.#cast.acknowledged++;
    return true;
  }

  async #compact(): Promise<boolean> {
    const revision = Math.max(1, this.#cast.knownRevision - this.#chance.below(100));
    const bytes = etcdserverpb.CompactionRequest.encode({ revision, physical: this.#chance.happens(0.3) }).finish();
    const result = await this.#cast.calls.make(this.#name, this.#machine, ({ kv }) =>
      kv.Compact(etcdserverpb.CompactionRequest.decode(bytes), contextOf(this.#name, bytes, neverAborted)),
    );
    if (result.kind === 'answered') this.#cast.marks.hit('keyspace compacted');
    return result.kind === 'answered' || result.kind === 'failed';
  }

  async #moveLeader(): Promise<boolean> {
    const leader = this.#cast.machines.find((machine) => machine.leads);
    if (!leader) return true;
    const target = this.#chance.pick(this.#cast.machines);
    const bytes = etcdserverpb.MoveLeaderRequest.encode({
      targetID: BigInt.asIntN(64, target.id).toString() as never,
    }).finish();
    const result = await this.#cast.calls.make(this.#name, leader, ({ maintenance }) =>
      maintenance.MoveLeader(etcdserverpb.MoveLeaderRequest.decode(bytes), contextOf(this.#name, bytes, neverAborted)),
    );
    if (result.kind === 'answered' && target !== leader) this.#cast.marks.hit('leadership moved by a client');
    return true;
  }

  #range(request: etcdserverpb.RangeRequest.$Properties): Promise<CallResult<etcdserverpb.RangeResponse.$Properties>> {
    const bytes = etcdserverpb.RangeRequest.encode(request).finish();
    return this.#cast.calls.make(this.#name, this.#machine, async ({ kv }) =>
      decoded(
        await kv.Range(etcdserverpb.RangeRequest.decode(bytes), contextOf(this.#name, bytes, neverAborted, this.#user)),
        etcdserverpb.RangeResponse,
      ),
    );
  }

  async #write(
    input: EtcdInput,
    bytes: Uint8Array,
    invoke: (
      services: NonNullable<MemberRun['services']>,
      context: ReturnType<typeof contextOf>,
    ) => Promise<EtcdOutput>,
  ): Promise<boolean> {
    const { scheduler, calls, history, underWay, marks } = this.#cast;
    const calledAt = scheduler.stamp();
    const operation = { client: this.#number, input, calledAt, result: undefined };
    underWay.add(operation);
    const result = await calls.make(this.#name, this.#machine, (services) =>
      invoke(services, contextOf(this.#name, bytes, neverAborted, this.#user)),
    );
    underWay.delete(operation);
    if (result.kind === 'unreached' || isRefusedByLearner(result)) return false;
    if (result.kind === 'answered') {
      this.#record({ client: this.#number, input, calledAt, output: result.value });
      return true;
    }
    if (result.kind === 'failed' && isDefinite(result.error)) {
      if (result.error.message.includes('permission denied')) marks.hit('request refused for its user');
      return true;
    }
    marks.hit('write of unknown outcome');
    history.push(operation);
    return false;
  }

  #record(seen: { client: number; input: EtcdInput; calledAt: number; output: EtcdOutput }): void {
    const { client, input, calledAt, output } = seen;
    const { history, scheduler, ledger, verdict } = this.#cast;
    history.push({ client, input, calledAt, result: { at: scheduler.stamp(), output } });
    this.#cast.acknowledged++;
    this.#cast.knownRevision = Math.max(this.#cast.knownRevision, output.revision);
    if (output.revision > ledger.revision)
      verdict.violate(`${this.#name} is told revision ${output.revision}, which nobody committed`);
    if (input.kind !== 'put') return;
    const event = ledger.eventsOf(output.revision).find(({ key }) => key === input.key);
    if (event?.row?.value !== input.value) {
      verdict.violate(
        `${this.#name}: the put of ${input.value} was acknowledged at revision ${output.revision}, where it is not`,
      );
    }
  }

  #compareRows(answers: EtcdOutput['answers'], expected: readonly unknown[], what: string): void {
    const [answer] = answers;
    const rows = answer?.kind === 'range' ? answer.rows : [];
    if (sortedText(rows) === sortedText(expected)) return;
    this.#cast.verdict.violate(`${this.#name}: ${what} saw ${sortedText(rows)}, not ${sortedText(expected)}`);
  }

  #drawPut(key: string): Extract<KeyOperation, { kind: 'put' }> {
    const { leases } = this.#cast;
    const lease = leases.length > 0 && this.#chance.happens(0.15) ? this.#chance.pick(leases) : '';
    return { kind: 'put', key, value: `${this.#name}.${++this.#values}${'x'.repeat(this.#chance.below(40))}`, lease };
  }

  #interval(): { readonly key: string; readonly end: string | undefined } {
    const key = this.#key();
    return { key, end: this.#chance.happens(0.15) ? this.#key() + '~' : undefined };
  }

  #key(): string {
    return `k${String(this.#chance.below(this.#cast.plan.keys)).padStart(2, '0')}`;
  }
}

const refusals =
  /lease not found|compacted|key is not provided|permission denied|user name|auth store is old|space exceeded/;

/** Nothing came of it, or what came of it changed nothing. */
function isDefinite(error: unknown): error is RpcError {
  return isRpcError(error) && refusals.test(error.message);
}

/** A learner passes nothing on. */
function isRefusedByLearner(result: CallResult<unknown>): boolean {
  return result.kind === 'failed' && messageOf(result.error).includes('not supported for learner');
}

function sortedText(rows: readonly unknown[]): string {
  return JSON.stringify(rows, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
