/**
 * Who the members of the cluster are: added, changed and removed by the entries that conf changes carry, and described by
 * what members publish of themselves. An id that was removed never returns.
 *
 * The configuration that raft makes of the changes is kept beside them, so that state and configuration are always as of the
 * same entry. It is opaque here.
 */
import { assert } from '@flotilla/base';
import { etcdserverpb, fromUnsignedId, toId } from '@flotilla/wire';
import { readUint32, writeUint32 } from './bytes.ts';
import { type EntryType, type MembershipEntryType, isMembershipEntry } from './entry.ts';
import type { StoreErrorCode } from './errors.ts';

/** What the cluster knows of a member. */
export interface MemberRecord {
  /** Empty until the member has started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  /** Empty until the member has started. */
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface MembershipView {
  /** By id. */
  readonly members: ReadonlyMap<bigint, MemberRecord>;
  readonly removed: ReadonlySet<bigint>;
  /** Raft's configuration as of the last applied conf change; undefined in a state that knows none yet. */
  readonly config: Uint8Array | undefined;
}

/** What a cluster begins with. */
export interface InitialMembership {
  readonly members: readonly { readonly id: bigint; readonly peerUrls: readonly string[] }[];
  readonly config: Uint8Array;
}

export interface MembershipChanges {
  /** Members as they are now; undefined: removed for good. */
  readonly members: ReadonlyMap<bigint, MemberRecord | undefined>;
  readonly config: Uint8Array | undefined;
}

type Judged = { readonly id: bigint; readonly record: MemberRecord | undefined } | StoreErrorCode;

export class MemberTable implements MembershipView {
  readonly #members = new Map<bigint, MemberRecord>();
  readonly #removed = new Set<bigint>();
  #config: Uint8Array | undefined;
  #changed = new Map<bigint, MemberRecord | undefined>();
  #configChanged = false;

  get members(): ReadonlyMap<bigint, MemberRecord> {
    return this.#members;
  }

  get removed(): ReadonlySet<bigint> {
    return this.#removed;
  }

  get config(): Uint8Array | undefined {
    return this.#config;
  }

  /** A state that knows no configuration takes the one that the cluster begins with. */
  seed({ members, config }: InitialMembership): void {
    if (this.#config) return;
    for (const { id, peerUrls } of members) {
      const { name = '', clientUrls = [] } = this.#members.get(id) ?? {};
      this.#put(id, { name, peerUrls, clientUrls, isLearner: false });
    }
    this.configure(config);
  }

  /** Takes over what was read from files. */
  restore({ members, config }: MembershipChanges): void {
    for (const [id, record] of members) {
      if (record) this.#members.set(id, record);
      else this.#removed.add(id);
    }
    this.#config = config;
  }

  /** What a member published of itself. Who is no member, or not any more, is not described. */
  describe({ ID, name, clientURLs }: etcdserverpb.Member): void {
    const id = BigInt.asUintN(64, toId(ID));
    const record = this.#members.get(id);
    if (record) this.#put(id, { ...record, name, clientUrls: clientURLs });
  }

  /** Applies what a conf change carries, or says why it is refused: then nothing has changed. */
  change(type: EntryType, body: Uint8Array): StoreErrorCode | undefined {
    assert(isMembershipEntry(type), `a conf change carries an entry of type ${type}`);
    const judged = this.#judge(type, body);
    if (typeof judged === 'string') return judged;
    const { id, record } = judged;
    if (record) this.#put(id, record);
    else this.#remove(id);
    return undefined;
  }

  configure(config: Uint8Array): void {
    this.#config = config;
    this.#configChanged = true;
  }

  /** What changed since the last call. */
  takeChanges(): MembershipChanges | undefined {
    if (this.#changed.size === 0 && !this.#configChanged) return undefined;
    const changes = { members: this.#changed, config: this.#configChanged ? this.#config : undefined };
    this.#changed = new Map();
    this.#configChanged = false;
    return changes;
  }

  #judge(type: MembershipEntryType, body: Uint8Array): Judged {
    if (type === 'memberAdd') return this.#judgeAdd(body);
    const { ID } = etcdserverpb.MemberRemoveRequest.decode(body);
    const id = BigInt.asUintN(64, toId(ID));
    const record = this.#members.get(id);
    if (!record) return 'memberNotFound';
    if (type === 'memberRemove') return { id, record: undefined };
    if (type === 'memberPromote')
      return record.isLearner ? { id, record: { ...record, isLearner: false } } : 'notLearner';
    const peerUrls = etcdserverpb.MemberUpdateRequest.decode(body).peerURLs;
    return this.#isTaken(peerUrls, id) ? 'peerUrlsExist' : { id, record: { ...record, peerUrls } };
  }

  #judgeAdd(body: Uint8Array): Judged {
    const { id, peerUrls, isLearner, maxLearners } = decodeMemberAdd(body);
    if (this.#removed.has(id)) return 'memberNotFound';
    if (this.#members.has(id)) return 'memberExists';
    if (this.#isTaken(peerUrls, id)) return 'peerUrlsExist';
    const learners = [...this.#members.values()].filter((member) => member.isLearner).length;
    if (isLearner && learners >= maxLearners) return 'tooManyLearners';
    return { id, record: { name: '', peerUrls, clientUrls: [], isLearner } };
  }

  /** Whether another member than `id` has one of the URLs. */
  #isTaken(urls: readonly string[], id: bigint): boolean {
    return [...this.#members].some(
      ([other, { peerUrls }]) => other !== id && peerUrls.some((url) => urls.includes(url)),
    );
  }

  #put(id: bigint, record: MemberRecord): void {
    this.#members.set(id, record);
    this.#changed.set(id, record);
  }

  #remove(id: bigint): void {
    this.#members.delete(id);
    this.#removed.add(id);
    this.#changed.set(id, undefined);
  }
}

/** The body of a `memberAdd` entry. */
export interface MemberAdd {
  readonly id: bigint;
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
  /** How many learners the member that proposes it allows: in the entry, so that all members judge alike. */
  readonly maxLearners: number;
}

const limitBytes = 4;

/** A u32, `maxLearners`, big-endian, and an etcdserverpb.Member. */
export function encodeMemberAdd({ id, peerUrls, isLearner, maxLearners }: MemberAdd): Uint8Array {
  const member = etcdserverpb.Member.encode({ ID: fromUnsignedId(id), peerURLs: [...peerUrls], isLearner }).finish();
  const body = new Uint8Array(limitBytes + member.length);
  writeUint32(body, 0, maxLearners);
  body.set(member, limitBytes);
  return body;
}

export function decodeMemberAdd(body: Uint8Array): MemberAdd {
  const { ID, peerURLs, isLearner } = etcdserverpb.Member.decode(body.subarray(limitBytes));
  return { id: BigInt.asUintN(64, toId(ID)), peerUrls: peerURLs, isLearner, maxLearners: readUint32(body, 0) };
}
