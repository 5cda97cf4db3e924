/**
 * What callers give to and get from the key-value calls: plain objects, no wire types. Keys and values are
 * bytes; a string stands for its UTF-8 bytes wherever bytes are accepted. Revisions, counts and versions are
 * safe integers, lease ids bigint. Bytes in answers are views into the received message: copy what is kept long.
 */

/** Bytes, or a string for its UTF-8 bytes. */
export type BytesLike = Uint8Array | string;

/** Limits of one call. */
export interface CallLimits {
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole call with all its attempts; the client's `timeoutMs` unless told. */
  readonly timeoutMs?: number;
}

/** Where and when an answer was made. */
export interface ResponseHeader {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  /** The store's revision when the answer was made. */
  readonly revision: number;
  readonly raftTerm: number;
}

export interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  /** Changes since creation, from 1. */
  readonly version: number;
  /** 0n: none. */
  readonly lease: bigint;
}

/** One key, or the half-open range `[key, rangeEnd)`; see `prefixEnd` and `fromKeyEnd`. */
export interface KeyRange {
  readonly key: BytesLike;
  readonly rangeEnd?: BytesLike;
}

export type SortOrder = 'none' | 'ascend' | 'descend';
export type SortTarget = 'key' | 'version' | 'create' | 'mod' | 'value';

export interface RangeRequest extends KeyRange {
  /** Most keys to return; 0 or absent: all. */
  readonly limit?: number;
  /** Read the store as it was at this revision; 0 or absent: now. */
  readonly revision?: number;
  /** Answer from the asked member's own state, possibly stale, without a round of the quorum. */
  readonly serializable?: boolean;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly sortOrder?: SortOrder;
  readonly sortTarget?: SortTarget;
  readonly minModRevision?: number;
  readonly maxModRevision?: number;
  readonly minCreateRevision?: number;
  readonly maxCreateRevision?: number;
}

export interface RangeResponse {
  readonly header: ResponseHeader;
  readonly kvs: readonly KeyValue[];
  /** Whether the limit cut the answer. */
  readonly more: boolean;
  /** Keys in the range, whatever the limit. */
  readonly count: number;
}

export interface PutRequest {
  readonly key: BytesLike;
  readonly value?: BytesLike;
  /** The lease the key hangs on; 0n or absent: none. */
  readonly lease?: bigint;
  /** Return what the key held before. */
  readonly prevKv?: boolean;
  /** Keep the present value; the key must exist. */
  readonly ignoreValue?: boolean;
  /** Keep the present lease; the key must exist. */
  readonly ignoreLease?: boolean;
}

export interface PutResponse {
  readonly header: ResponseHeader;
  readonly prevKv: KeyValue | undefined;
}

export interface DeleteRangeRequest extends KeyRange {
  readonly prevKv?: boolean;
}

export interface DeleteRangeResponse {
  readonly header: ResponseHeader;
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
}

export type CompareResult = 'equal' | 'notEqual' | 'greater' | 'less';

/** A condition of a transaction; with `rangeEnd` it must hold for every key of the range. */
export type Compare = KeyRange & { readonly result: CompareResult } & (
    | { readonly target: 'version' | 'createRevision' | 'modRevision'; readonly operand: number }
    | { readonly target: 'value'; readonly operand: BytesLike }
    | { readonly target: 'lease'; readonly operand: bigint }
  );

export type Operation =
  | ({ readonly type: 'range' } & RangeRequest)
  | ({ readonly type: 'put' } & PutRequest)
  | ({ readonly type: 'deleteRange' } & DeleteRangeRequest)
  | ({ readonly type: 'txn' } & TxnRequest);

export interface TxnRequest {
  /** All must hold for `success` to run; none: it always runs. */
  readonly compare?: readonly Compare[];
  readonly success?: readonly Operation[];
  readonly failure?: readonly Operation[];
}

/** Answers of a transaction's operations; their headers carry only the revision. */
export type OperationResponse =
  | ({ readonly type: 'range' } & RangeResponse)
  | ({ readonly type: 'put' } & PutResponse)
  | ({ readonly type: 'deleteRange' } & DeleteRangeResponse)
  | ({ readonly type: 'txn' } & TxnResponse);

export interface TxnResponse {
  readonly header: ResponseHeader;
  /** Whether the compares held. */
  readonly succeeded: boolean;
  readonly responses: readonly OperationResponse[];
}

export interface CompactRequest {
  /** Versions superseded below this revision are dropped. */
  readonly revision: number;
  /** Answer only when the space was given back. */
  readonly physical?: boolean;
}

export interface CompactResponse {
  readonly header: ResponseHeader;
}

export interface Kv {
  range(request: RangeRequest, limits?: CallLimits): Promise<RangeResponse>;
  put(request: PutRequest, limits?: CallLimits): Promise<PutResponse>;
  deleteRange(request: DeleteRangeRequest, limits?: CallLimits): Promise<DeleteRangeResponse>;
  txn(request: TxnRequest, limits?: CallLimits): Promise<TxnResponse>;
  compact(request: CompactRequest, limits?: CallLimits): Promise<CompactResponse>;
}
