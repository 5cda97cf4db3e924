/**
 * As much of HPACK (RFC 7541) as the lean client needs: it sends a handful of headers, and of what it gets only whether
 * `grpc-status` is 0 matters. Names and values are compared as they come, plain or Huffman-coded, so nothing is decoded. The
 * peer's table is followed by counting: an index counts back from the newest entry, whatever has been evicted since.
 */

const staticEntries = 61;
const grpcStatus = {
  plain: Buffer.from('grpc-status').toString('latin1'),
  huffman: Buffer.from('9acac8b21234da8f', 'hex').toString('latin1'),
};
const zero = { plain: '0', huffman: '\u0007' };

interface Entry {
  readonly isStatus: boolean;
  readonly isZero: boolean;
}

const other: Entry = { isStatus: false, isZero: false };

interface Text {
  readonly huffman: boolean;
  readonly bytes: string;
}

const isIn = ({ huffman, bytes }: Text, forms: { plain: string; huffman: string }): boolean =>
  bytes === (huffman ? forms.huffman : forms.plain);

/** What the header blocks of one connection say, in the order in which they came. */
export class StatusReader {
  readonly #table: Entry[] = [];
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @returns whether the status is 0; undefined when the block has none */
  read(block: Buffer): boolean | undefined {
    this.#block = block;
    this.#at = 0;
    let ok: boolean | undefined;
    while (this.#at < block.length) {
      const entry = this.#field();
      if (entry?.isStatus) ok = entry.isZero;
    }
    return ok;
  }

  #field(): Entry | undefined {
    const first = this.#block[this.#at] ?? 0;
    if (first & 0x80) return this.#entryAt(this.#integer(7));
    if ((first & 0xe0) === 0x20) {
      this.#integer(5);
      return undefined;
    }
    const indexed = (first & 0x40) !== 0;
    const nameIndex = this.#integer(indexed ? 6 : 4);
    const isStatus = nameIndex === 0 ? isIn(this.#text(), grpcStatus) : this.#entryAt(nameIndex).isStatus;
    const entry = { isStatus, isZero: isIn(this.#text(), zero) };
    if (indexed) this.#table.push(entry);
    return entry;
  }

  #entryAt(index: number): Entry {
    return this.#table[this.#table.length - (index - staticEntries)] ?? other;
  }

  #integer(prefixBits: number): number {
    const limit = 2 ** prefixBits - 1;
    let value = (this.#block[this.#at++] ?? 0) & limit;
    if (value < limit) return value;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#block[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  #text(): Text {
    const huffman = ((this.#block[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(7);
    const bytes = this.#block.toString('latin1', this.#at, (this.#at += length));
    return { huffman, bytes };
  }
}

/** Header blocks of gRPC requests on one connection; what was sent once is sent as an index. */
export class RequestHeaders {
  readonly #authority: string;
  readonly #sent: string[] = [];
  /** Blocks that are all indexes, until another entry moves these. */
  readonly #blocks = new Map<string, Buffer>();

  constructor(authority: string) {
    this.#authority = authority;
  }

  blockOf(path: string): Buffer {
    const known = this.#blocks.get(path);
    if (known) return known;
    const sentBefore = this.#sent.length;
    const block = this.#fields(path);
    if (this.#sent.length === sentBefore) this.#blocks.set(path, block);
    else this.#blocks.clear();
    return block;
  }

  #fields(path: string): Buffer {
    const [post, http] = [0x83, 0x86];
    return Buffer.concat([
      Buffer.from([post, http]),
      this.#field(4, path),
      this.#field(1, this.#authority),
      this.#field(31, 'application/grpc'),
      this.#field('te', 'trailers'),
    ]);
  }

  /** @param name its index in the static table, or the name itself */
  #field(name: number | string, value: string): Buffer {
    const key = `${name}\n${value}`;
    const at = this.#sent.indexOf(key);
    if (at >= 0) return Buffer.from([0x80 | (staticEntries + this.#sent.length - at)]);
    this.#sent.push(key);
    const nameBytes = typeof name === 'number' ? [0x40 | name] : [0x40, name.length, ...Buffer.from(name)];
    return Buffer.from([...nameBytes, value.length, ...Buffer.from(value)]);
  }
}
