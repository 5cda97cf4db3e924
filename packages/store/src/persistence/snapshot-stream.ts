/**
 * A state as a stream of bytes: what a member that is too far behind is sent.
 *
 *   "FLOTSNAP"  u8 format version   u64 cluster id   head as a row's sealed value
 *   then for each row: u32 length of key, u32 length of value, key, sealed value
 *
 * The head says how many rows follow and what they add up to, so the stream needs no end mark. Ids of members are not
 * in it: the receiver writes its own.
 */
import { OperatingError } from '@flotilla/base';
import { readUint32, writeUint32 } from '../bytes.ts';
import { RowLedger } from './row-ledger.ts';
import { type Head, decodeHead, encodeHead, headBytes, headKey, openRow, sealRow } from './rows.ts';
import type { Row, RowChange, StateSnapshot } from './state-database.ts';

const magic = Buffer.from('FLOTSNAP');
const streamVersion = 1;
const preludeBytes = magic.length + 1 + 8 + headBytes + 4;
const rowHeaderBytes = 8;
const chunkBytes = 256 * 1024;
/** No row is longer: a value may have 1.5 MiB by default, and a page one more than its target. */
const rowBytesMax = 256 * 1024 * 1024;

export function snapshotBytes({ rowCount, rowBytes }: Head): number {
  return preludeBytes + rowCount * rowHeaderBytes + rowBytes;
}

export async function* streamSnapshot(
  snapshot: StateSnapshot,
  { head, clusterId }: { readonly head: Head; readonly clusterId: bigint },
): AsyncGenerator<Uint8Array, void> {
  const prelude = Buffer.alloc(preludeBytes);
  magic.copy(prelude);
  prelude[magic.length] = streamVersion;
  prelude.writeBigUInt64BE(clusterId, magic.length + 1);
  prelude.set(sealRow(headKey, encodeHead(head)).value, magic.length + 9);

  let parts: Uint8Array[] = [prelude];
  let size = prelude.length;
  for await (const { key, value } of snapshot.rows()) {
    // The head and the format are single letters: the one was sent, the other is the receiver's own.
    if (key.length === 1) continue;
    const header = new Uint8Array(rowHeaderBytes);
    writeUint32(header, 0, key.length);
    writeUint32(header, 4, value.length);
    parts.push(header, key, value);
    size += rowHeaderBytes + key.length + value.length;
    if (size < chunkBytes) continue;
    yield Buffer.concat(parts);
    parts = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(parts);
}

export interface SnapshotReaderOptions {
  /** The cluster that it must be of; any unless told. */
  readonly clusterId?: bigint;
  /** Whether anything may follow the stream. */
  readonly isPadded?: boolean;
}

/** Takes a stream apart and checks every row. */
export class SnapshotReader {
  readonly #options: SnapshotReaderOptions;
  readonly #ledger = new RowLedger();
  #rest: Uint8Array = new Uint8Array(0);
  #head: Head | undefined;
  /** Of the stream, up to the last whole row. */
  #takenBytes = 0;

  constructor(options: SnapshotReaderOptions) {
    this.#options = options;
  }

  /** The rows that are complete with this chunk. @throws OperatingError */
  read(chunk: Uint8Array): RowChange[] {
    let bytes: Uint8Array = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    if (!this.#head) {
      if (bytes.length < preludeBytes) return this.#keep(bytes, []);
      this.#head = this.#readPrelude(bytes);
      bytes = bytes.subarray(preludeBytes);
      this.#takenBytes = preludeBytes;
    }
    if (this.#options.isPadded === true) bytes = bytes.subarray(0, snapshotBytes(this.#head) - this.#takenBytes);
    const rows: Row[] = [];
    let at = 0;
    while (bytes.length - at >= rowHeaderBytes) {
      const keyLength = readUint32(bytes, at);
      const end = at + rowHeaderBytes + keyLength + readUint32(bytes, at + 4);
      if (end - at > rowBytesMax) throw snapshotDamaged('a row is longer than any can be');
      if (end > bytes.length) break;
      const key = bytes.subarray(at + rowHeaderBytes, at + rowHeaderBytes + keyLength);
      rows.push({ key, value: bytes.subarray(at + rowHeaderBytes + keyLength, end) });
      at = end;
    }
    for (const { key, value } of rows) {
      const { checksum } = openRow(key, value);
      this.#ledger.enter(key, { checksum, bytes: key.length + value.length });
    }
    this.#takenBytes += at;
    return this.#keep(bytes.subarray(at), rows);
  }

  /** The head, once the whole stream is there. @throws OperatingError */
  finish(): Head {
    const head = this.#head;
    if (!head || this.#rest.length > 0 || !this.#ledger.matches(head)) {
      throw snapshotDamaged('it is not complete');
    }
    return head;
  }

  #keep(rest: Uint8Array, rows: RowChange[]): RowChange[] {
    this.#rest = rest;
    return rows;
  }

  #readPrelude(bytes: Uint8Array): Head {
    const prelude = Buffer.from(bytes.subarray(0, preludeBytes));
    if (!prelude.subarray(0, magic.length).equals(magic)) throw snapshotDamaged('it is no snapshot');
    if (prelude[magic.length] !== streamVersion) throw snapshotDamaged('this version does not know its format');
    const clusterId = prelude.readBigUInt64BE(magic.length + 1);
    if (this.#options.clusterId !== undefined && clusterId !== this.#options.clusterId) {
      throw snapshotDamaged('it belongs to another cluster');
    }
    return decodeHead(openRow(headKey, prelude.subarray(magic.length + 9)).content);
  }
}

export function snapshotDamaged(reason: string, cause?: unknown): OperatingError {
  return new OperatingError('SNAPSHOT_DAMAGED', `the received snapshot is refused: ${reason}. Send it again`, {
    cause,
  });
}
