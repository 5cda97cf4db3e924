/** Headers and key-values from the wire. */
import { type etcdserverpb, type mvccpb, toId, toSafeInteger } from '@flotilla/wire';
import type { KeyValue, ResponseHeader } from './kv-shapes.ts';

export function headerOf(header: etcdserverpb.ResponseHeader.$Properties | null | undefined): ResponseHeader {
  return {
    clusterId: toId(header?.cluster_id),
    memberId: toId(header?.member_id),
    revision: toSafeInteger(header?.revision),
    raftTerm: toSafeInteger(header?.raft_term),
  };
}

const noBytes = new Uint8Array(0);

export function keyValueOf(kv: mvccpb.KeyValue.$Properties): KeyValue {
  return {
    key: kv.key ?? noBytes,
    value: kv.value ?? noBytes,
    createRevision: toSafeInteger(kv.create_revision),
    modRevision: toSafeInteger(kv.mod_revision),
    version: toSafeInteger(kv.version),
    lease: toId(kv.lease),
  };
}

export function optionalKeyValueOf(kv: mvccpb.KeyValue.$Properties | null | undefined): KeyValue | undefined {
  return kv ? keyValueOf(kv) : undefined;
}
