/**
 * The blocks of a table. Each is followed by how it is compressed (1 byte) and the masked CRC-32C of both (4); the footer tells where
 * two of them are, which tell where all others are:
 *
 *     [data]… [filter] [metaindex: where filters are] [index: where data is] footer (48 bytes, the last 8 are always the same)
 *
 * The footer alone has no checksum: where it leads to a wrong place, what is there does not match its checksum.
 */
import { FieldReader } from './field-reader.ts';
import { type LevelFile, damagedAt } from './level-file.ts';

const trailerBytes = 5;
const footerBytes = 48;
const magic = Buffer.from('57fb808b247547db', 'hex');

const plain = 0;
const snappy = 1;

/** Where a block is, without what follows it. */
interface Block {
  readonly offset: number;
  readonly length: number;
}

/**
 * Yields the bytes of each block that is as it was written.
 * @throws OperatingError `STATE_DAMAGED` at the first that is not.
 */
export function* checkBlocks(table: LevelFile): Generator<number, void> {
  const { metaindex, index } = readFooter(table);
  for (const directory of [index, metaindex]) {
    checkBlock(table, directory);
    yield directory.length;
    for (const block of blocksIn(table, directory)) {
      checkBlock(table, block);
      yield block.length;
    }
  }
}

function readFooter(table: LevelFile): { readonly metaindex: Block; readonly index: Block } {
  const offset = table.bytes.length - footerBytes;
  if (offset < 0) throw damagedAt(table, 0, 'the table is too short to be one');
  const footer = table.bytes.subarray(offset);
  const magicStart = footerBytes - magic.length;
  if (!magic.equals(footer.subarray(magicStart)))
    throw damagedAt(table, offset, 'the footer there does not end as one');
  const reader = new FieldReader(footer.subarray(0, magicStart));
  const blocks = { metaindex: readBlock(reader), index: readBlock(reader) };
  if (reader.isOdd) throw damagedAt(table, offset, 'the footer there is none');
  return blocks;
}

function readBlock(reader: FieldReader): Block {
  return { offset: reader.number(), length: reader.number() };
}

function checkBlock(table: LevelFile, { offset, length }: Block): void {
  const { bytes, codecs } = table;
  const end = offset + length;
  if (end + trailerBytes > bytes.length - footerBytes) {
    throw damagedAt(table, offset, `a block of ${length} bytes does not fit there`);
  }
  if (!codecs.matches(bytes.subarray(offset, end + 1), bytes.readUInt32LE(end + 1))) {
    throw damagedAt(table, offset, `the block of ${length} bytes there does not match its checksum`);
  }
}

/** The blocks that one which is as it was written leads to. */
function blocksIn(table: LevelFile, directory: Block): readonly Block[] {
  const reader = new FieldReader(entriesOf(contentOf(table, directory)));
  const blocks: Block[] = [];
  while (!reader.isAtEnd) {
    // How much of its key an entry shares with the one before.
    reader.number();
    const keyBytes = reader.number();
    const valueBytes = reader.number();
    reader.take(keyBytes);
    const value = new FieldReader(reader.take(valueBytes));
    blocks.push(readBlock(value));
    reader.isOdd ||= value.isOdd;
  }
  if (reader.isOdd) throw damagedAt(table, directory.offset, 'the block there does not lead to others');
  return blocks;
}

/** Behind the entries are the offsets of some of them, and how many offsets there are, 4 bytes each. */
function entriesOf(content: Buffer): Buffer {
  const offsetCount = content.length < 4 ? 0 : content.readUInt32LE(content.length - 4);
  return content.subarray(0, Math.max(0, content.length - 4 * (1 + offsetCount)));
}

function contentOf(table: LevelFile, { offset, length }: Block): Buffer {
  const end = offset + length;
  const stored = table.bytes.subarray(offset, end);
  const compression = table.bytes[end];
  if (compression === plain) return stored;
  if (compression !== snappy)
    throw damagedAt(table, offset, 'the block there is compressed in a way that is not known');
  try {
    return Buffer.from(table.codecs.uncompress(stored));
  } catch {
    throw damagedAt(table, offset, 'the block there cannot be uncompressed');
  }
}
