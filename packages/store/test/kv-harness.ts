/** Short words for requests, stores that have seen some, and answers in a form that is easily compared. */
import type { etcdserverpb } from '@flotilla/wire';
import { type Store, createStore } from '@flotilla/store';
import { execute } from './server.ts';

export type RangeRequest = etcdserverpb.RangeRequest.$Properties;
export type RequestOp = etcdserverpb.RequestOp.$Properties;

export const b = (text: string): Uint8Array => Buffer.from(text, 'latin1');
export const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('latin1');
export const all = { key: b('\0'), range_end: b('\0') };

export const put = (key: string, value = '', more: etcdserverpb.PutRequest.$Properties = {}): RequestOp => ({
  request_put: { key: b(key), value: b(value), ...more },
});
export const remove = (key: string, rangeEnd = ''): RequestOp => ({
  request_delete_range: { key: b(key), range_end: b(rangeEnd) },
});
export const get = (key: string, more: RangeRequest = {}): RequestOp => ({ request_range: { key: b(key), ...more } });
export const nested = (success: RequestOp[], failure: RequestOp[] = []): RequestOp => ({
  request_txn: { success, failure },
});

/** A store to which the operations were applied, each an entry of its own. */
export function storeWith(...ops: RequestOp[]): Store {
  const store = createStore();
  for (const op of ops) {
    if (op.request_put) execute(store, { type: 'put', request: op.request_put });
    if (op.request_delete_range) execute(store, { type: 'deleteRange', request: op.request_delete_range });
  }
  return store;
}

export function rangeOf(
  store: Store,
  request: RangeRequest,
): string | { keys: string; count: etcdserverpb.RangeResponse['count']; more: boolean } {
  const outcome = execute(store, { type: 'range', request });
  if (!outcome.ok) return outcome.error.code;
  const { kvs, count, more } = outcome.response as etcdserverpb.RangeResponse;
  return { keys: (kvs ?? []).map(({ key }) => text(key)).join(' '), count, more };
}

export function txnOf(store: Store, request: etcdserverpb.TxnRequest.$Properties) {
  const outcome = execute(store, { type: 'txn', request });
  return outcome.ok
    ? { revision: outcome.revision, response: outcome.response as etcdserverpb.TxnResponse.$Properties }
    : outcome.error.code;
}

export const compact = (store: Store, revision: number) => {
  const outcome = execute(store, { type: 'compact', request: { revision } });
  return outcome.ok ? outcome.revision : outcome.error.code;
};
