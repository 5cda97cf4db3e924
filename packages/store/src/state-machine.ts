/**
 * The store behind its interface: applies entries one after the other to keyspace, leases, members and users, and
 * tells whoever follows it (the watch hub, the files) once a call. What comes of an entry depends on the entry
 * and the state alone.
 */
import { assert } from '@flotilla/base';
import { clampInteger, etcdserverpb, fromId, fromUnsignedId, toId } from '@flotilla/wire';
import { type AlarmChange, AlarmTable, applyAlarm, forbiddenBy } from './alarms.ts';
import { applyAuth, authenticate } from './auth/apply-auth.ts';
import { type AuthChanges, AuthState, type Caller } from './auth/auth-state.ts';
import { refusedEntry } from './auth/entry-access.ts';
import { type Access, refusedRange, refusedTxn } from './auth/request-access.ts';
import { type AuthEntryType, type EntryType, decodeEntry } from './entry.ts';
import type { StoreErrorCode } from './errors.ts';
import { decodeLeaseCheckpoint } from './leases/lease-checkpoint.ts';
import { type Lease, LeaseTable, type LeaseView, plainLease, viewLeases, wholeLease } from './leases/lease-table.ts';
import { MemberTable, type MembershipChanges } from './membership.ts';
import { startCompaction } from './mvcc/compaction.ts';
import { type EncodedHeader, encodedRange } from './mvcc/encoded-range.ts';
import type { PageArchive } from './mvcc/history.ts';
import { type CompactionObserver, Keyspace } from './mvcc/keyspace.ts';
import { type RangeResponse, type ReadView, range } from './mvcc/range.ts';
import { type SliceLimits, type SlicedRange, slicedRange } from './mvcc/sliced-range.ts';
import { type TxnResponse, applyReadOnlyTxn, applyTxn, refusedSinglePut } from './mvcc/txn.ts';
import type { OperationCounts } from './mvcc/operation-counts.ts';
import { WriteTxn } from './mvcc/write-txn.ts';
import { type Outcome, refuse } from './outcome.ts';
import { maxLeaseTtlSeconds } from './request-checks.ts';
import { decodePut, decodeTxn } from './request-decoding.ts';
import type { Applied, CommittedEntry, EntryResponse, Store } from './store.ts';

/** What one call of `apply` changed, beside the keys. */
export interface AppliedBatch {
  /** The state's revision before and after: the changes of the keys are the history between them. */
  readonly revisionBefore: number;
  readonly revision: number;
  readonly compactRevision: number;
  readonly index: number;
  readonly term: number;
  /** Members and raft's configuration; undefined: none changed. */
  readonly membership: MembershipChanges | undefined;
  /** Leases granted or checkpointed, as they are then, and revoked (undefined), in order. */
  readonly leases: readonly (readonly [id: bigint, lease: Lease | undefined])[];
  readonly alarms: readonly AlarmChange[];
  /** Users, roles and settings of authentication; undefined: none changed. */
  readonly auth: AuthChanges | undefined;
}

export interface StateMachineOptions {
  /** Where history's pages are read back from; without one all stays in memory and is compacted at once. */
  readonly archive?: PageArchive;
}

/** Where the applied state stands. */
export interface StatePosition {
  readonly revision: number;
  readonly compactRevision: number;
  readonly appliedIndex: number;
  readonly appliedTerm: number;
}

/** Most batches change no lease and raise no alarm. */
const none: readonly never[] = [];

export const emptyPosition: StatePosition = { revision: 1, compactRevision: -1, appliedIndex: 0, appliedTerm: 0 };

export class StateMachine implements Store {
  readonly leaseTable = new LeaseTable();
  readonly alarms = new AlarmTable();
  readonly auth = new AuthState();
  readonly membership = new MemberTable();
  readonly keyspace: Keyspace;
  readonly leases: LeaseView;
  readonly #compactsAtOnce: boolean;
  readonly #listeners = new Set<(batch: AppliedBatch) => void>();
  #revision = emptyPosition.revision;
  #compactRevision = emptyPosition.compactRevision;
  #appliedIndex = emptyPosition.appliedIndex;
  #appliedTerm = emptyPosition.appliedTerm;
  readonly #changedLeases: [bigint, Lease | undefined][] = [];
  readonly #changedAlarms: AlarmChange[] = [];

  constructor(options: StateMachineOptions = {}) {
    this.keyspace = new Keyspace(this.leaseTable, { archive: options.archive });
    this.leases = viewLeases(this.leaseTable, (id) => this.keyspace.keyCopy(id));
    this.#compactsAtOnce = !options.archive;
  }

  get revision(): number {
    return this.#revision;
  }

  get counts(): OperationCounts {
    return this.keyspace.counts;
  }

  get keyCount(): number {
    return this.keyspace.order.liveCount;
  }

  observeCompactions(observer: CompactionObserver): void {
    this.keyspace.compactionObserver = observer;
  }

  get compactRevision(): number {
    return this.#compactRevision;
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  get appliedTerm(): number {
    return this.#appliedTerm;
  }

  /** Calls `listener` at the end of each `apply`; returns what stops it. */
  follow(listener: (batch: AppliedBatch) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes over a state that was read from files; nothing was applied yet. */
  restore(position: StatePosition): void {
    assert(this.appliedIndex === 0, 'a state is restored over another');
    this.#revision = position.revision;
    this.#compactRevision = position.compactRevision;
    this.#appliedTo(position.appliedIndex, position.appliedTerm);
  }

  apply(entries: readonly CommittedEntry[]): readonly Applied[] {
    const revisionBefore = this.revision;
    const applied = entries.map((entry) => this.#applyEntry(entry));
    if (applied.length > 0) this.#tellFollowers(revisionBefore);
    return applied;
  }

  applyConfChange({ index, term, data }: CommittedEntry, settle: (isAccepted: boolean) => Uint8Array): Applied {
    this.#checkNext(index, term);
    const entry = data.length > 0 ? decodeEntry(data) : undefined;
    const refused = entry && this.membership.change(entry.type, entry.body);
    this.membership.configure(settle(refused === undefined));
    this.#appliedTo(index, term);
    this.#tellFollowers(this.revision);
    const outcome = refused ? refuse(refused) : this.#answer({});
    return { type: entry?.type ?? 'noop', requestId: entry?.requestId ?? 0, outcome };
  }

  /** Tells what was applied since the last time. */
  #tellFollowers(revisionBefore: number): void {
    const { revision, compactRevision, appliedIndex: index, appliedTerm: term } = this;
    const leases = this.#changedLeases.length > 0 ? this.#changedLeases.splice(0) : none;
    const alarms = this.#changedAlarms.length > 0 ? this.#changedAlarms.splice(0) : none;
    const auth = this.auth.takeChanges();
    const membership = this.membership.takeChanges();
    const batch = { revisionBefore, revision, compactRevision, index, term, leases, membership, alarms, auth };
    for (const listener of this.#listeners) listener(batch);
  }

  range(request: etcdserverpb.RangeRequest.$Properties, caller?: Caller): Outcome<RangeResponse> {
    const refused = this.auth.enabled
      ? this.#refusedRead(caller, (access) => refusedRange(access, request))
      : undefined;
    return refused ? refuse(refused) : range(this.#readView(), request);
  }

  encodedRange(
    request: etcdserverpb.RangeRequest.$Properties,
    headerOf: EncodedHeader,
    caller?: Caller,
  ): Outcome<Uint8Array> {
    const refused = this.auth.enabled
      ? this.#refusedRead(caller, (access) => refusedRange(access, request))
      : undefined;
    return refused ? refuse(refused) : encodedRange(this.#readView(), request, headerOf);
  }

  *slicedRange(
    request: etcdserverpb.RangeRequest.$Properties,
    headerOf: EncodedHeader,
    { caller, limits }: { readonly caller?: Caller | undefined; readonly limits?: SliceLimits } = {},
  ): SlicedRange {
    const refused = this.auth.enabled
      ? this.#refusedRead(caller, (access) => refusedRange(access, request))
      : undefined;
    if (refused) return refuse(refused);
    this.#countRange();
    return yield* slicedRange(() => this.#view(), request, headerOf, limits);
  }

  readOnlyTxn(request: etcdserverpb.TxnRequest.$Properties, caller?: Caller): Outcome<TxnResponse> {
    const refused = this.auth.enabled ? this.#refusedRead(caller, (access) => refusedTxn(access, request)) : undefined;
    return refused ? refuse(refused) : applyReadOnlyTxn(this.#view(), request);
  }

  /** A caller that knows of a later auth revision than this member is refused like one that knows an old one. */
  #refusedRead(
    caller: Caller | undefined,
    check: (access: Access) => StoreErrorCode | undefined,
  ): StoreErrorCode | undefined {
    const refused = check({ auth: this.auth, leases: this.leases, caller });
    return refused ?? (caller && caller.authRevision !== this.auth.revision ? 'authRevisionOld' : undefined);
  }

  #view(): ReadView {
    return { keyspace: this.keyspace, revision: this.revision, compactRevision: this.compactRevision };
  }

  /** For a range by itself. */
  #readView(): ReadView {
    this.#countRange();
    return this.#view();
  }

  #countRange(): void {
    this.counts.ranges++;
    this.counts.endRun();
  }

  #applyEntry(entry: CommittedEntry): Applied {
    const { index, term, data } = entry;
    this.#checkNext(index, term);
    if (data.length === 0) {
      this.#appliedTo(index, term);
      return { type: 'noop', requestId: 0, outcome: this.#answer({}) };
    }
    const { type, requestId, caller, body } = decodeEntry(data);
    const { auth, leases } = this;
    const refused = auth.enabled ? refusedEntry({ auth, leases, caller }, type, body) : undefined;
    const outcome = refused ? refuse(refused) : this.#applyBody(type, body, entry);
    this.#appliedTo(index, term);
    return { type, requestId, outcome };
  }

  #applyBody(type: EntryType, body: Uint8Array, { index, term }: CommittedEntry): Outcome<EntryResponse> {
    const forbidden = forbiddenBy(this.alarms, type, body);
    if (forbidden) return refuse(forbidden);
    switch (type) {
      case 'put':
        return this.#put(decodePut(body));
      case 'deleteRange':
        return this.#write((txn) => txn.deleteRange(etcdserverpb.DeleteRangeRequest.decode(body)));
      case 'txn':
        return this.#txn(decodeTxn(body));
      case 'compact':
        return this.#compact(clampInteger(etcdserverpb.CompactionRequest.decode(body).revision));
      case 'leaseGrant':
        return this.#grant(etcdserverpb.LeaseGrantRequest.decode(body));
      case 'leaseRevoke':
        return this.#revoke(toId(etcdserverpb.LeaseRevokeRequest.decode(body).ID));
      case 'leaseCheckpoint':
        return this.#checkpointLeases(body, term);
      case 'memberAttributes':
        this.membership.describe(etcdserverpb.Member.decode(body));
        return this.#answer({});
      case 'alarm':
        return this.#alarm(etcdserverpb.AlarmRequest.decode(body));
      case 'authenticate':
        return this.#authenticate(etcdserverpb.InternalAuthenticateRequest.decode(body), index);
      case 'memberAdd':
      case 'memberUpdate':
      case 'memberRemove':
      case 'memberPromote':
        throw new Error(`an entry of type ${type} is not carried by a conf change`);
      default:
        return this.#changeAuth(type, body);
    }
  }

  #put(request: etcdserverpb.PutRequest.$Properties): Outcome<EntryResponse> {
    const view = this.#view();
    const refused = refusedSinglePut(view, request);
    if (refused) {
      this.counts.endRun();
      return refuse(refused);
    }
    const txn = new WriteTxn(view);
    const response = txn.put(request);
    this.#revision = txn.revision;
    this.counts.endRun();
    return this.#answer(response);
  }

  #txn(request: etcdserverpb.TxnRequest.$Properties): Outcome<EntryResponse> {
    const outcome = applyTxn(this.#view(), request);
    if (outcome.ok) this.#revision = outcome.revision;
    return outcome;
  }

  #write(change: (txn: WriteTxn) => EntryResponse): Outcome<EntryResponse> {
    const txn = new WriteTxn(this.#view());
    const response = change(txn);
    this.#revision = txn.revision;
    this.counts.endRun();
    return this.#answer(response);
  }

  #compact(revision: number): Outcome<EntryResponse> {
    if (revision <= this.compactRevision) return refuse('compacted');
    if (revision > this.revision) return refuse('futureRevision');
    const from = this.compactRevision;
    this.#compactRevision = revision;
    if (this.#compactsAtOnce) startCompaction(this.keyspace, { from, to: revision }).step(() => true);
    // etcd reads some key for the revision of the answer.
    this.#countRange();
    return this.#answer({});
  }

  #grant(request: etcdserverpb.LeaseGrantRequest): Outcome<EntryResponse> {
    const lease = wholeLease({ id: toId(request.ID), ttlSeconds: clampInteger(request.TTL) });
    if (lease.id === 0n) return refuse('leaseNotFound');
    if (lease.ttlSeconds > maxLeaseTtlSeconds) return refuse('leaseTtlTooLarge');
    if (this.leaseTable.get(lease.id)) return refuse('leaseExists');
    this.leaseTable.grant(lease);
    this.#changedLeases.push([lease.id, lease]);
    return this.#answer({ ID: fromId(lease.id), TTL: lease.ttlSeconds });
  }

  #revoke(id: bigint): Outcome<EntryResponse> {
    const lease = this.leaseTable.get(id);
    if (!lease) return refuse('leaseNotFound');
    return this.#write((txn) => {
      txn.deleteAttached(lease);
      this.leaseTable.remove(lease);
      this.#changedLeases.push([id, undefined]);
      return {};
    });
  }

  /** What a leader says of its leases counts in its own term only; leases that have ended meanwhile stay so. */
  #checkpointLeases(body: Uint8Array, term: number): Outcome<EntryResponse> {
    const checkpoint = decodeLeaseCheckpoint(body);
    if (checkpoint.term !== term) return refuse('notPrimaryLessor');
    for (const { id, remainingMs } of checkpoint.leases) {
      const lease = this.leaseTable.get(id);
      if (!lease) continue;
      this.leaseTable.checkpoint(lease, remainingMs);
      this.#changedLeases.push([id, plainLease(lease)]);
    }
    return this.#answer({});
  }

  #alarm(request: etcdserverpb.AlarmRequest): Outcome<EntryResponse> {
    const alarms = applyAlarm(this.alarms, request, (change) => this.#changedAlarms.push(change));
    return this.#answer({
      alarms: alarms.map(({ memberId, type }) => ({ memberID: fromUnsignedId(memberId), alarm: type })),
    });
  }

  #changeAuth(type: AuthEntryType, body: Uint8Array): Outcome<EntryResponse> {
    const refused = applyAuth(this.auth, type, body);
    return refused ? refuse(refused) : this.#answer({});
  }

  #authenticate(request: etcdserverpb.InternalAuthenticateRequest, index: number): Outcome<EntryResponse> {
    const session = { user: request.name, tokenPrefix: request.simple_token };
    const given = authenticate(this.auth, session, index);
    return typeof given === 'string' ? refuse(given) : this.#answer(given);
  }

  #answer<R>(response: R): Outcome<R> {
    return { ok: true, response, revision: this.revision };
  }

  #checkNext(index: number, term: number): void {
    assert(index === this.appliedIndex + 1, `entry ${index} is applied after ${this.appliedIndex}`);
    assert(term >= this.appliedTerm, 'the term of applied entries goes back');
  }

  #appliedTo(index: number, term: number): void {
    this.#appliedIndex = index;
    this.#appliedTerm = term;
  }
}
