/** The header blocks of answers: encoded once where they are always the same. */
import { encodeHeaderBlock } from '../http2/header-writer.ts';
import type { Trailers } from '../status.ts';
import { RpcError, StatusCode } from '../status.ts';
import { messageOf } from '@flotilla/base';

type Field = readonly [name: string, value: string];

const contentType: Field = ['content-type', 'application/grpc'];
const acceptEncoding: Field = ['grpc-accept-encoding', 'identity,deflate,gzip'];

/** Before the first message. */
export const responseHead = encodeHeaderBlock([[':status', '200'], contentType]);
export const okTrailers = encodeHeaderBlock([['grpc-status', '0']]);
/** A call that ends well without a message. */
export const okAlone = encodeHeaderBlock([[':status', '200'], contentType, ['grpc-status', '0']]);

/** Clients refuse much larger blocks. */
const maxMessageChars = 4096;
const maxTrailersBytes = 8192;

/** A failure after the first message, or in place of any. */
export function failureBlock(error: RpcError, { alone }: { readonly alone: boolean }): Buffer {
  const start: Field[] = alone ? [[':status', '200'], contentType] : [];
  if (error.status === StatusCode.UNIMPLEMENTED) start.push(acceptEncoding);
  return encodeHeaderBlock([...start, ...statusFields(error), ...trailerFields(error.trailers)]);
}

/** The answer to what is no call. */
export function httpRefusal(httpStatus: number, error: RpcError): Buffer {
  return encodeHeaderBlock([[':status', String(httpStatus)], contentType, ...statusFields(error)]);
}

/** What a handler threw, as a status; anything but an RpcError is INTERNAL. */
export function toRpcError(error: unknown): RpcError {
  return error instanceof RpcError ? error : new RpcError(StatusCode.INTERNAL, messageOf(error), { cause: error });
}

function statusFields({ status, message }: RpcError): readonly Field[] {
  return [
    ['grpc-status', String(status)],
    ['grpc-message', percentEncode(message)],
  ];
}

function trailerFields(trailers: Trailers): readonly Field[] {
  const fields: Field[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(trailers)) {
    const text = typeof value === 'string' ? value : Buffer.from(value).toString('base64').replace(/=+$/, '');
    size += key.length + text.length;
    if (size > maxTrailersBytes) break;
    fields.push([key.toLowerCase(), text]);
  }
  return fields;
}

/** Printable ASCII but for `%` stays; every other byte of the UTF-8 text becomes `%XX`. */
function percentEncode(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    if (encoded.length >= maxMessageChars) break;
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
