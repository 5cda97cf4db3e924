/**
 * How V8 runs a process that holds a store: what it compiles how early, and how often it collects the whole heap.
 *
 * **When.** Node brings its own modules compiled, and V8 refuses compiled code that was made with other flags: a module that is loaded
 * after this takes several times as long. So it waits until a member is ready.
 *
 * **Compiling.** V8 optimises a function once it has run some thousand times. With one write at a time that is many seconds during
 * which every write runs through slow code, and later ones beside the compiler, on processors that the other members want too. The
 * way of a write is the same few hundred functions each time, so there is little to be learnt from more runs.
 *
 * **Collecting.** What passes through a store (requests, entries, frames, pages) lies outside of V8's heap, which is small. V8
 * counts it all the same, and by its own rule it collects each time that a part of the small heap's size has passed, which is
 * several times a second when values are large.
 *
 * **Threads.** V8 compiles and marks on threads of its own, which share the processors with the members and their clients. An answer
 * must not wait for a compiler: these threads get what the others leave. A collection of what is young, which the store waits for, must
 * not wait for them then.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { setFlagsFromString } from 'node:v8';

/** From V8 12 on (Node 22): runs of a function before each of the two optimising compilers takes it; V8's own are 400 and 3000. */
const runsUntilOptimised = ['--invocation-count-for-maglev=200', '--invocation-count-for-turbofan=500'];
/** Before that it counted bytes of bytecode that were run; its own is 67584. */
const bytesUntilOptimised = ['--interrupt-budget=11264'];
/** Runs for which the types that a function sees must have stayed the same; V8's own is 500. */
const runsOfSameTypes = '--minimum-invocations-after-ic-update=50';
/** Memory may grow by this share of the heap between two collections, percent. */
const heapGrowth = '--heap-growing-percent=300';

/** As `nice` counts: some tenth of the weight of a thread that does not say. */
const compilerNiceness = 10;
const collectsAlone = '--no-parallel-scavenge';

/** For the rest of the process. V8 looks at each of these whenever it decides. */
export function runStoreFast(): void {
  const countsRuns = Number.parseInt(process.versions.v8, 10) >= 12;
  const optimising = countsRuns ? runsUntilOptimised : bytesUntilOptimised;
  for (const flag of [...optimising, runsOfSameTypes, heapGrowth]) setFlagsFromString(flag);
  if (lowerCompilers()) setFlagsFromString(collectsAlone);
}

/**
 * Gives V8's own threads less weight, which Linux takes as processes by their ids. False where their names don't tell (before Node 24),
 * or the system does not let it.
 */
function lowerCompilers(): boolean {
  const tasks = '/proc/self/task';
  try {
    const isCompiler = (id: string): boolean => readFileSync(`${tasks}/${id}/comm`, 'latin1') === 'V8Worker\n';
    const compilers = readdirSync(tasks).filter(isCompiler).map(Number);
    for (const thread of compilers) {
      // To raise it again takes a right that few have: a process that was begun with less keeps that.
      if (getPriority(thread) < compilerNiceness) setPriority(thread, compilerNiceness);
    }
    return compilers.length > 0;
  } catch {
    // Another system, one that shows no threads, or one that refuses.
    return false;
  }
}
