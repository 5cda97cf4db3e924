/**
 * The bytes of the answers to what was applied. Most say nothing but their header, or say the same of many puts: that is
 * put together from bytes. The others are encoded by the generated code, behind the header.
 */
import { etcdserverpb } from '@flotilla/wire';
import { framedLength, writeFramed } from './framing.ts';
import type { EntryResponse } from './store.ts';

type ResponseOp = etcdserverpb.ResponseOp.$Properties;
type TxnResponse = etcdserverpb.TxnResponse.$Properties;

const headerTag = 0x0a;
const txnTags = { succeeded: 0x10, responses: 0x1a } as const;

/** Entries whose answers are encoded here. */
export type AnsweredType = 'put' | 'deleteRange' | 'txn';

/** @param header the bytes of the answer's `ResponseHeader`, which `response` lacks. */
export function encodeAnswer(type: AnsweredType, response: EntryResponse, header: Uint8Array): Uint8Array {
  switch (type) {
    case 'put': {
      const hasMore = (response as etcdserverpb.PutResponse.$Properties).prev_kv;
      return withHeader(header, hasMore ? etcdserverpb.PutResponse.encode(response).finish() : undefined);
    }
    case 'deleteRange':
      return withHeader(header, etcdserverpb.DeleteRangeResponse.encode(response).finish());
    case 'txn':
      return encodeTxn(response, header);
  }
}

/** A message that was encoded without its header, with it. */
export function withHeader(header: Uint8Array, rest: Uint8Array | undefined): Uint8Array {
  const bytes = Buffer.allocUnsafe(framedLength(header.length) + (rest?.length ?? 0));
  const at = writeFramed(bytes, 0, { tag: headerTag, content: header });
  if (rest) bytes.set(rest, at);
  return bytes;
}

function encodeTxn({ succeeded, responses }: TxnResponse, header: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = framedLength(header.length) + (succeeded === true ? 2 : 0);
  // The puts of a txn that ask for nothing share one response.
  let last: ResponseOp | undefined;
  let content: Uint8Array = header;
  for (const response of responses ?? []) {
    if (response !== last) content = etcdserverpb.ResponseOp.encode(response).finish();
    last = response;
    parts.push(content);
    length += framedLength(content.length);
  }
  const bytes = Buffer.allocUnsafe(length);
  let at = writeFramed(bytes, 0, { tag: headerTag, content: header });
  if (succeeded === true) {
    bytes[at++] = txnTags.succeeded;
    bytes[at++] = 1;
  }
  for (const part of parts) at = writeFramed(bytes, at, { tag: txnTags.responses, content: part });
  return bytes;
}
