/** What gRPC puts before a message in the body: whether it is compressed, and its length. We never compress. */

export const messagePrefixBytes = 5;

export function writePrefix(bytes: Buffer, at: number, length: number): void {
  bytes[at] = 0;
  bytes[at + 1] = length >>> 24;
  bytes[at + 2] = length >>> 16;
  bytes[at + 3] = length >>> 8;
  bytes[at + 4] = length;
}
