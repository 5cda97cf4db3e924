/**
 * Decoders of the requests that most entries are: puts, and txns of compares and puts. They know what clients send
 * (fields in the order of their numbers, each once at most) and take it apart several times faster than the generated
 * code. At anything else they give up and the generated decoder takes the whole request, so that what is applied
 * never depends on which of the two it was.
 *
 * Keys and values are views into the bytes.
 */
import { etcdserverpb, fromId } from '@flotilla/wire';
import { RequestReader } from './request-reader.ts';

type PutRequest = etcdserverpb.PutRequest.$Properties;
type TxnRequest = etcdserverpb.TxnRequest.$Properties;
type RequestOp = etcdserverpb.RequestOp.$Properties;
type Compare = etcdserverpb.Compare.$Properties;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const putTags = { key: 0x0a, value: 0x12, lease: 0x18, prevKv: 0x20, ignoreValue: 0x28, ignoreLease: 0x30 } as const;
const txnTags = { compare: 0x0a, success: 0x12, failure: 0x1a } as const;
const opTags = { range: 0x0a, put: 0x12, deleteRange: 0x1a, txn: 0x22 } as const;
const compareTags = {
  result: 0x08,
  target: 0x10,
  key: 0x1a,
  version: 0x20,
  createRevision: 0x28,
  modRevision: 0x30,
  value: 0x3a,
} as const;

export function decodePut(bytes: Uint8Array): PutRequest {
  const reader = new RequestReader(bytes);
  const request = readPut(reader, bytes.length);
  return reader.isOdd ? etcdserverpb.PutRequest.decode(bytes) : request;
}

export function decodeTxn(bytes: Uint8Array): TxnRequest {
  const reader = new RequestReader(bytes);
  const request = readTxn(reader, bytes.length);
  return reader.isOdd ? etcdserverpb.TxnRequest.decode(bytes) : request;
}

function readPut(reader: RequestReader, end: number): PutRequest {
  const put: Mutable<PutRequest> = {
    key: null,
    value: null,
    lease: null,
    prev_kv: null,
    ignore_value: null,
    ignore_lease: null,
  };
  for (let tag = reader.tag(0, end); tag !== 0; tag = reader.tag(tag, end)) {
    switch (tag) {
      case putTags.key:
        put.key = reader.bytesField(end);
        break;
      case putTags.value:
        put.value = reader.bytesField(end);
        break;
      case putTags.lease:
        put.lease = fromId(reader.id(end));
        break;
      case putTags.prevKv:
        put.prev_kv = reader.flag(end);
        break;
      case putTags.ignoreValue:
        put.ignore_value = reader.flag(end);
        break;
      case putTags.ignoreLease:
        put.ignore_lease = reader.flag(end);
        break;
      default:
        reader.isOdd = true;
    }
  }
  return put;
}

function readTxn(reader: RequestReader, end: number): TxnRequest {
  const compare: Compare[] = [];
  const success: RequestOp[] = [];
  const failure: RequestOp[] = [];
  // The lists come one after the other; a tag may follow itself.
  for (let tag = reader.tag(0, end); tag !== 0; tag = reader.tag(tag - 1, end)) {
    const fieldEnd = reader.fieldEnd(end);
    if (tag === txnTags.compare) compare.push(readCompare(reader, fieldEnd));
    else if (tag === txnTags.success) success.push(readOp(reader, fieldEnd));
    else if (tag === txnTags.failure) failure.push(readOp(reader, fieldEnd));
    else reader.isOdd = true;
  }
  return { compare, success, failure };
}

function readOp(reader: RequestReader, end: number): RequestOp {
  const op: Mutable<RequestOp> = {
    request_put: null,
    request_range: null,
    request_delete_range: null,
    request_txn: null,
  };
  const tag = reader.tag(0, end);
  const fieldEnd = reader.fieldEnd(end);
  // An operation with two faces is decided by the generated decoder, and so is one without any.
  if (fieldEnd !== end) reader.isOdd = true;
  if (reader.isOdd) return op;
  if (tag === opTags.put) op.request_put = readPut(reader, end);
  else if (tag === opTags.range) op.request_range = etcdserverpb.RangeRequest.decode(reader.rest(end));
  else if (tag === opTags.deleteRange)
    op.request_delete_range = etcdserverpb.DeleteRangeRequest.decode(reader.rest(end));
  else if (tag === opTags.txn) op.request_txn = readTxn(reader, end);
  else reader.isOdd = true;
  return op;
}

function readCompare(reader: RequestReader, end: number): Compare {
  const compare: Mutable<Compare> = { result: null, target: null, key: null };
  for (let tag = reader.tag(0, end); tag !== 0; tag = reader.tag(tag, end)) {
    switch (tag) {
      case compareTags.result:
        compare.result = reader.number(end);
        break;
      case compareTags.target:
        compare.target = reader.number(end);
        break;
      case compareTags.key:
        compare.key = reader.bytesField(end);
        break;
      case compareTags.version:
        compare.version = reader.number(end);
        break;
      case compareTags.createRevision:
        compare.create_revision = reader.number(end);
        break;
      case compareTags.modRevision:
        compare.mod_revision = reader.number(end);
        break;
      case compareTags.value:
        compare.value = reader.bytesField(end);
        break;
      default:
        reader.isOdd = true;
    }
  }
  return compare;
}
