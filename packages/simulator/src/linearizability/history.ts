/**
 * What callers saw of a shared object, and what the object should be. Times only need to be ordered; a call whose outcome
 * nobody knows may have taken effect at any moment after it was made, or never.
 */

export interface Operation<Input, Output> {
  readonly client: number;
  readonly input: Input;
  readonly calledAt: number;
  /** Undefined: the outcome is unknown. */
  readonly result: { readonly at: number; readonly output: Output } | undefined;
}

export type History<Input, Output> = readonly Operation<Input, Output>[];

/** A sequential object. States are immutable. */
export interface Model<Input, Output, State> {
  readonly initial: State;
  /**
   * The state after `input`; undefined when the object could not have given this output. With an unknown output any is
   * possible, and the same state object means that nothing changed.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Equal for equal states, different for different ones. */
  fingerprint(state: State): string;
}

/** Splits a history into histories of objects that know nothing of each other: it is linearizable if each of them is. */
export function partition<Input, Output>(
  history: History<Input, Output>,
  partOf: (input: Input) => string,
): ReadonlyMap<string, History<Input, Output>> {
  const parts = new Map<string, Operation<Input, Output>[]>();
  for (const operation of history) {
    const name = partOf(operation.input);
    const part = parts.get(name);
    if (part) part.push(operation);
    else parts.set(name, [operation]);
  }
  return parts;
}
