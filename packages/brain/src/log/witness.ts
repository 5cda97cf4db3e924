/**
 * The witness: a small file beside the log, synced by itself, that remembers whose directory this is, the newest term and
 * vote, and how far the log was known to be synced. A log that ends before the mark has lost something.
 *
 * Two slots are written in turns, so that a torn write leaves the one before. Each slot, little endian, 96 bytes: 8 magic,
 * u32 format version, u32 stage, u64 sequence, cluster id, member id, term, vote, index, term of the mark, u64 number of the
 * log's newest segment, 4 zero bytes, u32 CRC-32.
 *
 * `stage` is `creating` until the first log and state are durable: such a directory has promised nothing to nobody and is
 * made anew.
 */
import { join } from 'node:path';
import { allEnded, crc32 } from '@flotilla/base';
import type { EntryId } from '@flotilla/raft';
import type { Files, OpenFile } from './files.ts';
import { type MemberIdentity, corrupt, foreign, unknownFormat } from './refusal.ts';

const slotBytes = 96;
/** Apart, so that no disk block holds both. */
const slotStride = 4096;
const magic = Buffer.from('FLOTWIT\n');
const formatVersion = 1;

export interface WitnessState {
  readonly stage: 'creating' | 'complete';
  readonly term: number;
  readonly vote: bigint;
  /** The log was synced at least up to here. */
  readonly mark: EntryId;
  /** Number of the log's newest segment. */
  readonly segment: number;
}

export interface Witness {
  /** What was last made durable. */
  readonly state: WitnessState;
  /** Makes a state durable; one call at a time. */
  write(state: WitnessState): Promise<void>;
  close(): Promise<void>;
}

export const witnessName = 'witness';

export function witnessPath(directory: string): string {
  return join(directory, witnessName);
}

/** Begins the witness of an empty directory. */
export async function createWitness(files: Files, directory: string, identity: MemberIdentity): Promise<Witness> {
  const file = await files.open(witnessPath(directory), 'create');
  const state: WitnessState = { stage: 'creating', term: 0, vote: 0n, mark: { index: 0, term: 0 }, segment: 0 };
  const witness = openedWitness(file, identity, { state, sequence: 0 });
  await allEnded([witness.write(state), files.syncDirectory(directory)]);
  return witness;
}

/**
 * Opens the witness of a directory, if it has one.
 * @throws OperatingError when it is damaged, of another member, or of an unknown version.
 */
export async function openWitness(
  files: Files,
  directory: string,
  identity: MemberIdentity,
): Promise<Witness | undefined> {
  const path = witnessPath(directory);
  const newest = await readNewest(files, path);
  if (!newest) return undefined;
  const found = newest.identity;
  if (found.clusterId !== identity.clusterId || found.memberId !== identity.memberId) {
    throw foreign(path, found, identity);
  }
  const file = await files.open(path, 'existing');
  // A process that was killed may have left a write without a sync; what is answered from here on must be durable.
  await file.write([]);
  return openedWitness(file, identity, newest);
}

/**
 * Whose directory it is, as its witness says; undefined when it is nobody's yet.
 * @throws OperatingError when the witness is damaged, or of an unknown version.
 */
export async function witnessOwner(files: Files, directory: string): Promise<MemberIdentity | undefined> {
  const newest = await readNewest(files, witnessPath(directory));
  return newest?.state.stage === 'complete' ? newest.identity : undefined;
}

interface Slot {
  readonly state: WitnessState;
  readonly sequence: number;
}

interface ReadSlot extends Slot {
  readonly identity: MemberIdentity;
}

async function readNewest(files: Files, path: string): Promise<ReadSlot | undefined> {
  const content = await files.read(path);
  if (!content) return undefined;
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const slots = [0, slotStride].map((offset) => readSlot(bytes, offset, path)).filter((slot) => slot !== undefined);
  const newest = slots.sort((a, b) => b.sequence - a.sequence)[0];
  if (!newest) throw corrupt(path, 0, 'neither of its two slots is whole');
  return newest;
}

function openedWitness(file: OpenFile, identity: MemberIdentity, start: Slot): Witness {
  let { state, sequence } = start;
  return {
    get state() {
      return state;
    },
    async write(next) {
      // Of a write that fails and is tried again, all tries go to one slot: the other one holds what is durable.
      const following = sequence + 1;
      const bytes = encodeSlot(identity, { state: next, sequence: following });
      await file.write([{ position: (following % 2) * slotStride, bytes }]);
      sequence = following;
      state = next;
    },
    close: () => file.close(),
  };
}

function encodeSlot(identity: MemberIdentity, { state, sequence }: Slot): Buffer {
  const bytes = Buffer.alloc(slotBytes);
  magic.copy(bytes);
  bytes.writeUInt32LE(formatVersion, 8);
  bytes.writeUInt32LE(state.stage === 'complete' ? 1 : 0, 12);
  const numbers = [
    BigInt(sequence),
    identity.clusterId,
    identity.memberId,
    BigInt(state.term),
    state.vote,
    BigInt(state.mark.index),
    BigInt(state.mark.term),
    BigInt(state.segment),
  ];
  for (const [i, number] of numbers.entries()) bytes.writeBigUInt64LE(number, 16 + 8 * i);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, slotBytes - 4)), slotBytes - 4);
  return bytes;
}

function readSlot(file: Buffer, offset: number, path: string): ReadSlot | undefined {
  const bytes = file.subarray(offset, offset + slotBytes);
  if (bytes.length < slotBytes || !bytes.subarray(0, 8).equals(magic)) return undefined;
  if (bytes.readUInt32LE(slotBytes - 4) !== crc32(bytes.subarray(0, slotBytes - 4))) return undefined;
  const version = bytes.readUInt32LE(8);
  if (version !== formatVersion) throw unknownFormat(path, version);
  const number = (i: number): bigint => bytes.readBigUInt64LE(16 + 8 * i);
  return {
    identity: { clusterId: number(1), memberId: number(2) },
    sequence: Number(number(0)),
    state: {
      stage: bytes.readUInt32LE(12) === 1 ? 'complete' : 'creating',
      term: Number(number(3)),
      vote: number(4),
      mark: { index: Number(number(5)), term: Number(number(6)) },
      segment: Number(number(7)),
    },
  };
}
