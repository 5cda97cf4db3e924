/** Requests that look like requests: every field of a message may hold what nobody would send, or something of another type. */
import type { Field, Message } from '@flotilla/wire/descriptor';

/** In [0, 1). */
export type Random = () => number;

const maxDepth = 4;
const interestingIntegers = [0n, 1n, 2n, 127n, 128n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

/** The bytes of a message; `fields` by their numbers. */
export function forgeMessage(random: Random, message: Message, depth = 0): Buffer {
  const parts: Buffer[] = [];
  for (const field of message.fields) {
    if (random() < 0.4) continue;
    const times = field.isRepeated ? Math.floor(4 * random()) : random() < 0.05 ? 2 : 1;
    for (let time = 0; time < times; time++) parts.push(forgeField(random, field, depth));
  }
  // Unknown fields, groups, and numbers that no field has.
  if (random() < 0.1) parts.push(tagged(pick(random, [99, 536_870_911, 0]), 0, varint(7n)));
  if (random() < 0.03) parts.push(Buffer.of((1 << 3) | 3));
  return Buffer.concat(random() < 0.1 ? parts.reverse() : parts);
}

function forgeField(random: Random, field: Field, depth: number): Buffer {
  const { number } = field;
  // Of another wire type than the field's.
  if (random() < 0.03) return tagged(number, pick(random, [0, 1, 5]), Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]));
  const message = field.message();
  if (message) {
    const inner = depth < maxDepth ? forgeMessage(random, message, depth + 1) : Buffer.alloc(0);
    return delimited(number, inner);
  }
  if (field.type === 'bytes' || field.type === 'string') return delimited(number, forgeBytes(random));
  return tagged(
    number,
    0,
    varint(field.values && random() < 0.8 ? BigInt(Math.floor(4 * random())) : forgeInteger(random)),
  );
}

function forgeInteger(random: Random): bigint {
  return random() < 0.5 ? pick(random, interestingIntegers) : BigInt(Math.floor(1000 * random()));
}

export function forgeBytes(random: Random): Buffer {
  const kind = random();
  if (kind < 0.2) return Buffer.alloc(0);
  if (kind < 0.5)
    return Buffer.from(
      pick(random, ['k', 'key/1', '\0', 'root', 'zzz', '\u00e9', '%s%n', '../../etc', 'a'.repeat(300)]),
    );
  if (kind < 0.55) return Buffer.alloc(100_000, 'x');
  return Buffer.from(Array.from({ length: Math.floor(20 * random()) }, () => Math.floor(256 * random())));
}

/** Bytes of no meaning, or a message that was damaged. */
export function forgeGarbage(random: Random, message: Message): Buffer {
  if (random() < 0.4)
    return Buffer.from(Array.from({ length: Math.floor(200 * random()) }, () => Math.floor(256 * random())));
  const bytes = forgeMessage(random, message);
  if (bytes.length === 0) return Buffer.of(255);
  if (random() < 0.5) return bytes.subarray(0, Math.floor(bytes.length * random()));
  bytes[Math.floor(bytes.length * random())] = Math.floor(256 * random());
  return bytes;
}

/** The JSON form of a message, with the same care. */
export function forgeJson(random: Random, message: Message, depth = 0): unknown {
  if (random() < 0.04) return pick<unknown>(random, [null, 1, 'text', [], true]);
  const object: Record<string, unknown> = random() < 0.05 ? { nobody: 1, __proto__: 2 } : {};
  for (const field of message.fields) {
    if (random() < 0.4) continue;
    const one = (): unknown => forgeJsonValue(random, field, depth);
    const value = field.isRepeated ? Array.from({ length: Math.floor(3 * random()) }, one) : one();
    object[random() < 0.5 ? field.name : field.jsonName] = value;
  }
  return object;
}

function forgeJsonValue(random: Random, field: Field, depth: number): unknown {
  if (random() < 0.05) return pick<unknown>(random, [null, {}, [], 1e300, -1, '\ud800', 'AAAA=A', true, 1.5]);
  const message = field.message();
  if (message) return depth < maxDepth ? forgeJson(random, message, depth + 1) : {};
  if (field.values)
    return random() < 0.8 ? pick(random, [...field.values.keys()]) : pick<unknown>(random, [77, 'NONE']);
  if (field.type === 'bytes') return forgeBytes(random).toString('base64');
  if (field.type === 'string') return forgeBytes(random).toString('latin1');
  if (field.type === 'bool') return random() < 0.5;
  return random() < 0.5 ? String(forgeInteger(random)) : Math.floor(100 * random());
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function tagged(number: number, wireType: number, value: Buffer): Buffer {
  return Buffer.concat([varint((BigInt(number) << 3n) | BigInt(wireType)), value]);
}

function delimited(number: number, value: Buffer): Buffer {
  return Buffer.concat([varint((BigInt(number) << 3n) | 2n), varint(BigInt(value.length)), value]);
}
