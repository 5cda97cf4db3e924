/** The etcd v3 client: endpoints and failover, safe retries, watch resume, lease keep-alive. */
export { type EtcdClient, type EtcdClientOptions, createEtcdClient } from './client.ts';
export { CompactedError } from './errors.ts';
export { allKeys, fromKeyEnd, prefixEnd, prefixRange } from './key-range.ts';
export type {
  BytesLike,
  CallLimits,
  CompactRequest,
  CompactResponse,
  Compare,
  CompareResult,
  DeleteRangeRequest,
  DeleteRangeResponse,
  KeyRange,
  KeyValue,
  Kv,
  Operation,
  OperationResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  ResponseHeader,
  SortOrder,
  SortTarget,
  TxnRequest,
  TxnResponse,
} from './kv-shapes.ts';
export type {
  KeepAliveOptions,
  Lease,
  LeaseGrant,
  LeaseKeeper,
  LeaseLoss,
  LeaseRenewal,
  LeaseTimeToLive,
} from './lease-shapes.ts';
export { type Cluster, type Maintenance, type Member, type MemberStatus } from './maintenance-shapes.ts';
export { ordersProgress } from './progress-support.ts';
export type { Watch, WatchBatch, WatchEvent, WatchOptions } from './watch-shapes.ts';
