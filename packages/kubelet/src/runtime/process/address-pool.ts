/**
 * The node's addresses for pods. An address is never handed out while a sandbox holds it, and the search goes on after the last
 * one handed out (the cursor is on disk), so that a proxy with an old view finds nobody rather than a stranger.
 */
import { OperatingError, assert } from '@flotilla/base';
import { isRecord, readJson, writeJson } from '../../durable-file.ts';

export interface AddressRange {
  /** First address, as a number; network and broadcast addresses are left out of ranges larger than a /31. */
  readonly first: number;
  readonly count: number;
}

export interface AddressPool {
  /** @throws OperatingError `ADDRESSES_EXHAUSTED` */
  allocate(): string;
  /** Marks an address as held, at start. One outside the range is allowed: the range may have changed. */
  hold(address: string): void;
  release(address: string): void;
}

/**
 * Reads `127.20.1.0/24`.
 * @throws OperatingError `INVALID_POD_CIDR`
 */
export function parseCidr(cidr: string): AddressRange {
  const [address = '', lengthText = ''] = cidr.split('/');
  const prefixLength = Number(lengthText);
  const base = addressToNumber(address);
  if (base === undefined || !/^\d{1,2}$/.test(lengthText) || prefixLength > 32) {
    throw new OperatingError('INVALID_POD_CIDR', `"${cidr}" is no IPv4 range; write it like 127.20.1.0/24`);
  }
  const size = 2 ** (32 - prefixLength);
  const network = base - (base % size);
  return size > 2 ? { first: network + 1, count: size - 2 } : { first: network, count: size };
}

export function openAddressPool({ range, path }: { readonly range: AddressRange; readonly path: string }): AddressPool {
  const held = new Set<string>();
  let cursor = readJson(path, isCursor)?.next ?? 0;
  return {
    allocate() {
      for (let tried = 0; tried < range.count; tried++) {
        const address = numberToAddress(range.first + ((cursor + tried) % range.count));
        if (held.has(address)) continue;
        cursor = (cursor + tried + 1) % range.count;
        writeJson(path, { next: cursor });
        held.add(address);
        return address;
      }
      throw new OperatingError(
        'ADDRESSES_EXHAUSTED',
        `all ${range.count} pod addresses of the node are in use; give it a larger pod CIDR`,
      );
    },
    hold(address) {
      held.add(address);
    },
    release(address) {
      assert(held.delete(address), `address ${address} is released by its holder`);
    },
  };
}

function isCursor(value: unknown): value is { readonly next: number } {
  return isRecord(value) && Number.isSafeInteger(value['next']);
}

function addressToNumber(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

function numberToAddress(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
}
