/**
 * The few etcd messages that the generators send and read, written by hand: the generators patch keys into ready bytes, and
 * read as little of an answer as proves it. A frame here is gRPC's: a flag, the length, the message.
 */

const varintOf = (value: number): readonly number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
};

function bytesField(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([...varintOf(field * 8 + 2), ...varintOf(bytes.length)]), bytes]);
}

function varintField(field: number, value: number): Buffer {
  return Buffer.from([...varintOf(field * 8), ...varintOf(value)]);
}

/** One uncompressed gRPC message. */
function framed(...parts: readonly Buffer[]): Buffer {
  const message = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

export const paths = {
  range: '/etcdserverpb.KV/Range',
  put: '/etcdserverpb.KV/Put',
  txn: '/etcdserverpb.KV/Txn',
  watch: '/etcdserverpb.Watch/Watch',
  keepAlive: '/etcdserverpb.Lease/LeaseKeepAlive',
  compact: '/etcdserverpb.KV/Compact',
  status: '/etcdserverpb.Maintenance/Status',
  hashKv: '/etcdserverpb.Maintenance/HashKV',
  snapshot: '/etcdserverpb.Maintenance/Snapshot',
} as const;

export interface Pair {
  readonly key: string;
  readonly value: Buffer;
}

function putOf({ key, value }: Pair): Buffer {
  return Buffer.concat([bytesField(1, Buffer.from(key)), bytesField(2, value)]);
}

export function putFrame(pair: Pair): Buffer {
  return framed(putOf(pair));
}

export interface RangeOf {
  readonly key: string;
  readonly rangeEnd?: string;
  readonly revision?: number;
  readonly serializable?: boolean;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

export function rangeFrame({ key, rangeEnd, revision, ...flags }: RangeOf): Buffer {
  return framed(
    bytesField(1, Buffer.from(key)),
    ...(rangeEnd === undefined ? [] : [bytesField(2, Buffer.from(rangeEnd))]),
    ...(revision === undefined ? [] : [varintField(4, revision)]),
    ...(flags.serializable === true ? [varintField(7, 1)] : []),
    ...(flags.keysOnly === true ? [varintField(8, 1)] : []),
    ...(flags.countOnly === true ? [varintField(9, 1)] : []),
  );
}

/** Answered once what the compaction dropped is gone from the disk too. */
export function compactFrame(revision: number): Buffer {
  return framed(varintField(1, revision), varintField(2, 1));
}

/** If the key's create revision is above 0, that is, if it exists, put it. */
export function putExistingFrame(pair: Pair): Buffer {
  const [greater, createRevision] = [1, 1];
  const compare = [varintField(1, greater), varintField(2, createRevision), bytesField(3, Buffer.from(pair.key))];
  const requestPut = bytesField(2, putOf(pair));
  return framed(bytesField(1, Buffer.concat([...compare, varintField(5, 0)])), bytesField(2, requestPut));
}

/** All of them, unconditionally. */
export function putAllFrame(pairs: readonly Pair[]): Buffer {
  return framed(...pairs.map((pair) => bytesField(2, bytesField(2, putOf(pair)))));
}

/** A watch of `[key, rangeEnd)` from now on. */
export function watchFrame(key: string, rangeEnd: string): Buffer {
  return framed(bytesField(1, Buffer.concat([bytesField(1, Buffer.from(key)), bytesField(2, Buffer.from(rangeEnd))])));
}

export function keepAliveFrame(lease: bigint): Buffer {
  const bytes = [1 * 8];
  let rest = BigInt.asUintN(64, lease);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return framed(Buffer.from([...bytes, Number(rest)]));
}

/** Where a key lies in a frame that holds it, each time. */
export function offsetsOf(frame: Buffer, key: string): readonly number[] {
  const offsets: number[] = [];
  for (let at = frame.indexOf(key); at >= 0; at = frame.indexOf(key, at + 1)) offsets.push(at);
  return offsets;
}

/** Reads fields one after the other. Numbers above 2^53 lose their lowest bits: ids are only compared with themselves. */
export class FieldReader {
  field = 0;
  /** Of a varint field. */
  value = 0;
  /** Of a field of bytes: `[start, end)`. */
  start = 0;
  end = 0;

  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #limit = 0;

  reset(bytes: Buffer, from: number, to: number): this {
    this.#bytes = bytes;
    this.#at = from;
    this.#limit = to;
    return this;
  }

  /** @returns whether there was another field */
  next(): boolean {
    if (this.#at >= this.#limit) return false;
    const tag = this.#varint();
    this.field = tag >>> 3;
    const type = tag & 7;
    if (type === 0) this.value = this.#varint();
    else if (type === 2) {
      const length = this.#varint();
      this.start = this.#at;
      this.end = this.#at += length;
    } else throw new Error(`a field of wire type ${type}`);
    return true;
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }
}

const outer = new FieldReader();

/** A request of which no field is set. */
export function emptyFrame(): Buffer {
  return framed();
}

/** Whether the answer to a status names a leader. */
export function hasLeader(status: Buffer): boolean {
  outer.reset(status, 0, status.length);
  while (outer.next()) if (outer.field === 4) return outer.value !== 0;
  return false;
}
