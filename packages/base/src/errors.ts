/**
 * Operating errors: what can go wrong in a healthy program. Each has a stable `code` that callers match
 * on, a message that says what to do, and the `cause` it came from.
 */

/** An error of operation, never of programming. */
export class OperatingError extends Error {
  override readonly name = 'OperatingError';
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of anything that was thrown, if it carries one (Node's own errors do). */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
