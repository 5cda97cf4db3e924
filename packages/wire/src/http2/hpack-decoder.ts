/**
 * Decodes header blocks (RFC 7541). One decoder a connection: blocks must come in the order in which they were sent, and
 * every one of them must be decoded, also for streams that are refused.
 *
 * Invariant: the sizes of the dynamic table's entries add up to at most its capacity, which is at most the setting. `version`
 * changes with every change of the table: blocks of the same bytes mean the same while it stays.
 */
import { decodeHuffman } from './huffman.ts';
import { ConnectionError, ErrorCode } from './protocol.ts';
import { type HeaderField, fieldOverheadBytes, staticTable } from './static-table.ts';

/** The dynamic table that encoders may assume unless they are told otherwise; we tell nothing. */
const maxTableBytes = 4096;

export interface HeaderList {
  readonly fields: readonly HeaderField[];
  /** The list is longer than allowed; what went beyond was dropped. */
  readonly tooLarge: boolean;
}

export class HpackDecoder {
  /** Counts the changes of the dynamic table. */
  version = 0;
  readonly #maxListBytes: number;
  /** Oldest first. */
  readonly #table: HeaderField[] = [];
  #tableBytes = 0;
  #capacityBytes = maxTableBytes;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  /** @param maxListBytes the longest list accepted, counted as in SETTINGS_MAX_HEADER_LIST_SIZE. */
  constructor(maxListBytes: number) {
    this.#maxListBytes = maxListBytes;
  }

  /** @throws ConnectionError COMPRESSION_ERROR; the connection can't go on then. */
  decode(bytes: Buffer, start: number, end: number): HeaderList {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    const fields: HeaderField[] = [];
    let listBytes = 0;
    let begun = false;
    while (this.#at < end) {
      const first = bytes[this.#at] ?? 0;
      if ((first & 0xe0) === 0x20) {
        if (begun) throw broken('a table size in the middle of a block');
        this.#resize(this.#integer(5));
        continue;
      }
      begun = true;
      const field = first >= 0x80 ? this.#entry(this.#integer(7)) : this.#literal(first);
      listBytes += sizeOf(field);
      if (listBytes <= this.#maxListBytes) fields.push(field);
    }
    return { fields, tooLarge: listBytes > this.#maxListBytes };
  }

  #literal(first: number): HeaderField {
    const indexed = (first & 0x40) !== 0;
    const nameIndex = this.#integer(indexed ? 6 : 4);
    const known = nameIndex === 0 ? undefined : this.#entry(nameIndex);
    const name = known?.name ?? this.#string();
    const value = this.#string();
    const sound = (known?.sound ?? isSoundName(name)) && isSoundValue(value);
    const field = { name, value, sound };
    if (indexed) this.#add(field);
    return field;
  }

  #entry(index: number): HeaderField {
    const field =
      index <= staticTable.length
        ? staticTable[index - 1]
        : this.#table[this.#table.length - (index - staticTable.length)];
    if (!field) throw broken(`no entry ${index}`);
    return field;
  }

  #add(field: HeaderField): void {
    this.version++;
    const size = sizeOf(field);
    this.#evict(this.#capacityBytes - size);
    if (size > this.#capacityBytes) return;
    this.#table.push(field);
    this.#tableBytes += size;
  }

  #resize(capacityBytes: number): void {
    if (capacityBytes > maxTableBytes) throw broken('a table larger than allowed');
    this.version++;
    this.#capacityBytes = capacityBytes;
    this.#evict(capacityBytes);
  }

  #evict(downToBytes: number): void {
    while (this.#tableBytes > downToBytes) {
      const oldest = this.#table.shift();
      if (!oldest) return;
      this.#tableBytes -= sizeOf(oldest);
    }
  }

  /** An integer whose first byte shares `prefixBits` bits with something else. */
  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = (this.#bytes[this.#at++] ?? 0) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= this.#end) throw broken('a block that ends within an integer');
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw broken('an integer that is too large');
  }

  #string(): string {
    if (this.#at >= this.#end) throw broken('a block that ends before a string');
    const coded = (this.#bytes[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (end > this.#end) throw broken('a string beyond the end of its block');
    this.#at = end;
    return coded ? decodeHuffman(this.#bytes, start, end) : this.#bytes.toString('latin1', start, end);
  }
}

function sizeOf({ name, value }: HeaderField): number {
  return name.length + value.length + fieldOverheadBytes;
}

function isSoundName(name: string): boolean {
  return /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name);
}

function isSoundValue(value: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return !/[\0\r\n]/.test(value);
}

function broken(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.COMPRESSION_ERROR, `header compression: ${what}`);
}
