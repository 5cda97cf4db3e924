/** Durations as flags take them. */

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration as Go writes it (`1h30m`, `5s`, `250ms`), in milliseconds; undefined when it is none. */
export function durationMs(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(number) * (unitMs[unit ?? ''] ?? 0);
  }
  return total;
}

/** What is wrong with the text of a flag that takes a duration; undefined when nothing is. */
export function durationProblem(text: string): string | undefined {
  return durationMs(text) === undefined ? `"${text}" is not a duration like 5s or 10m` : undefined;
}
