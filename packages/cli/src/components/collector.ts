/**
 * How often V8 collects the whole heap of a process that holds a store. What passes through a store (requests, entries, frames,
 * pages) lies outside of that heap, which is small. V8 counts it all the same, and by its own rule it collects each time that a
 * part of the small heap's size has passed, which is several times a second when values are large.
 */
import { setFlagsFromString } from 'node:v8';

/** Memory may grow by this share of the heap between two collections, percent. */
const growingPercent = 300;

/** For the rest of the process; V8 looks at it after each collection. */
export function collectStoreSeldom(): void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
}
