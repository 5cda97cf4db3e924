/** `grpc-encoding` of requests. Answers are never compressed. */
import { kMaxLength } from 'node:buffer';
import { gunzipSync, inflateSync } from 'node:zlib';
import { codeOf } from '@flotilla/base';
import { RpcError, StatusCode } from '../status.ts';

export type Encoding = 'identity' | 'gzip' | 'deflate';

export function isEncoding(name: string): name is Encoding {
  return name === 'identity' || name === 'gzip' || name === 'deflate';
}

/** @throws RpcError. */
export function decompress(bytes: Buffer, encoding: Encoding, maxBytes: number): Buffer {
  if (encoding === 'identity') {
    throw new RpcError(StatusCode.INTERNAL, 'grpc: compressed flag set with identity or empty encoding');
  }
  try {
    const options = { maxOutputLength: Math.min(maxBytes, kMaxLength) };
    return encoding === 'gzip' ? gunzipSync(bytes, options) : inflateSync(bytes, options);
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') {
      const text = `grpc: received message after decompression larger than max ${maxBytes}`;
      throw new RpcError(StatusCode.RESOURCE_EXHAUSTED, text, { cause: error });
    }
    throw new RpcError(StatusCode.INTERNAL, 'grpc: failed to decompress the received message', { cause: error });
  }
}
