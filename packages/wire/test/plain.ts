/** Decoded messages as data that compares: 64-bit numbers as text, bytes in base64, the defaults of what was not sent. */
import Long from 'long';

export function plain(value: unknown): unknown {
  if (Long.isLong(value)) return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const names: string[] = [];
  // Not the own ones alone: a message has its defaults from its prototype.
  for (const name in value) names.push(name);
  return Object.fromEntries(names.sort().map((name) => [name, plain(value[name as keyof typeof value])]));
}
