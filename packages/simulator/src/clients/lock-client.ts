/**
 * A client that takes a lock with the lock service, writes a while under its fence, and lets go; or is slow, and goes on
 * although its lease has ended. The fence is what keeps that from doing harm.
 */
import { clampInteger, etcdserverpb, fromId, toId, v3lockpb } from '@flotilla/wire';
import { fencePrefix } from '../checks/fence-checks.ts';
import type { Machine } from '../run/machine.ts';
import type { Services } from '../run/services.ts';
import type { Chance } from '../world/chance.ts';
import { type CallResult, contextOf } from './calls.ts';
import { type Cast, pass } from './cast.ts';
import { rangeRequest, txnRequest } from './requests.ts';
import { decoded } from './streams.ts';

const lockName = Buffer.from('lock');
const lockSeconds = 1;

export class LockClient {
  readonly #cast: Cast;
  readonly #chance: Chance;
  readonly #name: string;
  #writes = 0;

  constructor(cast: Cast, chance: Chance, number: number) {
    this.#cast = cast;
    this.#chance = chance;
    this.#name = `o${number}`;
  }

  async run(): Promise<void> {
    const { scheduler } = this.#cast;
    while (!this.#cast.isOver) {
      await pass(scheduler, this.#chance.between(20, 300));
      const lease = await this.#grant();
      const key = lease !== undefined && (await this.#lock(lease));
      if (!key) continue;
      const token = await this.#createRevisionOf(key);
      if (token === 0) continue;
      this.#cast.marks.hit('lock held');
      for (let i = this.#chance.within(1, 6); i > 0 && !this.#cast.isOver; i--) {
        await pass(scheduler, this.#chance.magnitude(1, 800));
        await this.#write(key, token);
      }
      await this.#unlock(key);
    }
  }

  async #grant(): Promise<bigint | undefined> {
    const bytes = etcdserverpb.LeaseGrantRequest.encode({ TTL: lockSeconds, ID: fromId(0n) }).finish();
    const result = await this.#call(async ({ lease }) =>
      decoded(
        await lease.LeaseGrant(etcdserverpb.LeaseGrantRequest.decode(bytes), this.#context(bytes)),
        etcdserverpb.LeaseGrantResponse,
      ),
    );
    return result.kind === 'answered' ? toId(result.value.ID) : undefined;
  }

  async #lock(lease: bigint): Promise<string | undefined> {
    const request = v3lockpb.LockRequest.create({ name: lockName, lease: fromId(lease) });
    const result = await this.#call(({ lock }) => lock.Lock(request, this.#context(new Uint8Array(0))));
    return result.kind === 'answered'
      ? Buffer.from(decoded(result.value, v3lockpb.LockResponse).key).toString()
      : undefined;
  }

  async #unlock(key: string): Promise<void> {
    const request = v3lockpb.UnlockRequest.create({ key: Buffer.from(key) });
    await this.#call(({ lock }) => lock.Unlock(request, this.#context(new Uint8Array(0))));
  }

  /** 0: the key is gone, or nobody answered. */
  async #createRevisionOf(key: string): Promise<number> {
    const bytes = etcdserverpb.RangeRequest.encode(rangeRequest({ key, end: undefined })).finish();
    const result = await this.#call(async ({ kv }) =>
      decoded(
        await kv.Range(etcdserverpb.RangeRequest.decode(bytes), this.#context(bytes)),
        etcdserverpb.RangeResponse,
      ),
    );
    return result.kind === 'answered' ? clampInteger(result.value.kvs?.[0]?.create_revision) : 0;
  }

  async #write(key: string, token: number): Promise<void> {
    const put = {
      kind: 'put',
      key: `${fencePrefix}lock`,
      value: `${this.#name}.${++this.#writes}`,
      lease: '',
    } as const;
    const compares = [{ key, target: 'createRevision', equals: token } as const];
    const bytes = etcdserverpb.TxnRequest.encode(txnRequest({ compares, success: [put], failure: [] })).finish();
    const result = await this.#call(async ({ kv }) =>
      decoded(await kv.Txn(etcdserverpb.TxnRequest.decode(bytes), this.#context(bytes)), etcdserverpb.TxnResponse),
    );
    if (result.kind === 'answered' && result.value.succeeded !== true)
      this.#cast.marks.hit('fence kept a late holder out');
  }

  #call<T>(invoke: (services: Services) => Promise<T> | T): Promise<CallResult<T>> {
    const machine: Machine = this.#chance.pick(this.#cast.machines);
    return this.#cast.calls.make(this.#name, machine, invoke);
  }

  #context(bytes: Uint8Array): ReturnType<typeof contextOf> {
    return contextOf(this.#name, bytes, new AbortController().signal);
  }
}
