/**
 * A change as the bytes of a watch response's `events` field, encoded at most once in each form (with and without the
 * previous version) whoever many watchers get it. The versions are `mvccpb.KeyValue` already and are only framed.
 */
import { decodeKeyVersion } from '../mvcc/key-value.ts';
import type { Keyspace } from '../mvcc/keyspace.ts';
import type { RecordCursor } from '../mvcc/page.ts';
import { varintLength, writeVarint } from '../mvcc/varint.ts';

const tags = { events: 0x5a, type: 0x08, kv: 0x12, prevKv: 0x1a } as const;
const deleteType = 1;

export class WatchEvent {
  readonly revision: number;
  readonly isTombstone: boolean;
  readonly key: Uint8Array;
  readonly #version: Uint8Array;
  readonly #isCreate: boolean;
  readonly #source: EventSource;
  #plain: Uint8Array | undefined;
  #withPrevious: Uint8Array | undefined;

  constructor(record: RecordCursor, source: EventSource) {
    const version = record.version();
    const { key, createRevision, modRevision } = decodeKeyVersion(version);
    this.revision = record.main;
    this.isTombstone = record.isTombstone;
    this.key = key;
    this.#version = version;
    this.#isCreate = !record.isTombstone && createRevision === modRevision;
    this.#source = source;
  }

  plain(): Uint8Array {
    return (this.#plain ??= frame(this.#version, { isTombstone: this.isTombstone }));
  }

  /** With the version before this revision; without, when there was none or it is compacted away. */
  withPrevious(): Uint8Array {
    if (this.#isCreate) return this.plain();
    return (this.#withPrevious ??= this.#framePrevious());
  }

  #framePrevious(): Uint8Array {
    const { keyspace, compactRevision } = this.#source;
    const before = this.revision - 1;
    const id = before < compactRevision ? undefined : keyspace.find(this.key);
    const previous = id === undefined ? undefined : keyspace.bytesAt(id, before);
    return previous ? frame(this.#version, { isTombstone: this.isTombstone, previous }) : this.plain();
  }
}

/** Where previous versions come from. */
export interface EventSource {
  readonly keyspace: Keyspace;
  readonly compactRevision: number;
}

function frame(
  version: Uint8Array,
  { isTombstone, previous }: { readonly isTombstone: boolean; readonly previous?: Uint8Array },
): Uint8Array {
  const typeLength = isTombstone ? 2 : 0;
  const length = typeLength + framedLength(version) + (previous ? framedLength(previous) : 0);
  const bytes = Buffer.allocUnsafe(1 + varintLength(length) + length);
  bytes[0] = tags.events;
  let at = writeVarint(bytes, 1, length);
  if (isTombstone) {
    bytes[at++] = tags.type;
    bytes[at++] = deleteType;
  }
  at = writeFramed(bytes, at, { tag: tags.kv, content: version });
  if (previous) writeFramed(bytes, at, { tag: tags.prevKv, content: previous });
  return bytes;
}

function framedLength(content: Uint8Array): number {
  return 1 + varintLength(content.length) + content.length;
}

function writeFramed(
  target: Uint8Array,
  offset: number,
  { tag, content }: { readonly tag: number; readonly content: Uint8Array },
): number {
  target[offset] = tag;
  const at = writeVarint(target, offset + 1, content.length);
  target.set(content, at);
  return at + content.length;
}
