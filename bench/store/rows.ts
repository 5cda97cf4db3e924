/** The rows of unary calls: what is sent, and how much at once. */
import { keyAt, keyPrefix, keySpace } from './key-rotation.ts';
import { paths, putExistingFrame, putFrame, rangeFrame } from './messages.ts';
import { valueOf } from './preload.ts';
import type { UnaryRow } from './generator.ts';

const key = keyAt(0);
const value = valueOf(256);
const hundred = { connections: 10, inFlight: 10 } as const;
const put = {
  path: paths.put,
  frame: putFrame({ key, value }),
  keys: 'different',
  writes: true,
  keyCount: keySpace,
  valueBytes: 256,
} as const;
const range = {
  path: paths.range,
  frame: rangeFrame({ key }),
  keys: 'different',
  writes: false,
  keyCount: keySpace,
  valueBytes: 256,
} as const;

const puts: readonly UnaryRow[] = [
  { ...put, name: 'put 256 B, 1 in flight', connections: 1, inFlight: 1 },
  { ...put, name: 'put 256 B, 100 in flight', ...hundred },
  { ...put, name: 'put 256 B, 100 in flight, one hot key', ...hundred, keys: 'one' },
  { ...put, name: 'put 256 B, 1,000 in flight', connections: 100, inFlight: 10 },
  { ...put, name: 'put 4 KiB, 100 in flight', ...hundred, frame: putFrame({ key, value: valueOf(4_096) }) },
];

const txns: readonly UnaryRow[] = [
  {
    ...put,
    name: 'txn compare and put, 100 in flight',
    ...hundred,
    path: paths.txn,
    frame: putExistingFrame({ key, value }),
  },
];

const reads: readonly UnaryRow[] = [
  { ...range, name: 'linearizable range of one key, 100 in flight', ...hundred },
  { ...range, name: 'linearizable range of one hot key, 100 in flight', ...hundred, keys: 'one' },
  {
    ...range,
    name: 'serializable range of one key, 100 in flight',
    ...hundred,
    frame: rangeFrame({ key, serializable: true }),
  },
  {
    ...range,
    name: 'range of 1,000 keys of 256 B, 10 in flight',
    connections: 10,
    inFlight: 1,
    frame: rangeFrame({ key, rangeEnd: `${keyPrefix}001000` }),
    keys: 'one',
  },
];

/** By benchmark. */
export const unaryRows = { puts, txns, reads } as const;
