/**
 * Virtual time: a queue of things that happen, in order of their time and, within one moment, of their arrival. After each of
 * them every promise that can go on has gone on, so nothing depends on how the engine interleaves them.
 */
import type { Timer } from '@flotilla/base';

interface Happening {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
  cancelled: boolean;
}

/**
 * The engine runs all promises that are ready, and those that these make ready, after each callback of `setImmediate`; what
 * lies between two rounds of them (the poll of the sockets) costs more than most things that happen.
 */
const stepsAtOnce = 256;

export class Scheduler {
  readonly #heap: Happening[] = [];
  #nowMs = 0;
  #order = 0;
  #happened = 0;

  /** Milliseconds since the run began; a fraction counts. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many things happened so far. */
  get happened(): number {
    return this.#happened;
  }

  /** A number larger than all before: what was seen first has the smaller one, also within one moment. */
  stamp(): number {
    return ++this.#order;
  }

  after(delayMs: number, act: () => void): Timer {
    const happening = { atMs: this.#nowMs + Math.max(0, delayMs), order: ++this.#order, act, cancelled: false };
    this.#push(happening);
    return {
      cancel() {
        happening.cancelled = true;
      },
    };
  }

  /** Lets time pass until `done` says so, or nothing is left to happen before `limitMs`. */
  run(options: { readonly limitMs: number; readonly done: () => boolean }): Promise<void> {
    const { limitMs, done } = options;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const step = (): void => {
        if (isOver) return;
        try {
          isOver = done() || !this.#happenNext(limitMs);
          if (isOver) resolve();
        } catch (error) {
          isOver = true;
          reject(error as Error);
        }
      };
      const go = (): void => {
        if (isOver) return;
        for (let i = 0; i < stepsAtOnce; i++) setImmediate(step);
        setImmediate(go);
      };
      // What was begun before goes on first.
      setImmediate(go);
    });
  }

  /** False when nothing is left to happen until then. */
  #happenNext(limitMs: number): boolean {
    for (let next = this.#heap[0]; next && next.atMs <= limitMs; next = this.#heap[0]) {
      this.#pop();
      if (next.cancelled) continue;
      this.#nowMs = next.atMs;
      this.#happened++;
      next.act();
      return true;
    }
    this.#nowMs = Math.max(this.#nowMs, limitMs);
    return false;
  }

  #push(happening: Happening): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(happening);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent] as Happening;
      if (isBefore(above, happening)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = happening;
  }

  #pop(): Happening | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Happening, heap[child] as Happening)) child++;
      const below = heap[child] as Happening;
      if (isBefore(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
