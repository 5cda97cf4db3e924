/**
 * CRC-32 (the polynomial of zlib and Ethernet), the checksum of everything Flotilla writes to disk. The checksum of a log
 * record is paid for on the path of every write: Node's own zlib does it at about 6 GB/s, but a call into it costs as much as
 * 200 bytes do here, eight a step from eight tables. Both give the same number, so each is used where it is the faster.
 */
import * as zlib from 'node:zlib';

const polynomial = 0xedb88320;
const tables = makeTables();
/** Node 20 has it from 20.15 on. */
const native: typeof zlib.crc32 | undefined = zlib.crc32;
const nativeFromBytes = 200;

function makeTables(): Uint32Array {
  const table = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    table[byte] = crc >>> 0;
  }
  for (let slice = 1; slice < 8; slice++) {
    for (let byte = 0; byte < 256; byte++) {
      const previous = table[(slice - 1) * 256 + byte] ?? 0;
      table[slice * 256 + byte] = ((previous >>> 8) ^ (table[previous & 0xff] ?? 0)) >>> 0;
    }
  }
  return table;
}

/** The checksum of `bytes`; give that of what came before as `previous` to continue it. */
export function crc32(bytes: Uint8Array, previous = 0): number {
  return native && bytes.length >= nativeFromBytes ? native(bytes, previous) : crc32FromTables(bytes, previous);
}

/** The same without zlib. */
export function crc32FromTables(bytes: Uint8Array, previous = 0): number {
  const t = tables;
  let crc = ~previous;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    const low = crc ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    crc =
      t[1792 + (low & 0xff)]! ^
      t[1536 + ((low >>> 8) & 0xff)]! ^
      t[1280 + ((low >>> 16) & 0xff)]! ^
      t[1024 + (low >>> 24)]! ^
      t[768 + bytes[i + 4]!]! ^
      t[512 + bytes[i + 5]!]! ^
      t[256 + bytes[i + 6]!]! ^
      t[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}
