/** Timestamps of objects. */

/** RFC 3339 with whole seconds. */
export function timeOf(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
