/** The end of something that has several parts, when each of them may fail to end. */

type EndStep = () => Promise<void> | void;

/**
 * Takes the steps one after the other, each whatever became of those before it: what can't end must not keep the rest open.
 * @throws the first failure. Those behind it are mostly its consequences.
 */
export async function endAll(steps: readonly EndStep[]): Promise<void> {
  const failures = await failuresOf(steps);
  if (failures.length > 0) throw failures[0];
}

/**
 * The same for what was begun before `failure` came.
 * @throws `failure`, whatever becomes of the steps.
 */
export async function endAfter(failure: unknown, steps: readonly EndStep[]): Promise<never> {
  await failuresOf(steps);
  throw failure;
}

async function failuresOf(steps: readonly EndStep[]): Promise<readonly unknown[]> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  return failures;
}
