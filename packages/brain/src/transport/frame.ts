/**
 * Raft messages as bytes, one frame for the messages of a turn: a u32 (little endian), so many bytes of msgpack with an
 * array of tuples, and the data of all entries and proposals behind it, in the order of the tuples, which name the
 * lengths. Sender and receiver are those of the stream. Entries of an append travel as columns: their indexes follow from
 * `prevIndex`, and a run of one term is one number. Msgpack is only for the wire between members, never for the disk.
 */
import { Packr, Unpackr } from 'msgpackr';
import { assert } from '@flotilla/base';
import type { Entry, EntryId, Message, NodeId, SnapshotMeta } from '@flotilla/raft';

// A frame stands for itself: no structures that earlier frames would have had to define.
const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false });

/** The most that one frame should hold; a single larger message still travels. */
const maxFrameBytes = 4 * 1024 * 1024;
const headLengthBytes = 4;

/** Encodes messages in as few frames as their size allows. */
export function encodeFrames(messages: readonly Message[]): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  let tuples: unknown[] = [];
  let data: Uint8Array[] = [];
  let size = 0;
  const end = (): void => {
    if (tuples.length > 0) frames.push(assemble(packr.pack(tuples), data));
    tuples = [];
    data = [];
    size = 0;
  };
  for (const message of messages) {
    const weight = weightOf(message);
    if (size + weight > maxFrameBytes) end();
    tuples.push(toTuple(message, data));
    size += weight;
  }
  end();
  return frames;
}

/** As `encodeFrames`; the same entries for the next member are not encoded again. */
export function createFrameEncoder(): (messages: readonly Message[]) => readonly Uint8Array[] {
  let last: { readonly messages: readonly Message[]; readonly frames: readonly Uint8Array[] } | undefined;
  return (messages) => {
    if (last && areAlike(last.messages, messages)) return last.frames;
    last = { messages, frames: encodeFrames(messages) };
    return last.frames;
  };
}

/** Two appends that differ in nothing but their receiver: the followers at the same place share their entries. */
function areAlike([a, ...moreOfA]: readonly Message[], [b, ...moreOfB]: readonly Message[]): boolean {
  if (a?.type !== 'append' || b?.type !== 'append' || moreOfA.length + moreOfB.length > 0) return false;
  const isSamePlace = a.term === b.term && a.prevIndex === b.prevIndex && a.prevTerm === b.prevTerm;
  return isSamePlace && a.commit === b.commit && a.entries === b.entries;
}

function weightOf(message: Message): number {
  let bytes = 64;
  if (message.type === 'append') for (const entry of message.entries) bytes += entry.data.length;
  if (message.type === 'propose') for (const data of message.data) bytes += data.length;
  return bytes;
}

function assemble(head: Uint8Array, data: readonly Uint8Array[]): Uint8Array {
  let length = headLengthBytes + head.length;
  for (const bytes of data) length += bytes.length;
  const frame = Buffer.allocUnsafe(length);
  frame.writeUInt32LE(head.length, 0);
  frame.set(head, headLengthBytes);
  let at = headLengthBytes + head.length;
  for (const bytes of data) {
    frame.set(bytes, at);
    at += bytes.length;
  }
  return frame;
}

/** @param data takes what travels behind the tuples */
function toTuple(message: Message, data: Uint8Array[]): unknown[] {
  const { type, term } = message;
  switch (type) {
    case 'append': {
      const { entries, prevIndex, prevTerm, commit } = message;
      for (const entry of entries) data.push(entry.data);
      const lengths = entries.map((entry) => entry.data.length);
      return [type, term, prevIndex, prevTerm, commit, termsColumn(entries), confChanges(entries), lengths];
    }
    case 'appendResponse':
      return [type, term, message.index, message.rejected, message.hintIndex, message.hintTerm];
    case 'heartbeat':
      return [type, term, message.commit, message.round];
    case 'heartbeatResponse':
      return [type, term, message.round];
    case 'vote':
    case 'preVote':
      return [type, term, message.lastIndex, message.lastTerm, message.transfer, ...committedColumns(message)];
    case 'voteResponse':
    case 'preVoteResponse':
      return [type, term, message.granted, ...committedColumns(message)];
    case 'snapshot':
      return [type, term, ...snapshotColumns(message.snapshot)];
    case 'timeoutNow':
      return [type, term];
    case 'readIndex':
      return [type, term, message.context];
    case 'readIndexResponse':
      return [type, term, message.context, message.index];
    case 'propose':
      for (const one of message.data) data.push(one);
      return [type, term, message.data.map((one) => one.length)];
  }
}

function committedColumns({ committed }: { readonly committed?: EntryId }): readonly [number, number] {
  return [committed?.index ?? 0, committed?.term ?? 0];
}

/** One number when all terms are equal. */
function termsColumn(entries: readonly Entry[]): number | number[] {
  const first = entries[0]?.term ?? 0;
  return entries.every((entry) => entry.term === first) ? first : entries.map((entry) => entry.term);
}

/** Positions of the entries that are conf changes. */
function confChanges(entries: readonly Entry[]): number[] {
  const positions: number[] = [];
  for (const [i, { type }] of entries.entries()) if (type === 'confChange') positions.push(i);
  return positions;
}

function snapshotColumns({ index, term, config }: SnapshotMeta): unknown[] {
  const ids = (list: readonly NodeId[]): string[] => list.map((id) => id.toString(16));
  const { voters, votersOutgoing, learners, learnersNext = [], autoLeave = false } = config;
  return [index, term, ids(voters), ids(votersOutgoing), ids(learners), ids(learnersNext), autoLeave];
}

/**
 * Decodes a frame; entries' data are views into it.
 * @throws Error for anything that `encodeFrames` does not produce.
 */
export function decodeFrame(frame: Uint8Array, route: { readonly from: NodeId; readonly to: NodeId }): Message[] {
  const reader = new FrameReader(frame);
  const messages = listOf(reader.head, (tuple) => fromTuple(new TupleReader(tuple, reader), route));
  reader.end();
  return messages;
}

function fromTuple(tuple: TupleReader, route: { readonly from: NodeId; readonly to: NodeId }): Message {
  const type = tuple.text();
  const envelope = { ...route, term: tuple.number() };
  switch (type) {
    case 'append':
      return { type, ...envelope, ...readAppend(tuple) };
    case 'appendResponse': {
      const [index, rejected] = [tuple.number(), tuple.boolean()];
      return { type, ...envelope, index, rejected, hintIndex: tuple.number(), hintTerm: tuple.number() };
    }
    case 'heartbeat':
      return { type, ...envelope, commit: tuple.number(), round: tuple.number() };
    case 'heartbeatResponse':
      return { type, ...envelope, round: tuple.number() };
    case 'vote':
    case 'preVote': {
      const [lastIndex, lastTerm] = [tuple.number(), tuple.number()];
      return { type, ...envelope, lastIndex, lastTerm, transfer: tuple.boolean(), ...readCommitted(tuple) };
    }
    case 'voteResponse':
    case 'preVoteResponse':
      return { type, ...envelope, granted: tuple.boolean(), ...readCommitted(tuple) };
    case 'snapshot':
      return { type, ...envelope, snapshot: readSnapshot(tuple) };
    case 'timeoutNow':
      return { type, ...envelope };
    case 'readIndex':
      return { type, ...envelope, context: tuple.text() };
    case 'readIndexResponse':
      return { type, ...envelope, context: tuple.text(), index: tuple.number() };
    case 'propose':
      return { type, ...envelope, data: tuple.data() };
    default:
      throw new Error(`unknown message type ${type}`);
  }
}

function readCommitted(tuple: TupleReader): { readonly committed?: EntryId } {
  const [index, term] = [tuple.number(), tuple.number()];
  return index > 0 ? { committed: { index, term } } : {};
}

function readAppend(tuple: TupleReader): {
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly commit: number;
  readonly entries: readonly Entry[];
} {
  const [prevIndex, prevTerm, commit] = [tuple.number(), tuple.number(), tuple.number()];
  const terms = tuple.numberOrList();
  const confChange = tuple.list(numberOf);
  const data = tuple.data();
  const entries = data.map((bytes, i): Entry => {
    const term = typeof terms === 'number' ? terms : numberOf(terms[i]);
    return { term, index: prevIndex + 1 + i, type: confChange.includes(i) ? 'confChange' : 'normal', data: bytes };
  });
  return { prevIndex, prevTerm, commit, entries };
}

function readSnapshot(tuple: TupleReader): SnapshotMeta {
  const [index, term] = [tuple.number(), tuple.number()];
  const [voters, votersOutgoing, learners] = [tuple.list(idOf), tuple.list(idOf), tuple.list(idOf)];
  const [learnersNext, autoLeave] = [tuple.list(idOf), tuple.boolean()];
  const config = {
    voters,
    votersOutgoing,
    learners,
    ...(learnersNext.length > 0 && { learnersNext }),
    ...(autoLeave && { autoLeave }),
  };
  return { index, term, config };
}

/** The two parts of a frame; the data is taken in order. */
class FrameReader {
  readonly head: unknown;
  readonly #frame: Uint8Array;
  #at: number;

  constructor(frame: Uint8Array) {
    if (frame.length < headLengthBytes) throw new Error('a frame without a head');
    const headLength = new DataView(frame.buffer, frame.byteOffset).getUint32(0, true);
    this.#at = headLengthBytes + headLength;
    if (this.#at > frame.length) throw new Error('a frame whose head is cut off');
    this.head = unpackr.unpack(frame.subarray(headLengthBytes, this.#at));
    this.#frame = frame;
  }

  take(length: number): Uint8Array {
    const { buffer, byteOffset, length: frameLength } = this.#frame;
    if (this.#at + length > frameLength) throw new Error('a frame whose data is cut off');
    const bytes = new Uint8Array(buffer, byteOffset + this.#at, length);
    this.#at += length;
    return bytes;
  }

  /** @throws Error when something is left over. */
  end(): void {
    if (this.#at !== this.#frame.length) throw new Error('a frame with more data than it names');
  }
}

/** Takes the fields of a tuple one by one, each checked. */
class TupleReader {
  readonly #fields: readonly unknown[];
  readonly #frame: FrameReader;
  #next = 0;

  constructor(tuple: unknown, frame: FrameReader) {
    this.#fields = listOf(tuple, (field) => field);
    this.#frame = frame;
  }

  #take(): unknown {
    return this.#fields[this.#next++];
  }

  number(): number {
    return numberOf(this.#take());
  }

  numberOrList(): number | readonly number[] {
    const field = this.#take();
    return typeof field === 'number' ? numberOf(field) : listOf(field, numberOf);
  }

  boolean(): boolean {
    const field = this.#take();
    if (typeof field !== 'boolean') throw new Error('expected a boolean');
    return field;
  }

  text(): string {
    const field = this.#take();
    if (typeof field !== 'string') throw new Error('expected a text');
    return field;
  }

  /** A column of lengths, and the data that they name. */
  data(): Uint8Array[] {
    return this.list((length) => this.#frame.take(numberOf(length)));
  }

  list<T>(read: (item: unknown) => T): T[] {
    return listOf(this.#take(), read);
  }
}

function listOf<T>(value: unknown, read: (item: unknown) => T): T[] {
  if (!Array.isArray(value)) throw new Error('expected a list');
  return value.map((item) => read(item));
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new Error('expected a whole number');
  return value;
}

function idOf(value: unknown): NodeId {
  if (typeof value !== 'string' || !/^[0-9a-f]{1,16}$/.test(value)) throw new Error('expected an id');
  return BigInt(`0x${value}`);
}

/** A question or answer between members: plain data; ids travel as text. */
export function encodeValue(value: unknown): Uint8Array {
  return packr.pack(value);
}

export function decodeValue(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const value: unknown = unpackr.unpack(bytes);
  assert(typeof value === 'object' && value !== null, 'a question or answer is an object');
  return value as Record<string, unknown>;
}
