/** The header `grpc-timeout`: up to eight digits and a unit. */

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** In milliseconds; NaN for what is no time-out. */
export function parseTimeoutMs(text: string): number {
  const unit = unitMs[text.charAt(text.length - 1)];
  const digits = text.slice(0, -1);
  return unit === undefined || !/^\d{1,8}$/.test(digits) ? Number.NaN : Number(digits) * unit;
}
