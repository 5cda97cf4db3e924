/** Operations of a transaction, in short words. */
import type { etcdserverpb } from '@flotilla/wire';
import { bytes, number } from './client.ts';
import type { Setting } from './rules.ts';

export type Compare = etcdserverpb.Compare.$Properties;
export type Op = etcdserverpb.RequestOp.$Properties;

export const put = (key: Uint8Array, value = ''): Op => ({ request_put: { key, value: bytes(value) } });
export const get = (key: Uint8Array, range_end?: Uint8Array): Op => ({
  request_range: { key, range_end: range_end ?? null },
});
export const del = (key: Uint8Array, range_end?: Uint8Array): Op => ({
  request_delete_range: { key, range_end: range_end ?? null },
});
export const txn = (request: etcdserverpb.TxnRequest.$Properties): Op => ({ request_txn: request });

/** The newest revision. */
export async function revisionOf({ client, key }: Setting): Promise<number> {
  return number((await client.kv.Range({ key: key() })).header?.revision);
}
