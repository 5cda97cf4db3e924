/**
 * Who the members are after each committed conf change, and who decides: an oracle of its own for the rules of the state (which
 * changes are refused) and for raft's configurations. A change names one member, as the cluster service makes them.
 */
import { type ConfChange, type Config, type Entry, type NodeId, decodeConfChange, isJoint } from '@flotilla/raft';
import { decodeEntry, decodeMemberAdd } from '@flotilla/store';
import { etcdserverpb, toId } from '@flotilla/wire';
import type { Marks } from '../world/marks.ts';

export interface ModelMember {
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface Members {
  /** Since when, as a stamp of the scheduler. */
  readonly since: number;
  /** The conf change that led here. */
  readonly index: number;
  /** The term of that entry. */
  readonly term: number;
  readonly config: Config;
  readonly byId: ReadonlyMap<NodeId, ModelMember>;
}

/** What became of one conf change. */
type Judged = ReadonlyMap<NodeId, ModelMember> | undefined;

export class MembershipModel {
  readonly #marks: Marks;
  readonly #stamp: () => number;
  readonly #history: Members[];
  readonly removed = new Set<NodeId>();

  constructor(
    initial: readonly { readonly id: NodeId; readonly peerUrls: readonly string[] }[],
    { marks, stamp }: { readonly marks: Marks; readonly stamp: () => number },
  ) {
    this.#marks = marks;
    this.#stamp = stamp;
    const byId = new Map(initial.map(({ id, peerUrls }) => [id, { peerUrls, isLearner: false }] as const));
    this.#history = [{ since: 0, index: 0, term: 0, config: configOf(byId, []), byId }];
  }

  get now(): Members {
    return this.#history.at(-1) as Members;
  }

  /** As of an entry that was applied. */
  at(index: number): Members {
    return this.#history.findLast((one) => one.index <= index) as Members;
  }

  /** All that held at some moment since a stamp. */
  since(stamp: number): readonly Members[] {
    return this.#history.filter((_, i) => (this.#history[i + 1]?.since ?? Infinity) >= stamp);
  }

  /**
   * Under which configurations an entry may be called committed: a change takes effect when it is applied, so the one before
   * the newest may still have counted.
   */
  countingAt(index: number): readonly Config[] {
    const newest = this.#history.findLastIndex((one) => one.index < index);
    return this.#history.slice(Math.max(0, newest - 1), newest + 1).map(({ config }) => config);
  }

  /** A conf change is committed. */
  apply({ index, term, data }: Entry): void {
    const change = decodeConfChange(data);
    const before = this.now;
    if (change.kind === 'leave') return this.#leave(index, term);
    const byId = this.#judge(change.context);
    if (!byId) return this.#push({ ...before, index, term });
    const outgoing = change.transition === 'auto' ? [] : before.config.voters;
    this.#marked(change, before);
    this.#push({ index, term, byId, config: configOf(byId, outgoing) });
  }

  #leave(index: number, term: number): void {
    const { byId, term: begun } = this.now;
    if (begun !== term) this.#marks.hit('joint configuration left by another leader');
    this.#push({ index, term, byId, config: configOf(byId, []) });
  }

  #push(members: Omit<Members, 'since'>): void {
    this.#history.push({ ...members, since: this.#stamp() });
    const voters = members.config.voters.length;
    if (voters >= 7) this.#marks.hit('cluster of seven voters');
    if (voters === 1 && this.#history.length > 2) this.#marks.hit('cluster shrunk to one voter');
    if (isJoint(members.config)) this.#marks.hit('joint configuration entered');
  }

  #marked(change: Extract<ConfChange, { kind: 'change' }>, { byId }: Members): void {
    const [{ type, id } = { type: 'update', id: 0n }] = change.members;
    if (type === 'remove') this.#marks.hit('member removed');
    if (type === 'update') this.#marks.hit('peer URLs of a member changed');
    if (type === 'learner') this.#marks.hit('learner added');
    if (type === 'voter') this.#marks.hit(byId.has(id) ? 'learner promoted' : 'voter added');
  }

  /** The members after a change; undefined when the state refuses it. */
  #judge(context: Uint8Array): Judged {
    const { type, body } = decodeEntry(context);
    const byId = new Map(this.now.byId);
    if (type === 'memberAdd') {
      const { id, peerUrls, isLearner, maxLearners } = decodeMemberAdd(body);
      const learners = [...byId.values()].filter((member) => member.isLearner).length;
      const isRefused = this.removed.has(id) || byId.has(id) || this.#isTaken(peerUrls, id);
      if (isRefused || (isLearner && learners >= maxLearners)) return undefined;
      return byId.set(id, { peerUrls, isLearner });
    }
    const { ID, peerURLs } = etcdserverpb.MemberUpdateRequest.decode(body);
    const id = BigInt.asUintN(64, toId(ID));
    const member = byId.get(id);
    if (!member) return undefined;
    if (type === 'memberRemove') {
      byId.delete(id);
      this.removed.add(id);
      return byId;
    }
    if (type === 'memberPromote') return member.isLearner ? byId.set(id, { ...member, isLearner: false }) : undefined;
    return this.#isTaken(peerURLs, id) ? undefined : byId.set(id, { ...member, peerUrls: peerURLs });
  }

  #isTaken(urls: readonly string[], id: NodeId): boolean {
    return [...this.now.byId].some(
      ([other, { peerUrls }]) => other !== id && peerUrls.some((url) => urls.includes(url)),
    );
  }
}

function configOf(byId: ReadonlyMap<NodeId, ModelMember>, votersOutgoing: readonly NodeId[]): Config {
  const ids = (isLearner: boolean): NodeId[] =>
    [...byId].filter(([, member]) => member.isLearner === isLearner).map(([id]) => id);
  const autoLeave = votersOutgoing.length > 0;
  // A learner to be does not occur: no change of the cluster service takes a vote and leaves the member.
  return { voters: ids(false), votersOutgoing, learners: ids(true), ...(autoLeave && { autoLeave }) };
}

/** Equal for equal configurations. */
export function configText({ voters, votersOutgoing, learners, learnersNext = [], autoLeave = false }: Config): string {
  const lists = [voters, votersOutgoing, learners, learnersNext];
  return lists.map((ids) => [...ids].sort((a, b) => (a < b ? -1 : 1)).join()).join('/') + (autoLeave ? '/auto' : '');
}
