/** Waiting for a condition of the world outside: there is nothing to subscribe to, so it is looked at again and again. */

/** Long enough that only a real failure reaches it, whatever else the machine does. */
const patienceMs = 120_000;
const pauseMs = 50;

/**
 * Resolves when `condition` holds. What it throws ends the wait at once.
 * @param what completes "waited in vain until …"
 */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
