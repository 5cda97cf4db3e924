/**
 * The changes of one entry: all share one main revision and are numbered in their order. Every function here
 * expects that what could be refused was refused before.
 */
import { type etcdserverpb, toId } from '@flotilla/wire';
import { assert } from '@flotilla/base';
import { compareBytes, noBytes } from '../bytes.ts';
import { intervalOf } from '../interval.ts';
import type { LeaseRecord } from '../leases/lease-table.ts';
import type { KeyId } from './key-table.ts';
import { toMessage } from './key-value.ts';
import type { Keyspace } from './keyspace.ts';
import type { ReadView } from './range.ts';

type PutRequest = etcdserverpb.PutRequest.$Properties;
type PutResponse = etcdserverpb.PutResponse.$Properties;
type ResponseOp = etcdserverpb.ResponseOp.$Properties;
type DeleteRangeRequest = etcdserverpb.DeleteRangeRequest.$Properties;
type DeleteRangeResponse = etcdserverpb.DeleteRangeResponse.$Properties;

const emptyResponse: PutResponse = {};

export class WriteTxn implements ReadView {
  readonly keyspace: Keyspace;
  readonly compactRevision: number;
  readonly #main: number;
  #changes = 0;
  #plainPutResponse: ResponseOp | undefined;

  /** @param before the state that it changes. */
  constructor(before: ReadView) {
    this.keyspace = before.keyspace;
    this.compactRevision = before.compactRevision;
    this.#main = before.revision + 1;
  }

  /** The revision made, or the one before as long as nothing changed. */
  get revision(): number {
    return this.#changes > 0 ? this.#main : this.#main - 1;
  }

  /** What a txn answers to a put that asks for nothing; one for all. */
  get plainPutResponse(): ResponseOp {
    return (this.#plainPutResponse ??= { response_put: { header: { revision: this.#main } } });
  }

  put(request: PutRequest): PutResponse {
    const { keyspace } = this;
    const { table } = keyspace;
    const { counts } = keyspace;
    const key = request.key ?? noBytes;
    const keepsSomething = request.ignore_value === true || request.ignore_lease === true;
    if (!keepsSomething && request.prev_kv !== true) {
      const value = request.value ?? noBytes;
      counts.put(key.length + value.length);
      keyspace.put({ key, value, leaseSlot: this.#leaseSlot(request), main: this.#main, sub: this.#changes++ });
      return emptyResponse;
    }
    counts.ranges++;
    const id = keyspace.findLive(key);
    assert(id !== undefined || !keepsSomething, 'a put that keeps a value or lease finds no key');
    const old = id !== undefined ? keyspace.newest(id) : undefined;
    const value = request.ignore_value === true && old ? old.value : (request.value ?? noBytes);
    counts.put(key.length + value.length);
    const keepsLease = request.ignore_lease === true && id !== undefined;
    const leaseSlot = keepsLease ? table.leaseSlot(id) : this.#leaseSlot(request);
    keyspace.put({ key, value, leaseSlot, main: this.#main, sub: this.#changes++ });
    return request.prev_kv === true && old ? { prev_kv: toMessage(old) } : emptyResponse;
  }

  deleteRange(request: DeleteRangeRequest): DeleteRangeResponse {
    const { keyspace } = this;
    keyspace.counts.deletes++;
    if (request.prev_kv === true) keyspace.counts.ranges++;
    const { start, end } = intervalOf(request.key, request.range_end);
    const ids: KeyId[] = [];
    if (end === undefined || compareBytes(start, end) < 0) {
      keyspace.order.scan(start, end, (id) => {
        if (keyspace.table.isLive(id)) ids.push(id);
        return true;
      });
    }
    const prev_kvs = request.prev_kv === true ? ids.map((id) => toMessage(keyspace.newest(id))) : [];
    for (const id of ids) this.#delete(id);
    return { deleted: ids.length, prev_kvs };
  }

  /** Deletes the keys of a lease, in key order. */
  deleteAttached(lease: LeaseRecord): void {
    const { table, counts } = this.keyspace;
    counts.deletes += lease.keyIds.size;
    const ids = [...lease.keyIds].sort((a, b) => table.compareKey(a, table.key(b)));
    for (const id of ids) this.#delete(id);
  }

  #delete(id: KeyId): void {
    this.keyspace.delete(id, { main: this.#main, sub: this.#changes++ });
  }

  #leaseSlot(request: PutRequest): number {
    if (!request.lease) return 0;
    const leaseId = toId(request.lease);
    if (leaseId === 0n) return 0;
    const lease = this.keyspace.leases.get(leaseId);
    assert(lease !== undefined, 'a put names a lease that was not checked');
    return lease.slot;
  }
}
