/** IPv4 ranges such as 127.10.0.0/16, as whole numbers: `[first, first + size)`. */

export interface AddressRange {
  readonly first: number;
  readonly size: number;
}

/** What is wrong with the text, or the range. */
export function parseRange(text: string): AddressRange | string {
  const [address = '', prefix = ''] = text.split('/');
  const parts = address.split('.').map(Number);
  const bits = Number(prefix);
  const isAddress = parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255);
  if (!isAddress || !Number.isInteger(bits) || bits < 8 || bits > 30) return `"${text}" is not an address range`;
  const first = parts.reduce((number, part) => number * 256 + part, 0);
  const size = 2 ** (32 - bits);
  if (first % size !== 0) return `begins inside the range: write ${addressText(first - (first % size))}/${bits}`;
  return { first, size };
}

export function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.first < b.first + b.size && b.first < a.first + a.size;
}
