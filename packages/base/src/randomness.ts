/**
 * Randomness as a parameter: the system's in production, a seeded generator wherever a run must be
 * replayed from one integer.
 */
import { randomBytes } from 'node:crypto';

export interface Randomness {
  /** Uniform in [0, 1). */
  next(): number;
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}

/** Cryptographically strong randomness of the machine. */
export const systemRandomness: Randomness = {
  next: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  bytes: (length) => randomBytes(length),
};

/** A deterministic generator (mulberry32): the same seed gives the same sequence on every machine. */
export function seededRandomness(seed: number): Randomness {
  let state = seed >>> 0;
  const uint32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    next: () => uint32() / 2 ** 32,
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i++) bytes[i] = uint32() & 0xff;
      return bytes;
    },
  };
}
