/**
 * The Huffman code of HPACK (RFC 7541, appendix B), decoding only. The code is canonical: symbols in the order of (length,
 * symbol) get consecutive codes, so the lengths alone define it. Decoding walks a tree of 256-way tables, a byte of input a
 * step.
 */
import { ConnectionError, ErrorCode } from './protocol.ts';

/** Code length in bits of each symbol 0 to 255, 16 a row; the end-of-string symbol has 30. */
// prettier-ignore
const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

const endOfString = 256;
const endOfStringBits = 30;
const invalid = 0;

/**
 * Pages of 256 entries. An entry is 0 (no symbol begins so), a symbol with the bits of its code that lie in this page
 * (`bits << 8 | symbol`), or the negative number of the page that decides by the next byte.
 */
const pages = buildPages();

function buildPages(): Int16Array {
  const symbols = [...codeLengths.keys(), endOfString];
  const bitsOf = (symbol: number): number => codeLengths[symbol] ?? endOfStringBits;
  symbols.sort((a, b) => bitsOf(a) - bitsOf(b) || a - b);
  const table: Int16Array[] = [new Int16Array(256)];
  let code = 0;
  let previousBits = 0;
  for (const symbol of symbols) {
    const bits = bitsOf(symbol);
    code = (code << (bits - previousBits)) >>> 0;
    previousBits = bits;
    if (symbol !== endOfString) enter(table, { code, bits, symbol });
    code += 1;
  }
  const flat = new Int16Array(table.length * 256);
  for (const [i, page] of table.entries()) flat.set(page, i * 256);
  return flat;
}

function enter(
  table: Int16Array[],
  entry: { readonly code: number; readonly bits: number; readonly symbol: number },
): void {
  let { bits } = entry;
  let page = table[0];
  while (bits > 8) {
    bits -= 8;
    const index = (entry.code >>> bits) & 0xff;
    if (page?.[index] === invalid) {
      page[index] = -table.length;
      table.push(new Int16Array(256));
    }
    page = table[-(page?.[index] ?? 0)];
  }
  const first = (entry.code << (8 - bits)) & 0xff;
  page?.fill((bits << 8) | entry.symbol, first, first + (1 << (8 - bits)));
}

let scratch = Buffer.allocUnsafeSlow(4096);

/**
 * The text in `bytes[start, end)`, a character a byte.
 * @throws ConnectionError COMPRESSION_ERROR for what no encoder makes.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  // No code is shorter than five bits.
  const most = Math.ceil(((end - start) * 8) / 5);
  if (scratch.length < most) scratch = Buffer.allocUnsafeSlow(most);
  let length = 0;
  let page = 0;
  let current = 0;
  let bits = 0;
  /** Bits since the last whole symbol: the padding, in the end. */
  let unused = 0;
  for (let i = start; i < end; i++) {
    current = (current << 8) | (bytes[i] ?? 0);
    bits += 8;
    unused += 8;
    while (bits >= 8) {
      const entry = pages[(page << 8) | ((current >>> (bits - 8)) & 0xff)] ?? invalid;
      if (entry > 0) {
        scratch[length++] = entry & 0xff;
        bits -= entry >> 8;
        unused = bits;
        page = 0;
      } else if (entry < 0) {
        page = -entry;
        bits -= 8;
      } else {
        throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, 'a Huffman code that does not exist');
      }
    }
  }
  while (bits > 0) {
    const entry = pages[(page << 8) | ((current << (8 - bits)) & 0xff)] ?? invalid;
    if (entry <= 0 || entry >> 8 > bits) break;
    scratch[length++] = entry & 0xff;
    bits -= entry >> 8;
    unused = bits;
    page = 0;
  }
  const mask = (1 << bits) - 1;
  if (unused > 7 || (current & mask) !== mask) {
    throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, 'Huffman padding that is none');
  }
  return scratch.toString('latin1', 0, length);
}
