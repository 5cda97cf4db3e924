/**
 * The records of a file that LevelDB appends to, such as its manifest. The file is a row of blocks of 32 KiB; a record that does not
 * fit into what is left of one is cut into fragments:
 *
 *     block 0: [full][full][first…]  block 1: […middle…]  block 2: […last][full] zeros or the end of the file
 *
 * A fragment is its masked CRC-32C (4 bytes), the length of its content (2), its kind (1), and the content.
 *
 * Ends as LevelDB does: at a record that the file cuts off, or where zeros take the place of one, which is what a loss of power
 * leaves of the last write. Refuses what LevelDB would refuse, and also what lies in blocks behind such zeros: LevelDB would go on
 * there as if there had been nothing in between.
 */
import { type LevelFile, damagedAt } from './level-file.ts';

const blockBytes = 32 * 1024;
const headerBytes = 7;

const none = 0;
const full = 1;
const first = 2;
const middle = 3;
const last = 4;

interface LogRecord {
  readonly offset: number;
  readonly content: Uint8Array;
}

interface Fragment extends LogRecord {
  readonly kind: number;
}

/** @throws OperatingError `STATE_DAMAGED` at the first that is not as it was written. */
export function* logRecords(file: LevelFile): Generator<LogRecord, void> {
  let parts: Fragment[] = [];
  for (const fragment of fragmentsOf(file)) {
    const { offset, kind } = fragment;
    if (!follows(parts, kind)) throw damagedAt(file, offset, 'a part of a record lies there that does not follow');
    if (kind === full || kind === first) parts = [];
    parts.push(fragment);
    if (kind !== full && kind !== last) continue;
    yield { offset: parts[0]?.offset ?? offset, content: Buffer.concat(parts.map(({ content }) => content)) };
    parts = [];
  }
}

/** Whether a fragment of that kind may come behind those of the record so far. */
function follows(parts: readonly Fragment[], kind: number): boolean {
  // Early versions could write an empty beginning at the end of a block, and then the record in the next.
  if (kind === full || kind === first) return parts.every(({ content }) => content.length === 0);
  return parts.length > 0 && (kind === middle || kind === last);
}

function* fragmentsOf(file: LevelFile): Generator<Fragment, void> {
  const { bytes, codecs } = file;
  for (let offset = 0; offset < bytes.length;) {
    const blockEnd = offset - (offset % blockBytes) + blockBytes;
    const end = Math.min(blockEnd, bytes.length);
    if (end - offset < headerBytes) {
      offset = blockEnd;
      continue;
    }
    const length = bytes.readUInt16LE(offset + 4);
    const kind = bytes.readUInt8(offset + 6);
    const next = offset + headerBytes + length;
    if (next > end) {
      if (end < blockEnd) return;
      throw damagedAt(file, offset, 'the record there does not end in its block');
    }
    if (kind === none && length === 0) {
      const further = bytes.subarray(end).findIndex((byte) => byte !== 0);
      if (further === -1) return;
      throw damagedAt(file, offset, `zeros lie there, and records behind them at ${end + further}`);
    }
    if (!codecs.matches(bytes.subarray(offset + 6, next), bytes.readUInt32LE(offset))) {
      throw damagedAt(file, offset, 'the record there does not match its checksum');
    }
    yield { offset, kind, content: bytes.subarray(offset + headerBytes, next) };
    offset = next;
  }
}
