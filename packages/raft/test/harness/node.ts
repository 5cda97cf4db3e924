/**
 * One member with a simulated disk and a state machine that keeps every value it applied. Nothing reaches the disk
 * before `sync`, so a crash loses exactly what was not synced.
 */
import {
  createRaft,
  decodeConfChange,
  type Config,
  type Entry,
  type EntryId,
  type HardState,
  type Message,
  type Raft,
  type RaftOptions,
  type Ready,
  type SnapshotMeta,
} from '@flotilla/raft';

/** A newcomer knows nobody. */
export const noMembers: Config = { voters: [], votersOutgoing: [], learners: [] };

/** The state machine: `values[i]` came from the normal entries, in order. */
export interface MachineState {
  readonly meta: SnapshotMeta;
  readonly values: readonly string[];
}

/** A message on its way; a snapshot's data travels beside it. */
export interface Parcel {
  readonly message: Message;
  readonly state: MachineState | undefined;
}

export interface Disk {
  hardState: HardState;
  /** The entry before `entries[0]`. */
  compacted: EntryId;
  entries: Entry[];
  /** What the state machine has on disk; never ahead of the synced log. */
  state: MachineState;
}

export type NodeOptions = Omit<RaftOptions, 'initial' | 'id'>;

export function emptyDisk(config: Config): Disk {
  const start = { index: 0, term: 0 };
  const state = { meta: { ...start, config }, values: [] };
  return { hardState: { term: 0, vote: 0n, commit: 0 }, compacted: start, entries: [], state };
}

const decoder = new TextDecoder();

export class Node {
  readonly id: bigint;
  readonly raft: Raft;
  readonly disk: Disk;
  state: MachineState;
  /** The Ready whose write is under way. */
  writing: Ready | undefined;
  readonly #received = new Map<number, MachineState>();

  constructor(id: bigint, options: NodeOptions, disk: Disk) {
    this.id = id;
    this.disk = disk;
    this.state = disk.state;
    const { hardState, compacted, entries } = disk;
    const { index: applied, config } = disk.state.meta;
    const initial = { hardState, snapshot: { ...compacted, config }, entries, applied, config };
    this.raft = createRaft({ ...options, id, initial });
  }

  /** A message arrives, a snapshot with its data. */
  receive({ message, state }: Parcel): void {
    if (message.type === 'snapshot' && state !== undefined) this.#received.set(message.snapshot.index, state);
    this.raft.step(message);
  }

  /**
   * Takes a Ready: applies what is committed and returns what may leave now. Its write, if any, waits for `sync`. With
   * `forgetCommit`, a commit index that comes alone is not written: the driver's freedom.
   */
  take({ forgetCommit = false } = {}): { ready: Ready; parcels: Parcel[] } | undefined {
    const ready = this.raft.ready();
    if (ready === undefined) return undefined;
    if (ready.mustSync) this.writing = ready;
    else if (ready.hardState !== undefined && !forgetCommit) this.disk.hardState = ready.hardState;
    this.#apply(ready.committed);
    return { ready, parcels: ready.messages.map((message) => this.#pack(message)) };
  }

  /** The write under way becomes durable and is acknowledged; returns the messages that waited for it. */
  sync(): Parcel[] {
    const ready = this.writing;
    if (ready === undefined) return [];
    this.persist();
    this.raft.synced(ready);
    return ready.messagesAfterSync.map((message) => this.#pack(message));
  }

  /** The write under way reaches the disk without being acknowledged: a crash may follow. */
  persist(): void {
    const ready = this.writing;
    if (ready === undefined) return;
    this.writing = undefined;
    if (ready.snapshot !== undefined) this.#install(ready.snapshot);
    if (ready.entries.length > 0) this.#append(ready.entries);
    if (ready.hardState !== undefined) this.disk.hardState = ready.hardState;
  }

  /** The state machine reaches the disk, as far as the log is synced there. */
  flush(): void {
    const synced = this.raft.status().syncedIndex;
    if (this.state.meta.index <= synced && this.state.meta.index > this.disk.state.meta.index) {
      this.disk.state = this.state;
    }
  }

  /** Cuts the log, in memory and on disk, up to what the state machine has on disk. */
  compact(index: number): void {
    // A snapshot that is being installed has taken the place of these entries already.
    if (index <= this.raft.status().compactedIndex) return;
    const { compacted, entries } = this.disk;
    const count = index - compacted.index;
    const { term } = entries[count - 1] as Entry;
    this.raft.compact(index);
    this.disk.entries = entries.slice(count);
    this.disk.compacted = { index, term };
  }

  /** A member as it comes back from this disk. */
  restarted(options: NodeOptions): Node {
    return new Node(this.id, options, this.disk);
  }

  /** The driver's freedom: it sends the state it has, which is newer than the one that raft asks for. */
  #pack(message: Message): Parcel {
    if (message.type !== 'snapshot') return { message, state: undefined };
    return { message: { ...message, snapshot: this.state.meta }, state: this.state };
  }

  #install(meta: SnapshotMeta): void {
    const state = this.#received.get(meta.index);
    if (state === undefined) throw new Error(`no data for snapshot ${meta.index}`);
    this.state = state;
    this.disk.state = state;
    this.disk.compacted = meta;
    this.disk.entries = [];
  }

  #append(entries: readonly Entry[]): void {
    const first = (entries[0] as Entry).index;
    const keep = first - this.disk.compacted.index - 1;
    if (keep < 0 || keep > this.disk.entries.length) throw new Error(`entries from ${first} leave a gap on disk`);
    this.disk.entries.length = keep;
    this.disk.entries.push(...entries);
  }

  /** A change whose context says so is refused by the state machine, here as everywhere. */
  #change(entry: Entry): Config {
    const refused = decoder.decode(decodeConfChange(entry.data).context) === 'refuse';
    return refused ? this.raft.refuseConfChange(entry) : this.raft.applyConfChange(entry);
  }

  #apply(committed: readonly Entry[]): void {
    const last = committed.at(-1);
    if (last === undefined) return;
    if (committed[0]?.index !== this.state.meta.index + 1) throw new Error('committed entries leave a gap');
    const values = committed
      .filter(({ type, data }) => type === 'normal' && data.length > 0)
      .map(({ data }) => decoder.decode(data));
    let { config } = this.state.meta;
    for (const entry of committed) if (entry.type === 'confChange') config = this.#change(entry);
    this.state = {
      meta: { index: last.index, term: last.term, config },
      values: [...this.state.values, ...values],
    };
    this.raft.applied(last.index);
  }
}
