/**
 * Which lease expires next: a binary heap of (time, lease id). A renewal is not moved in the heap: its old entry comes
 * up, is found to be early, and goes back with the time that counts.
 */
export interface Expiry {
  readonly atMs: number;
  readonly id: bigint;
}

export class ExpiryQueue {
  readonly #heap: Expiry[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): Expiry | undefined {
    return this.#heap[0];
  }

  push(expiry: Expiry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(expiry);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent] as Expiry;
      if (above.atMs <= expiry.atMs) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = expiry;
  }

  pop(): Expiry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Expiry).atMs < (heap[child] as Expiry).atMs) child++;
      const below = heap[child] as Expiry;
      if (below.atMs >= last.atMs) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
