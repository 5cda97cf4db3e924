/**
 * Assertions, on in production. Raft has its own because it takes nothing but types from other packages. A failed one
 * means a bug, or a disk that lost what it had confirmed: the member must stop, so nobody catches it on the way up.
 */

/** Thrown when a member's own reasoning is broken. */
export class InvariantFailure extends Error {
  override readonly name = 'InvariantFailure';
}

/** Throws {@link InvariantFailure} unless `condition` holds. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantFailure(`raft: ${message}`);
}
