/** Reads a request's body, bounded. */
import type { IncomingMessage } from 'node:http';
import { messageOf } from '@flotilla/base';
import { badRequest, requestEntityTooLarge, unsupportedMediaType } from '@flotilla/api';
import { decodeProtobufBody, protobufType } from '../protobuf/decode.ts';

/** As in kube-apiserver. */
const bodyMaxBytes = 3 * 1024 * 1024;

/** @throws ApiError RequestEntityTooLarge; what is left of the body is then not read. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = (): Error => requestEntityTooLarge(`limit is ${bodyMaxBytes}`);
  if (Number(request.headers['content-length'] ?? 0) > bodyMaxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyMaxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * The JSON text of a body that holds an object, as JSON or in Kubernetes' protobuf. One without a content type is taken for
 * JSON. @throws ApiError UnsupportedMediaType, BadRequest.
 */
export async function readObject(contentType: string | undefined, read: () => Promise<Buffer>): Promise<string> {
  switch (contentType?.split(';')[0]?.trim() ?? '') {
    case '':
    case 'application/json':
      return (await read()).toString();
    case protobufType:
      return protobufText(await read());
    default:
      throw unsupportedMediaType(['application/json', protobufType]);
  }
}

function protobufText(body: Buffer): string {
  if (body.length === 0) return '';
  try {
    return JSON.stringify(decodeProtobufBody(body));
  } catch (error) {
    throw badRequest(`the protobuf body can't be read: ${messageOf(error)}`, error);
  }
}
