/**
 * MVCC as one would write it on a page: a list of all changes and nothing else. Slow and obvious; the store is compared
 * with it. Dropping superseded versions is left out: what a compaction forbids to read is refused by revision.
 */
import { clampInteger, etcdserverpb, fromId, toId } from '@flotilla/wire';
import type { EntryResponse, RangeResponse, StoreErrorCode } from '@flotilla/store';
import type { Operation } from './operations.ts';
import type { AnyOutcome } from './server.ts';

export interface ModelChange {
  readonly key: string;
  readonly main: number;
  readonly sub: number;
  readonly isDelete: boolean;
  readonly create: number;
  readonly version: number;
  readonly value: string;
  readonly lease: bigint;
}

const latin = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('latin1');
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

class Refused extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode) {
    super(code);
    this.code = code;
  }
}

interface Nested {
  readonly main: number;
}

export class Model {
  changes: ModelChange[] = [];
  revision = 1;
  compacted = -1;
  leases = new Set<bigint>();
  readonly #checksPutsFirst: boolean;

  /** @param order of the checks of a txn, where etcd before 3.7 had another: the key and the lease of each put, then all ranges. */
  constructor(order: 'each in its turn' | 'puts first' = 'each in its turn') {
    this.#checksPutsFirst = order === 'puts first';
  }

  /** As a member answers; a refusal leaves everything as it was. */
  execute(operation: Operation): AnyOutcome {
    const before = {
      changes: [...this.changes],
      revision: this.revision,
      compacted: this.compacted,
      leases: new Set(this.leases),
    };
    try {
      const response = this.#run(operation);
      if (this.changes.length > before.changes.length) this.revision++;
      return { ok: true, response, revision: this.revision };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      Object.assign(this, before);
      return { ok: false, error: { code: error.code } };
    }
  }

  /** The newest change of a key at a revision that is no delete. */
  at(key: string, revision: number): ModelChange | undefined {
    const last = this.changes.findLast((change) => change.key === key && change.main <= revision);
    return last?.isDelete === false ? last : undefined;
  }

  keysIn(key: Uint8Array | null | undefined, rangeEnd: Uint8Array | null | undefined): string[] {
    const [start, end] = [latin(key), latin(rangeEnd)];
    const all = [...new Set(this.changes.map((change) => change.key))].sort();
    if (end === '') return all.filter((each) => each === start);
    return all.filter((each) => each >= start && (end === '\0' || each < end));
  }

  #run({ type, request }: Operation): EntryResponse | RangeResponse {
    const next = { main: this.revision + 1 };
    switch (type) {
      case 'range':
        return this.#range(request, this.revision);
      case 'put':
        this.#checkLease(request);
        return this.#put(request, next);
      case 'deleteRange':
        return this.#delete(request, next);
      case 'txn':
        return this.#txn(request, next);
      case 'compact': {
        const revision = clampInteger(request.revision);
        if (revision <= this.compacted) throw new Refused('compacted');
        if (revision > this.revision) throw new Refused('futureRevision');
        this.compacted = revision;
        return {};
      }
      case 'leaseGrant':
        if (this.leases.has(toId(request.ID))) throw new Refused('leaseExists');
        this.leases.add(toId(request.ID));
        return { ID: fromId(toId(request.ID)), TTL: clampInteger(request.TTL) };
      case 'leaseRevoke': {
        const id = toId(request.ID);
        if (!this.leases.delete(id)) throw new Refused('leaseNotFound');
        for (const change of this.#live(this.keysIn(bytes(''), bytes('\0'))))
          if (change.lease === id) this.#bury(change, next);
        return {};
      }
    }
  }

  #live(keys: readonly string[], revision = Infinity): ModelChange[] {
    return keys.flatMap((key) => this.at(key, revision) ?? []);
  }

  #range(request: etcdserverpb.RangeRequest.$Properties, newest: number) {
    const asked = clampInteger(request.revision);
    if (asked > newest) throw new Refused('futureRevision');
    const revision = asked <= 0 ? newest : asked;
    if (revision < this.compacted) throw new Refused('compacted');
    const all = this.#live(this.keysIn(request.key, request.range_end), revision);
    if (request.count_only === true) return { count: all.length };

    const limit = clampInteger(request.limit);
    const filters = [
      request.min_mod_revision,
      request.max_mod_revision,
      request.min_create_revision,
      request.max_create_revision,
    ];
    const [minMod, maxMod, minCreate, maxCreate] = filters.map(clampInteger) as [number, number, number, number];
    const isPlain = !request.sort_order && !minMod && !maxMod && !minCreate && !maxCreate;
    let found = isPlain && limit > 0 ? all.slice(0, limit + 1) : all;
    found = found
      .filter((change) => !minMod || change.main >= minMod)
      .filter((change) => !maxMod || change.main <= maxMod);
    found = found.filter((change) => !minCreate || change.create >= minCreate);
    found = found.filter((change) => !maxCreate || change.create <= maxCreate);
    const by = sortValue[request.sort_target ?? 0] ?? ((change: ModelChange) => change.key);
    const sign = request.sort_order === 2 ? -1 : 1;
    found.sort((a, b) => (by(a) < by(b) ? -sign : by(a) > by(b) ? sign : 0));
    const more = limit > 0 && found.length > limit;
    const kvs = (more ? found.slice(0, limit) : found).map((change) => message(change, request));
    return { kvs, more, count: all.length };
  }

  #put(request: etcdserverpb.PutRequest.$Properties, { main }: Nested) {
    const key = latin(request.key);
    const old = this.at(key, Infinity);
    this.#checkKey(request);
    this.#add({
      key,
      main,
      isDelete: false,
      create: old?.create ?? main,
      version: (old?.version ?? 0) + 1,
      value: request.ignore_value === true ? (old?.value ?? '') : latin(request.value),
      lease: request.ignore_lease === true ? (old?.lease ?? 0n) : toId(request.lease),
    });
    return request.prev_kv === true && old ? { prev_kv: message(old) } : {};
  }

  #delete(request: etcdserverpb.DeleteRangeRequest.$Properties, next: Nested) {
    const found = this.#live(this.keysIn(request.key, request.range_end));
    for (const change of found) this.#bury(change, next);
    return { deleted: found.length, prev_kvs: request.prev_kv === true ? found.map((change) => message(change)) : [] };
  }

  #bury({ key }: ModelChange, { main }: Nested): void {
    this.#add({ key, main, isDelete: true, create: 0, version: 0, value: '', lease: 0n });
  }

  #add(change: Omit<ModelChange, 'sub'>): void {
    const sub = this.changes.filter(({ main }) => main === change.main).length;
    this.changes.push({ ...change, sub });
  }

  #checkLease({ lease }: etcdserverpb.PutRequest.$Properties): void {
    if (toId(lease) !== 0n && !this.leases.has(toId(lease))) throw new Refused('leaseNotFound');
  }

  /** All compares are decided before the first write, so the path is drawn first. */
  #txn(request: etcdserverpb.TxnRequest.$Properties, next: Nested): etcdserverpb.TxnResponse.$Properties {
    const path = this.#path(request);
    const flat = flatten(path);
    if (this.#checksPutsFirst) this.#checkPutsFirst(flat);
    else for (const op of flat) this.#checkOp(op);
    return this.#runPath(path, next);
  }

  #checkOp({ request_put: put, request_range: range }: etcdserverpb.RequestOp.$Properties): void {
    if (put) {
      this.#checkLease(put);
      this.#checkKey(put);
    }
    if (range) this.#checkRevision(range);
  }

  #checkPutsFirst(ops: readonly etcdserverpb.RequestOp.$Properties[]): void {
    for (const { request_put: put } of ops) {
      if (!put) continue;
      this.#checkKey(put);
      this.#checkLease(put);
    }
    for (const { request_range: range } of ops) if (range) this.#checkRevision(range);
  }

  #checkKey({ key, ignore_value, ignore_lease }: etcdserverpb.PutRequest.$Properties): void {
    const keeps = ignore_value === true || ignore_lease === true;
    if (keeps && !this.at(latin(key), Infinity)) throw new Refused('keyNotFound');
  }

  #checkRevision({ revision }: etcdserverpb.RangeRequest.$Properties): void {
    const asked = clampInteger(revision);
    if (asked > this.revision) throw new Refused('futureRevision');
    if (asked !== 0 && asked < this.compacted) throw new Refused('compacted');
  }

  #path(request: etcdserverpb.TxnRequest.$Properties): Path {
    const succeeded = (request.compare ?? []).every((compare) => this.#holds(compare));
    const ops = (succeeded ? request.success : request.failure) ?? [];
    return { succeeded, steps: ops.map((op) => (op.request_txn ? this.#path(op.request_txn) : op)) };
  }

  #runPath({ succeeded, steps }: Path, next: Nested): etcdserverpb.TxnResponse.$Properties {
    const responses = steps.map((step): etcdserverpb.ResponseOp.$Properties => {
      if ('steps' in step) return { response_txn: { header: {}, ...this.#runPath(step, next) } };
      const newest = (): number => (this.changes.at(-1)?.main === next.main ? next.main : this.revision);
      if (step.request_put) {
        const response = this.#put(step.request_put, next);
        return { response_put: { ...response, header: { revision: next.main } } };
      }
      if (step.request_delete_range) {
        const response = this.#delete(step.request_delete_range, next);
        return { response_delete_range: { ...response, header: { revision: newest() } } };
      }
      const response = this.#range(step.request_range ?? {}, newest());
      return { response_range: { ...response, header: { revision: newest() } } };
    });
    return { succeeded, responses };
  }

  #holds(compare: etcdserverpb.Compare.$Properties): boolean {
    const found = this.#live(this.keysIn(compare.key, compare.range_end));
    if (found.length > 0) return found.every((change) => holdsFor(compare, change));
    const none = { key: '', main: 0, sub: 0, isDelete: false, create: 0, version: 0, value: '', lease: 0n };
    return compare.target !== 3 && holdsFor(compare, none);
  }
}

interface Path {
  readonly succeeded: boolean;
  readonly steps: readonly (etcdserverpb.RequestOp.$Properties | Path)[];
}

function flatten({ steps }: Path): etcdserverpb.RequestOp.$Properties[] {
  return steps.flatMap((step) => ('steps' in step ? flatten(step) : [step]));
}

const sortValue: Readonly<Record<number, (change: ModelChange) => string | number>> = {
  1: (change) => change.version,
  2: (change) => change.create,
  3: (change) => change.main,
  4: (change) => change.value,
};

function holdsFor(compare: etcdserverpb.Compare.$Properties, change: ModelChange): boolean {
  const pairs: readonly [string | number | bigint, string | number | bigint][] = [
    [change.version, clampInteger(compare.version)],
    [change.create, clampInteger(compare.create_revision)],
    [change.main, clampInteger(compare.mod_revision)],
    [change.value, latin(compare.value)],
    [change.lease, toId(compare.lease)],
  ];
  const [has, asked] = pairs[compare.target ?? 0] ?? [0, 0];
  return [has === asked, has > asked, has < asked, has !== asked][compare.result ?? 0] === true;
}

function message(change: ModelChange, hide: etcdserverpb.RangeRequest.$Properties = {}) {
  const isBlank = hide.keys_only === true;
  return {
    key: bytes(change.key),
    create_revision: change.create,
    mod_revision: change.main,
    version: change.version,
    value: bytes(isBlank ? '' : change.value),
    lease: fromId(isBlank && hide.sort_target !== 4 ? 0n : change.lease),
  };
}
