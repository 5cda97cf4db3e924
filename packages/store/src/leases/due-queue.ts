/**
 * Which lease is due next: a binary heap of (time, lease id). A lease has one time that counts; a later `set` leaves the
 * entry of the earlier one in the heap, which is passed over when it comes up.
 */
interface Due {
  readonly atMs: number;
  readonly id: bigint;
}

export class DueQueue {
  readonly #heap: Due[] = [];
  /** The time of a lease's one entry that counts. */
  readonly #timesMs = new Map<bigint, number>();

  set(id: bigint, atMs: number): void {
    this.#timesMs.set(id, atMs);
    this.#push({ id, atMs });
  }

  delete(id: bigint): void {
    this.#timesMs.delete(id);
  }

  clear(): void {
    this.#timesMs.clear();
    this.#heap.length = 0;
  }

  /** Takes out the lease whose time comes first, if that is at most `nowMs`. */
  take(nowMs: number): bigint | undefined {
    for (let next = this.#heap[0]; next && next.atMs <= nowMs; next = this.#heap[0]) {
      this.#pop();
      if (this.#timesMs.get(next.id) !== next.atMs) continue;
      this.#timesMs.delete(next.id);
      return next.id;
    }
    return undefined;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent] as Due;
      if (above.atMs <= due.atMs) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Due).atMs < (heap[child] as Due).atMs) child++;
      const below = heap[child] as Due;
      if (below.atMs >= last.atMs) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}
