/** A range of IPv4 addresses in CIDR notation, its usable addresses counted from 0. */
import { isIPv4 } from 'node:net';
import { OperatingError } from '@flotilla/base';

export interface AddressRange {
  readonly cidr: string;
  /** Usable addresses: without the network's own and the last one. */
  readonly size: number;
  at(index: number): string;
  contains(address: string): boolean;
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** @throws OperatingError `INVALID_ADDRESS_RANGE`. */
export function addressRange(cidr: string): AddressRange {
  const [address = '', bits = ''] = cidr.split('/');
  const prefixLength = Number(bits);
  if (!isIPv4(address) || !/^\d+$/.test(bits) || prefixLength < 8 || prefixLength > 30) {
    throw new OperatingError(
      'INVALID_ADDRESS_RANGE',
      `"${cidr}" is no IPv4 range from /8 to /30, such as 10.96.0.0/12`,
    );
  }
  const all = 2 ** (32 - prefixLength);
  const base = Math.floor(toNumber(address) / all) * all;
  return {
    cidr,
    size: all - 2,
    at: (index) => toAddress(base + 1 + index),
    contains: (candidate) => {
      if (!isIPv4(candidate)) return false;
      const offset = toNumber(candidate) - base;
      return offset > 0 && offset < all - 1;
    },
  };
}
