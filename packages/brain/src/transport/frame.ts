/**
 * Raft messages as bytes: msgpack of an array of tuples, one frame for the messages of a turn. Sender and receiver are
 * those of the stream. Entries of an append travel as columns: their indexes follow from `prevIndex`, and a run of one
 * term is one number. Msgpack is only for the wire between members, never for the disk.
 */
import { Packr, Unpackr } from 'msgpackr';
import { assert } from '@flotilla/base';
import type { Entry, Message, NodeId, SnapshotMeta } from '@flotilla/raft';

// A frame stands for itself: no structures that earlier frames would have had to define.
const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false });

/** The most that one frame should hold; a single larger message still travels. */
const maxFrameBytes = 4 * 1024 * 1024;

/** Encodes messages in as few frames as their size allows. */
export function encodeFrames(messages: readonly Message[]): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  let tuples: unknown[] = [];
  let size = 0;
  for (const message of messages) {
    const weight = weightOf(message);
    if (size > 0 && size + weight > maxFrameBytes) {
      frames.push(packr.pack(tuples));
      tuples = [];
      size = 0;
    }
    tuples.push(toTuple(message));
    size += weight;
  }
  if (tuples.length > 0) frames.push(packr.pack(tuples));
  return frames;
}

function weightOf(message: Message): number {
  let bytes = 64;
  if (message.type === 'append') for (const entry of message.entries) bytes += entry.data.length;
  if (message.type === 'propose') for (const data of message.data) bytes += data.length;
  return bytes;
}

function toTuple(message: Message): unknown[] {
  const { type, term } = message;
  switch (type) {
    case 'append': {
      const { entries, prevIndex, prevTerm, commit } = message;
      const data = entries.map((entry) => entry.data);
      return [type, term, prevIndex, prevTerm, commit, termsColumn(entries), confChanges(entries), data];
    }
    case 'appendResponse':
      return [type, term, message.index, message.rejected, message.hintIndex, message.hintTerm];
    case 'heartbeat':
      return [type, term, message.commit, message.round];
    case 'heartbeatResponse':
      return [type, term, message.round];
    case 'vote':
    case 'preVote':
      return [type, term, message.lastIndex, message.lastTerm, message.transfer];
    case 'voteResponse':
    case 'preVoteResponse':
      return [type, term, message.granted];
    case 'snapshot':
      return [type, term, ...snapshotColumns(message.snapshot)];
    case 'timeoutNow':
      return [type, term];
    case 'readIndex':
      return [type, term, message.context];
    case 'readIndexResponse':
      return [type, term, message.context, message.index];
    case 'propose':
      return [type, term, message.data];
  }
}

/** One number when all terms are equal. */
function termsColumn(entries: readonly Entry[]): number | number[] {
  const first = entries[0]?.term ?? 0;
  return entries.every((entry) => entry.term === first) ? first : entries.map((entry) => entry.term);
}

/** Positions of the entries that are conf changes. */
function confChanges(entries: readonly Entry[]): number[] {
  return entries.flatMap((entry, i) => (entry.type === 'confChange' ? [i] : []));
}

function snapshotColumns({ index, term, config }: SnapshotMeta): unknown[] {
  const ids = (list: readonly NodeId[]): string[] => list.map((id) => id.toString(16));
  return [index, term, ids(config.voters), ids(config.votersOutgoing), ids(config.learners)];
}

/**
 * Decodes a frame; entries' data are views into it.
 * @throws Error for anything that `encodeFrames` does not produce.
 */
export function decodeFrame(frame: Uint8Array, route: { readonly from: NodeId; readonly to: NodeId }): Message[] {
  const tuples: unknown = unpackr.unpack(frame);
  return listOf(tuples, (tuple) => fromTuple(new TupleReader(tuple), route));
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
      return { type, ...envelope, lastIndex, lastTerm, transfer: tuple.boolean() };
    }
    case 'voteResponse':
    case 'preVoteResponse':
      return { type, ...envelope, granted: tuple.boolean() };
    case 'snapshot':
      return { type, ...envelope, snapshot: readSnapshot(tuple) };
    case 'timeoutNow':
      return { type, ...envelope };
    case 'readIndex':
      return { type, ...envelope, context: tuple.text() };
    case 'readIndexResponse':
      return { type, ...envelope, context: tuple.text(), index: tuple.number() };
    case 'propose':
      return { type, ...envelope, data: tuple.list(bytesOf) };
    default:
      throw new Error(`unknown message type ${type}`);
  }
}

function readAppend(tuple: TupleReader): {
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly commit: number;
  readonly entries: readonly Entry[];
} {
  const [prevIndex, prevTerm, commit] = [tuple.number(), tuple.number(), tuple.number()];
  const terms = tuple.numberOrList();
  const confChange = new Set(tuple.list(numberOf));
  const data = tuple.list(bytesOf);
  const entries = data.map((bytes, i): Entry => {
    const term = typeof terms === 'number' ? terms : numberOf(terms[i]);
    return { term, index: prevIndex + 1 + i, type: confChange.has(i) ? 'confChange' : 'normal', data: bytes };
  });
  return { prevIndex, prevTerm, commit, entries };
}

function readSnapshot(tuple: TupleReader): SnapshotMeta {
  const [index, term] = [tuple.number(), tuple.number()];
  const config = { voters: tuple.list(idOf), votersOutgoing: tuple.list(idOf), learners: tuple.list(idOf) };
  return { index, term, config };
}

/** Takes the fields of a tuple one by one, each checked. */
class TupleReader {
  readonly #fields: readonly unknown[];
  #next = 0;

  constructor(tuple: unknown) {
    this.#fields = listOf(tuple, (field) => field);
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

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Error('expected bytes');
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
