/** One member alone, fed by hand: what a test of a single rule needs. */
import {
  createRaft,
  encodeConfChange,
  type ConfChange,
  type Config,
  type Entry,
  type HardState,
  type InitialState,
  type MemberChange,
  type Message,
  type Raft,
  type RaftOptions,
  type Transition,
} from '@flotilla/raft';

const encoder = new TextEncoder();

export const three: Config = { voters: [1n, 2n, 3n], votersOutgoing: [], learners: [] };
export const five: Config = { voters: [1n, 2n, 3n, 4n, 5n], votersOutgoing: [], learners: [] };

/** Entries with these terms, from index 1 on. */
export function log(...terms: number[]): Entry[] {
  return terms.map((term, i) => entry({ term, index: i + 1 }));
}

export function entry({ term, index }: { term: number; index: number }): Entry {
  return { term, index, type: 'normal', data: encoder.encode(`${term}.${index}`) };
}

export interface SoloOptions extends Partial<Omit<RaftOptions, 'initial'>> {
  readonly entries?: readonly Entry[];
  readonly hardState?: HardState;
  /** Everything else that it remembers. */
  readonly initial?: Omit<InitialState, 'entries' | 'hardState'>;
}

/** Member 1 of three, without pre-vote and check-quorum unless asked for, and with ten ticks to an election. */
export function solo({ entries = [], hardState, initial = {}, ...options }: SoloOptions = {}): Raft {
  const term = entries.at(-1)?.term ?? initial.snapshot?.term ?? 0;
  return createRaft({
    id: 1n,
    config: three,
    electionTimeoutTicks: 10,
    random: () => 0,
    preVote: false,
    checkQuorum: false,
    ...options,
    initial: { ...initial, entries, hardState: hardState ?? { term, vote: 0n, commit: 0 } },
  });
}

/** Everything that the member wants to do, done: returns the messages, in order, and what was applied. */
export function settle(raft: Raft): { sent: Message[]; applied: Entry[]; written: Entry[] } {
  const sent: Message[] = [];
  const applied: Entry[] = [];
  const written: Entry[] = [];
  for (let ready = raft.ready(); ready !== undefined; ready = raft.ready()) {
    sent.push(...ready.messages);
    written.push(...ready.entries);
    if (ready.mustSync) raft.synced(ready);
    sent.push(...ready.messagesAfterSync);
    applied.push(...ready.committed);
    for (const entry of ready.committed) {
      if (entry.type === 'confChange') raft.applyConfChange(entry);
      else raft.applied(entry.index);
    }
  }
  return { sent, applied, written };
}

/** What is to be written is written, and nothing applied. */
export function write(raft: Raft): void {
  const ready = raft.ready();
  if (ready?.mustSync === true) raft.synced(ready);
}

/** Member 1 elected by all others; what it sent so far is forgotten. */
export function leader(options: SoloOptions = {}): Raft {
  const raft = solo(options);
  raft.campaign();
  settle(raft);
  for (const from of (options.config ?? three).voters) {
    if (from !== 1n) raft.step({ type: 'voteResponse', from, to: 1n, term: raft.term, granted: true });
  }
  settle(raft);
  return raft;
}

/** The follower `from` confirms the leader's log up to `index`. */
export function confirm(raft: Raft, { from, index }: { from: bigint; index: number }): void {
  const accepted = { rejected: false, hintIndex: 0, hintTerm: 0 };
  raft.step({ type: 'appendResponse', from, to: 1n, term: raft.term, index, ...accepted });
}

/** A change of these members, without a context. */
export function change(transition: Transition, ...list: MemberChange[]): ConfChange {
  return { kind: 'change', transition, members: list, context: new Uint8Array(0) };
}

export const voter = (id: bigint): MemberChange => ({ type: 'voter', id });
export const learner = (id: bigint): MemberChange => ({ type: 'learner', id });
export const remove = (id: bigint): MemberChange => ({ type: 'remove', id });
export const leave: ConfChange = { kind: 'leave', context: new Uint8Array(0) };

/** A conf change as an entry of a log. */
export function changeEntry(place: { term: number; index: number }, what: ConfChange): Entry {
  return { ...place, type: 'confChange', data: encodeConfChange(what) };
}

export function data(...values: string[]): Uint8Array[] {
  return values.map((value) => encoder.encode(value));
}

export function ofType<T extends Message['type']>(messages: readonly Message[], type: T): (Message & { type: T })[] {
  return messages.filter((message): message is Message & { type: T } => message.type === type);
}
