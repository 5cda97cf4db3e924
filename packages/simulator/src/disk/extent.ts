/** Bytes that grow at their end without being copied each time. */
export class Extent {
  #room: Buffer;
  #length: number;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#room = Buffer.from(bytes);
    this.#length = bytes.length;
  }

  /** A view, valid until the next write. */
  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  write(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    if (end > this.#room.length) {
      const room = Buffer.alloc(Math.max(4096, 2 * end));
      this.#room.copy(room, 0, 0, this.#length);
      this.#room = room;
    }
    if (position > this.#length) this.#room.fill(0, this.#length, position);
    this.#room.set(bytes, position);
    this.#length = Math.max(this.#length, end);
  }

  truncate(size: number): void {
    if (size > this.#length) this.write(size, new Uint8Array(0));
    this.#length = size;
  }
}
