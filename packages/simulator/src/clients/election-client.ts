/**
 * A client that stands for election with the election service, leads a while (it proclaims, and writes under the fence of its
 * key), and resigns; or is slow, and goes on although its lease has ended. Another part of it looks who leads, once and over
 * time, and compares what it is told with the ledger.
 */
import { clampInteger, etcdserverpb, fromId, toId, v3electionpb } from '@flotilla/wire';
import type { KeyState } from '../linearizability/etcd-model.ts';
import { fencePrefix } from '../checks/fence-checks.ts';
import { textOfBytes } from '../checks/entry-inputs.ts';
import type { MemberRun } from '../run/member-run.ts';
import type { Services } from '../run/services.ts';
import type { Chance } from '../world/chance.ts';
import { type CallResult, contextOf } from './calls.ts';
import { type Cast, pass } from './cast.ts';
import { revisionOf, txnRequest } from './requests.ts';
import { decoded } from './streams.ts';

type LeaderKey = v3electionpb.LeaderKey.$Properties;
type LeaderResponse = v3electionpb.LeaderResponse.$Properties;

const electionName = Buffer.from('election');
const prefix = 'election/';
const termSeconds = 1;

export class ElectionClient {
  readonly #cast: Cast;
  readonly #chance: Chance;
  readonly #name: string;
  #values = 0;

  constructor(cast: Cast, chance: Chance, number: number) {
    this.#cast = cast;
    this.#chance = chance;
    this.#name = `e${number}`;
  }

  async run(): Promise<void> {
    await Promise.all([this.#stand(), this.#look(), this.#observe()]);
  }

  async #stand(): Promise<void> {
    const { scheduler, marks } = this.#cast;
    while (!this.#cast.isOver) {
      await pass(scheduler, this.#chance.between(20, 300));
      const lease = await this.#grant();
      const leader = lease !== undefined && (await this.#campaign(lease));
      if (!leader) continue;
      marks.hit('election won');
      for (let i = this.#chance.within(1, 6); i > 0 && !this.#cast.isOver; i--) {
        await pass(scheduler, this.#chance.magnitude(1, 800));
        if (this.#chance.happens(0.3)) await this.#proclaim(leader);
        else await this.#write(leader);
      }
      await this.#resign(leader);
    }
  }

  async #grant(): Promise<bigint | undefined> {
    const bytes = etcdserverpb.LeaseGrantRequest.encode({ TTL: termSeconds, ID: fromId(0n) }).finish();
    const result = await this.#call(async ({ lease }) =>
      decoded(
        await lease.LeaseGrant(etcdserverpb.LeaseGrantRequest.decode(bytes), this.#context(bytes)),
        etcdserverpb.LeaseGrantResponse,
      ),
    );
    return result.kind === 'answered' ? toId(result.value.ID) : undefined;
  }

  async #campaign(lease: bigint): Promise<LeaderKey | undefined> {
    const request = v3electionpb.CampaignRequest.create({
      name: electionName,
      lease: fromId(lease),
      value: Buffer.from(this.#value()),
    });
    const result = await this.#call(({ election }) => election.Campaign(request, this.#context()));
    if (result.kind !== 'answered') return undefined;
    return decoded(result.value, v3electionpb.CampaignResponse).leader ?? undefined;
  }

  async #proclaim(leader: LeaderKey): Promise<void> {
    const request = v3electionpb.ProclaimRequest.create({ leader, value: Buffer.from(this.#value()) });
    const result = await this.#call(({ election }) => election.Proclaim(request, this.#context()));
    if (result.kind === 'answered') this.#cast.marks.hit('election proclaimed');
  }

  async #resign(leader: LeaderKey): Promise<void> {
    const request = v3electionpb.ResignRequest.create({ leader });
    const result = await this.#call(({ election }) => election.Resign(request, this.#context()));
    if (result.kind === 'answered') this.#cast.marks.hit('election resigned');
  }

  /** A write that happens only while the key of the election is as its holder made it. */
  async #write({ key, rev }: LeaderKey): Promise<void> {
    const put = { kind: 'put', key: `${fencePrefix}election`, value: this.#value(), lease: '' } as const;
    const compares = [{ key: textOfBytes(key), target: 'createRevision', equals: clampInteger(rev) } as const];
    const bytes = etcdserverpb.TxnRequest.encode(txnRequest({ compares, success: [put], failure: [] })).finish();
    const result = await this.#call(async ({ kv }) =>
      decoded(await kv.Txn(etcdserverpb.TxnRequest.decode(bytes), this.#context(bytes)), etcdserverpb.TxnResponse),
    );
    if (result.kind === 'answered' && result.value.succeeded !== true)
      this.#cast.marks.hit('fence kept a deposed leader out');
  }

  /** Who leads is whose key is the oldest. */
  async #look(): Promise<void> {
    const { scheduler } = this.#cast;
    while (!this.#cast.isOver) {
      await pass(scheduler, this.#chance.magnitude(20, 1000));
      const request = v3electionpb.LeaderRequest.create({ name: electionName });
      const revision = this.#cast.knownRevision;
      const result = await this.#call(({ election }) => election.Leader(request, this.#context()));
      if (result.kind !== 'answered') continue;
      const answer = decoded(result.value, v3electionpb.LeaderResponse);
      if (revisionOf(answer.header) < revision) {
        this.#violate(`is told who led at revision ${revisionOf(answer.header)}, after revision ${revision} was known`);
      }
      this.#compare(answer, this.#oldestAt(revisionOf(answer.header)), 'is told of');
    }
  }

  /** Leaders and what they proclaim, over broken streams and from member to member. */
  async #observe(): Promise<void> {
    const { scheduler } = this.#cast;
    const request = v3electionpb.LeaderRequest.create({ name: electionName });
    while (!this.#cast.isOver) {
      await pass(scheduler, this.#chance.between(20, 300));
      const abort = new AbortController();
      const forMs = this.#chance.magnitude(100, 3000);
      await this.#call(async ({ election }, { process }) => {
        process.after(forMs, () => abort.abort());
        let last = { created: 0, modified: 0 };
        const { Observe: observe } = election;
        if (typeof observe !== 'function') throw new Error('observing is a stream of its own');
        for await (const answer of observe(request, { ...this.#context(), signal: abort.signal })) {
          last = this.#observed(decoded(answer, v3electionpb.LeaderResponse), last);
        }
      });
    }
  }

  #observed(
    answer: LeaderResponse,
    last: { readonly created: number; readonly modified: number },
  ): { readonly created: number; readonly modified: number } {
    const created = clampInteger(answer.kv?.create_revision);
    const modified = clampInteger(answer.kv?.mod_revision);
    // What the observer watched may be compacted: then it looks again, and sees the same. Who leads next may have proclaimed nothing since it came, before the last words of who led.
    if (created < last.created || (created === last.created && modified < last.modified)) {
      this.#violate(
        `observes the leader of ${created} at ${modified} after that of ${last.created} at ${last.modified}`,
      );
    }
    const key = textOfBytes(answer.kv?.key);
    const row = this.#cast.ledger.at(modified)?.keys.get(key);
    this.#compare(answer, row && [key, row], 'observes');
    this.#cast.marks.hit('leader observed');
    return { created, modified };
  }

  #oldestAt(revision: number): readonly [string, KeyState] | undefined {
    const rows = [...(this.#cast.ledger.at(revision)?.keys ?? [])].filter(([key]) => key.startsWith(prefix));
    return rows.sort(([, a], [, b]) => a.createRevision - b.createRevision)[0];
  }

  #compare({ kv }: LeaderResponse, expected: readonly [string, KeyState] | undefined, what: string): void {
    const seen = `${textOfBytes(kv?.key)}=${textOfBytes(kv?.value)}/${clampInteger(kv?.create_revision)}`;
    const [key, row] = expected ?? [];
    const known = row && `${key}=${row.value}/${row.createRevision}`;
    if (seen !== known) this.#violate(`${what} the leader ${seen}, not ${known}`);
  }

  #violate(text: string): void {
    this.#cast.verdict.violate(`${this.#name} ${text}`);
  }

  #value(): string {
    return `${this.#name}.${++this.#values}`;
  }

  #call<T>(invoke: (services: Services, run: MemberRun) => Promise<T> | T): Promise<CallResult<T>> {
    return this.#cast.calls.make(this.#name, this.#chance.pick(this.#cast.machines), invoke);
  }

  #context(bytes: Uint8Array = new Uint8Array(0)): ReturnType<typeof contextOf> {
    return contextOf(this.#name, bytes, new AbortController().signal);
  }
}
