/** `crc-32` has types for the other polynomial only. */
declare module 'crc-32/crc32c.js' {
  const crc32c: {
    /** The checksum as a signed number. */
    buf(bytes: Uint8Array): number;
  };
  export default crc32c;
}
