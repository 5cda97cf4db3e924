/** Encodes header blocks that touch no dynamic table: every field is a literal or an entry of the static table. */
import { staticTable } from './static-table.ts';

/** Fields in order; values hold a character a byte. */
export function encodeHeaderBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => encodeField(name, value)));
}

/** Says that the dynamic table is empty from now on; due before the next block after a peer made its table smaller. */
export const emptyTable = 0x20;

function encodeField(name: string, value: string): Buffer {
  const whole = staticTable.findIndex((entry) => entry.name === name && entry.value === value && value !== '');
  if (whole >= 0) return Buffer.of(0x80 | (whole + 1));
  const named = staticTable.findIndex((entry) => entry.name === name);
  const start = named >= 0 ? encodeInteger(named + 1, 4) : Buffer.concat([Buffer.of(0), encodeString(name)]);
  return Buffer.concat([start, encodeString(value)]);
}

function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([encodeInteger(bytes.length, 7), bytes]);
}

function encodeInteger(value: number, prefixBits: number): Buffer {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return Buffer.of(value);
  const bytes = [mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
