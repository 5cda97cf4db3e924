/**
 * Is a history linearizable? The search of Wing and Gong (1993) with Lowe's memoisation (2017): take, one after the other,
 * an operation that no other one must precede, as long as the model agrees; go back when none fits; never enter the same
 * pair of (operations taken, state) twice.
 *
 *     a: |--put 1--|            candidates at first: a and b, because b was called before a returned
 *     b:    |--get → 0--|       a first gives get → 1, which b did not see; so b first, then a
 *     c:             |-get → 1-|
 *
 * Operations of unknown outcome need not be taken at all, so they are tried last, and only where they change something.
 * What fits and changes nothing (a read) is taken at once, without alternatives: whatever order goes on from here goes on
 * behind it as well.
 */
import type { History, Model, Operation } from './history.ts';

export type Verdict<Input, Output> =
  | { readonly kind: 'linearizable' }
  /** The longest order that was found, and the operations one of which had to come next. */
  | {
      readonly kind: 'violated';
      readonly order: History<Input, Output>;
      readonly stuck: History<Input, Output>;
    }
  /** Given up after the allowed number of steps. */
  | { readonly kind: 'undecided' };

export interface SearchOptions {
  /** Calls of the model before the search gives up; 500,000 unless told. */
  readonly maxSteps?: number;
}

export function checkLinearizable<Input, Output, State>(
  model: Model<Input, Output, State>,
  history: History<Input, Output>,
  { maxSteps = 500_000 }: SearchOptions = {},
): Verdict<Input, Output> {
  return new Search(model, history, maxSteps).run();
}

/** Something that was taken, and how things stood before. */
interface Step<State> {
  readonly candidate: number;
  readonly before: State;
  /** It changed nothing, so taking it later can't be better: there is no other choice to go back to. */
  readonly forced: boolean;
}

/**
 * Candidates are numbered: the completed operations by the time of their call, then the unknown ones. Completed operations
 * that are not taken form a list by call (`next`, `previous`; the head is the number after all of them).
 */
class Search<Input, Output, State> {
  readonly #model: Model<Input, Output, State>;
  readonly #maxSteps: number;
  readonly #operations: readonly Operation<Input, Output>[];
  readonly #completed: number;
  readonly #returnedAt: Float64Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #taken: Uint8Array;
  readonly #steps: Step<State>[] = [];
  readonly #entered = new Set<string>();
  /** Unknown operations that were taken, as text, one after each of them. */
  readonly #unknownTaken: string[] = [''];
  #left: number;
  #highest = -1;
  #state: State;
  #modelCalls = 0;
  #longest: readonly number[] = [];
  #longestStuck: readonly number[] = [];

  constructor(model: Model<Input, Output, State>, history: History<Input, Output>, maxSteps: number) {
    const byCall = [...history].sort((a, b) => a.calledAt - b.calledAt);
    const completed = byCall.filter((operation) => operation.result !== undefined);
    const unknown = byCall.filter((operation) => operation.result === undefined);
    this.#model = model;
    this.#maxSteps = maxSteps;
    this.#operations = [...completed, ...unknown];
    this.#completed = completed.length;
    this.#left = completed.length;
    this.#returnedAt = Float64Array.from(this.#operations, ({ result }) => result?.at ?? Infinity);
    this.#taken = new Uint8Array(this.#operations.length);
    this.#next = Int32Array.from({ length: completed.length + 1 }, (_, i) => (i === completed.length ? 0 : i + 1));
    this.#previous = Int32Array.from({ length: completed.length + 1 }, (_, i) => (i === 0 ? completed.length : i - 1));
    this.#state = model.initial;
  }

  run(): Verdict<Input, Output> {
    let from = 0;
    while (this.#left > 0) {
      if (this.#modelCalls > this.#maxSteps) return { kind: 'undecided' };
      if ((from === 0 && this.#takeForced()) || this.#takeFrom(from)) {
        from = 0;
        continue;
      }
      if (this.#steps.length >= this.#longest.length) this.#remember();
      const undone = this.#undo();
      if (undone === undefined) return this.#violated();
      from = undone + 1;
    }
    return { kind: 'linearizable' };
  }

  /** Takes the first candidate from number `from` on that fits. Completed ones come first. */
  #takeFrom(from: number): boolean {
    const deadline = this.#deadline();
    if (from < this.#completed) {
      for (let i = this.#firstLeftFrom(from); i < this.#completed; i = this.#nextOf(i)) {
        if (this.#calledAt(i) > deadline) break;
        if (this.#try(i)) return true;
      }
    }
    for (let i = Math.max(from, this.#completed); i < this.#operations.length; i++) {
      if (this.#calledAt(i) > deadline) break;
      if (this.#taken[i] === 0 && this.#try(i)) return true;
    }
    return false;
  }

  /** Takes a candidate that fits and changes nothing. */
  #takeForced(): boolean {
    const deadline = this.#deadline();
    for (let i = this.#nextOf(this.#completed); i < this.#completed; i = this.#nextOf(i)) {
      const { input, result, calledAt } = this.#operations[i] as Operation<Input, Output>;
      if (calledAt > deadline) return false;
      this.#modelCalls++;
      if (this.#model.step(this.#state, input, result?.output) !== this.#state) continue;
      this.#take(i);
      this.#steps.push({ candidate: i, before: this.#state, forced: true });
      return true;
    }
    return false;
  }

  /** The earliest return of those left: whatever was called after it must come later. */
  #deadline(): number {
    let deadline = Infinity;
    for (let i = this.#nextOf(this.#completed); i < this.#completed; i = this.#nextOf(i)) {
      if (this.#calledAt(i) > deadline) break;
      deadline = Math.min(deadline, this.#returnedAt[i] as number);
    }
    return deadline;
  }

  #firstLeftFrom(from: number): number {
    if (from === 0) return this.#nextOf(this.#completed);
    let i = from;
    while (i < this.#completed && this.#taken[i] === 1) i++;
    return i;
  }

  #try(candidate: number): boolean {
    const { input, result } = this.#operations[candidate] as Operation<Input, Output>;
    this.#modelCalls++;
    const after = this.#model.step(this.#state, input, result?.output);
    if (after === undefined || (!result && after === this.#state)) return false;
    this.#take(candidate);
    const key = this.#key(after);
    if (this.#entered.has(key)) {
      this.#putBack(candidate);
      return false;
    }
    this.#entered.add(key);
    this.#steps.push({ candidate, before: this.#state, forced: false });
    this.#state = after;
    return true;
  }

  /** Goes back to the last choice; the candidate that was wrong there, or undefined when there is none left. */
  #undo(): number | undefined {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      this.#state = step.before;
      this.#putBack(step.candidate);
      if (!step.forced) return step.candidate;
    }
    return undefined;
  }

  #take(i: number): void {
    this.#taken[i] = 1;
    if (i >= this.#completed) {
      const taken = `${this.#unknownTaken.at(-1)},${i}`;
      this.#unknownTaken.push(taken.split(',').sort().join(','));
      return;
    }
    this.#left--;
    this.#highest = Math.max(this.#highest, i);
    const [before, after] = [this.#previous[i] as number, this.#next[i] as number];
    this.#next[before] = after;
    this.#previous[after] = before;
  }

  #putBack(i: number): void {
    this.#taken[i] = 0;
    if (i >= this.#completed) {
      this.#unknownTaken.pop();
      return;
    }
    this.#left++;
    const [before, after] = [this.#previous[i] as number, this.#next[i] as number];
    this.#next[before] = i;
    this.#previous[after] = i;
  }

  /** Names the completed operations that are taken by the first that is not and those taken beyond it. */
  #key(state: State): string {
    const first = this.#nextOf(this.#completed);
    let beyond = '';
    for (let i = first + 1; i <= this.#highest; i++) if (this.#taken[i] === 1) beyond += `,${i - first}`;
    return `${first}${beyond}|${this.#unknownTaken.at(-1)}|${this.#model.fingerprint(state)}`;
  }

  #nextOf(i: number): number {
    return this.#next[i] as number;
  }

  #calledAt(i: number): number {
    return (this.#operations[i] as Operation<Input, Output>).calledAt;
  }

  #remember(): void {
    this.#longest = this.#steps.map(({ candidate }) => candidate);
    const deadline = this.#deadline();
    const stuck: number[] = [];
    for (let i = this.#nextOf(this.#completed); i < this.#completed; i = this.#nextOf(i)) {
      if (this.#calledAt(i) > deadline) break;
      stuck.push(i);
    }
    this.#longestStuck = stuck;
  }

  #violated(): Verdict<Input, Output> {
    const named = (numbers: readonly number[]): History<Input, Output> =>
      numbers.map((i) => this.#operations[i] as Operation<Input, Output>);
    return { kind: 'violated', order: named(this.#longest), stuck: named(this.#longestStuck) };
  }
}
