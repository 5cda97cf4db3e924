/**
 * Byte strings outside the JavaScript heap, found by a number. A million of them cost a few thousand chunks and
 * no object each, so the garbage collector has nothing to look at.
 *
 * Lengths are rounded up to size classes (steps of 16 up to 1 KiB, then eight a doubling); a chunk holds slots
 * of one class, and longer strings than `maxSlotBytes` have a chunk of their own. A chunk without a used slot is given back.
 *
 * Invariant: a chunk is in its class's `open` list exactly while it has a free slot; the free slots of a chunk
 * form a list whose links are the first two bytes of each.
 */
import { assert } from '@flotilla/base';

const minChunkBytes = 64 * 1024;
const maxChunkBytes = 1024 * 1024;
/** Up to here a value that is put again takes a slot that was given back, not memory that is new to V8's collector. */
const maxSlotBytes = maxChunkBytes;
const slotsPerHandle = 65_536;
const noSlot = 0xffff;

/** Where a byte string lies; a whole number below 2^32. */
export type Handle = number;

class Chunk {
  readonly bytes: Uint8Array;
  /** The same memory as doubles: slots begin at multiples of 16. */
  readonly doubles: Float64Array;
  readonly slotBytes: number;
  readonly slotCount: number;
  usedSlots = 0;
  /** Head of the list of slots that were given back. */
  freeSlot = noSlot;
  /** Slots from here on were never used. */
  freshSlot = 0;
  /** Place in the class's `open` list; -1 when full. */
  openAt = -1;

  constructor(slotBytes: number, slotCount: number) {
    const buffer = new ArrayBuffer(slotBytes * slotCount);
    this.bytes = new Uint8Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.slotBytes = slotBytes;
    this.slotCount = slotCount;
  }
}

export class Slabs {
  readonly #chunks: (Chunk | undefined)[] = [];
  readonly #freeChunkIndexes: number[] = [];
  /** Slot size → indexes of its chunks with a free slot. */
  readonly #open = new Map<number, number[]>();
  #reservedBytes = 0;

  /** Bytes of all chunks. */
  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  allocate(length: number): Handle {
    const slotBytes = slotBytesFor(length);
    if (slotBytes > maxSlotBytes) {
      const index = this.#addChunk(slotBytes, 1);
      return index * slotsPerHandle + takeSlot(this.#chunk(index));
    }
    let open = this.#open.get(slotBytes);
    if (!open) this.#open.set(slotBytes, (open = []));
    if (open.length === 0) {
      const chunkBytes = Math.min(maxChunkBytes, Math.max(minChunkBytes, slotBytes * 256));
      const index = this.#addChunk(slotBytes, Math.floor(chunkBytes / slotBytes));
      this.#chunk(index).openAt = 0;
      open.push(index);
    }
    const index = open[open.length - 1] as number;
    const chunk = this.#chunk(index);
    const slot = takeSlot(chunk);
    if (chunk.usedSlots === chunk.slotCount) {
      chunk.openAt = -1;
      open.pop();
    }
    return index * slotsPerHandle + slot;
  }

  free(handle: Handle): void {
    const index = Math.floor(handle / slotsPerHandle);
    const chunk = this.#chunk(index);
    const slot = handle % slotsPerHandle;
    chunk.usedSlots--;
    if (chunk.slotBytes > maxSlotBytes) return this.#dropChunk(index);

    const at = slot * chunk.slotBytes;
    chunk.bytes[at] = chunk.freeSlot >>> 8;
    chunk.bytes[at + 1] = chunk.freeSlot;
    chunk.freeSlot = slot;
    const open = this.#open.get(chunk.slotBytes) as number[];
    if (chunk.openAt < 0) {
      chunk.openAt = open.length;
      open.push(index);
    }
    // The last open chunk of a class is kept, or a class of one string would be allocated again and again.
    if (chunk.usedSlots === 0 && open.length > 1) {
      const last = open.pop() as number;
      if (last !== index) {
        open[chunk.openAt] = last;
        this.#chunk(last).openAt = chunk.openAt;
      }
      this.#dropChunk(index);
    }
  }

  /** The memory that holds the string, from {@link offsetOf} on. */
  bytesOf(handle: Handle): Uint8Array {
    return this.#chunk(Math.floor(handle / slotsPerHandle)).bytes;
  }

  offsetOf(handle: Handle): number {
    return (handle % slotsPerHandle) * this.#chunk(Math.floor(handle / slotsPerHandle)).slotBytes;
  }

  /** The same memory as doubles, from `offsetOf / 8` on. */
  doublesOf(handle: Handle): Float64Array {
    return this.#chunk(Math.floor(handle / slotsPerHandle)).doubles;
  }

  /** Bytes that fit where the handle points. */
  capacityOf(handle: Handle): number {
    return this.#chunk(Math.floor(handle / slotsPerHandle)).slotBytes;
  }

  #chunk(index: number): Chunk {
    const chunk = this.#chunks[index];
    assert(chunk !== undefined, 'a slab handle points to no chunk');
    return chunk;
  }

  #addChunk(slotBytes: number, slotCount: number): number {
    const index = this.#freeChunkIndexes.pop() ?? this.#chunks.length;
    assert(index < slotsPerHandle, 'more slab chunks than a handle can name');
    const chunk = new Chunk(slotBytes, slotCount);
    this.#chunks[index] = chunk;
    this.#reservedBytes += chunk.bytes.length;
    return index;
  }

  #dropChunk(index: number): void {
    this.#reservedBytes -= this.#chunk(index).bytes.length;
    this.#chunks[index] = undefined;
    this.#freeChunkIndexes.push(index);
  }
}

function takeSlot(chunk: Chunk): number {
  chunk.usedSlots++;
  if (chunk.freeSlot === noSlot) return chunk.freshSlot++;
  const slot = chunk.freeSlot;
  const at = slot * chunk.slotBytes;
  chunk.freeSlot = ((chunk.bytes[at] as number) << 8) | (chunk.bytes[at + 1] as number);
  return slot;
}

/** The slot size of a length: at most an eighth larger beyond 1 KiB. */
function slotBytesFor(length: number): number {
  if (length <= 1024) return Math.max(16, Math.ceil(length / 16) * 16);
  const step = 2 ** (Math.floor(Math.log2(length - 1)) - 3);
  return Math.ceil(length / step) * step;
}
