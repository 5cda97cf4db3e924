/**
 * `mvccpb.KeyValue` bytes: the one form of a version, in memory, in pages, on level and on the wire. Written by
 * hand because every put passes here. A tombstone is a KeyValue with key and mod revision only, as in a
 * watch's delete event.
 */
import { fromId, type mvccpb } from '@flotilla/wire';
import { noBytes } from '../bytes.ts';
import { VarintReader, idLength, varintLength, writeId, writeVarint } from './varint.ts';

/** One version of a key. Version 0: a tombstone. */
export interface KeyVersion {
  readonly key: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly value: Uint8Array;
  readonly lease: bigint;
}

const tags = { key: 0x0a, createRevision: 0x10, modRevision: 0x18, version: 0x20, value: 0x2a, lease: 0x30 } as const;

export function encodedLength(kv: KeyVersion): number {
  const { key, value } = kv;
  let length = 1 + varintLength(key.length) + key.length + numberLength(kv.createRevision);
  length += numberLength(kv.modRevision) + numberLength(kv.version);
  if (value.length > 0) length += 1 + varintLength(value.length) + value.length;
  if (kv.lease !== 0n) length += 1 + idLength(kv.lease);
  return length;
}

/** Writes the bytes and returns the offset after them. */
export function encodeInto(target: Uint8Array, offset: number, kv: KeyVersion): number {
  let at = writeBytes(target, offset, tags.key, kv.key);
  at = writeNumber(target, at, tags.createRevision, kv.createRevision);
  at = writeNumber(target, at, tags.modRevision, kv.modRevision);
  at = writeNumber(target, at, tags.version, kv.version);
  if (kv.value.length > 0) at = writeBytes(target, at, tags.value, kv.value);
  if (kv.lease === 0n) return at;
  target[at] = tags.lease;
  return writeId(target, at + 1, kv.lease);
}

/** Offset of the key inside the bytes. */
export function keyOffset(keyLength: number): number {
  return 1 + varintLength(keyLength);
}

/** Key and value are views into `bytes`. */
export function decodeKeyVersion(bytes: Uint8Array): KeyVersion {
  const head = new VersionHead();
  head.read(bytes, 0, bytes.length);
  const { keyStart, keyLength, valueStart, valueLength, createRevision, modRevision, version, lease } = head;
  const key = bytes.subarray(keyStart, keyStart + keyLength);
  const value = bytes.subarray(valueStart, valueStart + valueLength);
  return { key, value, createRevision, modRevision, version, lease };
}

/** Takes versions apart one after the other, without a view of key or value. */
export class VersionHead {
  keyStart = 0;
  keyLength = 0;
  valueStart = 0;
  valueLength = 0;
  createRevision = 0;
  modRevision = 0;
  version = 0;
  lease = 0n;
  readonly #reader = new VarintReader(noBytes);

  /** Reads the version that lies from `start` to `end`. */
  read(bytes: Uint8Array, start: number, end: number): void {
    this.#clear();
    const reader = this.#reader;
    reader.bytes = bytes;
    reader.at = start;
    while (reader.at < end) {
      switch (bytes[reader.at++]) {
        case tags.key:
          this.keyLength = reader.number();
          this.keyStart = reader.at;
          reader.at += this.keyLength;
          break;
        case tags.createRevision:
          this.createRevision = reader.number();
          break;
        case tags.modRevision:
          this.modRevision = reader.number();
          break;
        case tags.version:
          this.version = reader.number();
          break;
        case tags.value:
          this.valueLength = reader.number();
          this.valueStart = reader.at;
          reader.at += this.valueLength;
          break;
        default:
          this.lease = reader.id();
      }
    }
  }

  #clear(): void {
    this.keyStart = this.keyLength = this.valueStart = this.valueLength = 0;
    this.createRevision = this.modRevision = this.version = 0;
    this.lease = 0n;
  }
}

/** The message of a version, for a response. */
export function toMessage(kv: KeyVersion): mvccpb.KeyValue.$Properties {
  return {
    key: kv.key,
    create_revision: kv.createRevision,
    mod_revision: kv.modRevision,
    version: kv.version,
    value: kv.value,
    lease: fromId(kv.lease),
  };
}

function numberLength(value: number): number {
  return value === 0 ? 0 : 1 + varintLength(value);
}

function writeNumber(target: Uint8Array, offset: number, tag: number, value: number): number {
  if (value === 0) return offset;
  target[offset] = tag;
  return writeVarint(target, offset + 1, value);
}

function writeBytes(target: Uint8Array, offset: number, tag: number, bytes: Uint8Array): number {
  target[offset] = tag;
  const at = writeVarint(target, offset + 1, bytes.length);
  target.set(bytes, at);
  return at + bytes.length;
}
