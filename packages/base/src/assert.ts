/**
 * Assertions that stay on in production. A failed one is a bug of ours, never bad input: it must stop
 * the component, so nobody catches it on the way up.
 */

/** Thrown when the program's own reasoning is broken. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** Throws {@link AssertionFailure} unless `condition` holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** Marks a branch that the types prove unreachable. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable value: ${String(value)}`);
}
