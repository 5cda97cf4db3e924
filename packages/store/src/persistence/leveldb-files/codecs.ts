/**
 * What LevelDB's files need to be understood: CRC-32C and Snappy. Loaded only when there are files, so that the start of a fresh
 * member does not pay for it.
 */
export interface Codecs {
  /** Whether these are the bytes that `masked` was made of. */
  matches(bytes: Uint8Array, masked: number): boolean;
  /** @throws Error when it was not compressed by Snappy */
  uncompress(compressed: Uint8Array): Uint8Array;
}

const mask = 0xa282ead8;

export async function loadCodecs(): Promise<Codecs> {
  const [{ default: crc32c }, { default: snappy }] = await Promise.all([
    import('crc-32/crc32c.js'),
    import('snappyjs'),
  ]);
  return {
    matches: (bytes, masked) => crc32c.buf(bytes) === unmasked(masked),
    uncompress: (compressed) => snappy.uncompress(compressed),
  };
}

/** LevelDB stores no checksum as it is: one over bytes that hold their own would be worth little. */
function unmasked(masked: number): number {
  const rotated = (masked - mask) | 0;
  return (rotated >>> 17) | (rotated << 15);
}
