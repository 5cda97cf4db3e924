/** Requests to compare an etcd by, and what its answers have in common with ours: all but the cluster's own ids. */
import { type ServiceClient, RpcError, etcdserverpb, type kvService, type leaseService } from '@flotilla/wire';
import { plain } from '@flotilla/wire/test/plain';
import { toRpcError } from '@flotilla/store';
import { Model } from './model.ts';
import type { Operation } from './operations.ts';
import { type AnyOutcome, asClientSees, checkOperation } from './server.ts';

export type Clients = ServiceClient<typeof kvService> & ServiceClient<typeof leaseService>;

function call(clients: Clients, { type, request }: Operation): Promise<object> {
  switch (type) {
    case 'put':
      return clients.Put(request);
    case 'deleteRange':
      return clients.DeleteRange(request);
    case 'range':
      return clients.Range(request);
    case 'txn':
      return clients.Txn(request);
    case 'compact':
      return clients.Compact(request);
    case 'leaseGrant':
      return clients.LeaseGrant(request);
    case 'leaseRevoke':
      return clients.LeaseRevoke(request);
  }
}

/** What an endpoint answers, as plain data; of an error its code and text. */
export async function answerOf(clients: Clients, asked: Operation): Promise<unknown> {
  try {
    return plain(await call(clients, asked));
  } catch (error) {
    if (error instanceof RpcError) return { status: error.status, message: error.message };
    throw error;
  }
}

/** The same of an outcome that crossed no wire. */
export function ourAnswer(asked: Operation, outcome: AnyOutcome): unknown {
  if (outcome.ok) return asClientSees(asked, outcome);
  const { status, message } = toRpcError(outcome.error.code);
  return { status, message };
}

/**
 * What an etcd of that release must answer, given all requests in turn and what we do. Of a txn with two faults those before
 * 3.7 tell another one: the one that the model finds which checks in their order.
 */
export function expectedOf(level: string): (asked: Operation, ours: unknown) => unknown {
  if (level >= '3.7') return (_, ours) => ours;
  const model = new Model('puts first');
  return (asked, ours) => {
    if (checkOperation(asked)) return ours;
    const outcome = model.execute(asked);
    const isRefusal = typeof ours === 'object' && ours !== null && 'status' in ours;
    return isRefusal && asked.type === 'txn' && !outcome.ok ? ourAnswer(asked, outcome) : ours;
  };
}

/** Without what may differ: the cluster's ids, and the order of ties under a sort. */
export function comparable(asked: Operation, answer: unknown): unknown {
  const sorts = rangesOf(asked).some(({ sort_target }) => (sort_target ?? 0) !== 0);
  return sorts ? withoutOrder(withoutIds(answer)) : withoutIds(answer);
}

export function withoutIds(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer), (name, value: unknown) =>
    name === 'header' && typeof value === 'object' && value !== null
      ? { revision: (value as Record<string, unknown>)['revision'] }
      : value,
  ) as unknown;
}

/** Every simple operation in a txn, nested ones too. */
function opsOf(txn: etcdserverpb.TxnRequest.$Properties): etcdserverpb.RequestOp.$Properties[] {
  return [...(txn.success ?? []), ...(txn.failure ?? [])].flatMap((op) =>
    op.request_txn ? opsOf(op.request_txn) : [op],
  );
}

function rangesOf(asked: Operation): etcdserverpb.RangeRequest.$Properties[] {
  if (asked.type === 'range') return [asked.request];
  if (asked.type !== 'txn') return [];
  return opsOf(asked.request).flatMap((op) => op.request_range ?? []);
}

/**
 * Makes requests whose answer has one form: no limit among ties of a sort, no keys_only where it shows the lease, no order
 * that there is not where it is not refused.
 */
export function withOneAnswer(asked: Operation, level: string): Operation {
  for (const range of rangesOf(asked)) {
    if (level < '3.7') Object.assign(range, { keys_only: false, ...withKnownOrder(range) });
    if ((range.sort_target ?? 0) !== 0) range.limit = 0;
  }
  const ops = asked.type === 'txn' ? opsOf(asked.request) : [];
  // A put that keeps the value of a key that the same txn deleted crashes an etcd; we refuse it.
  if (ops.some((op) => op.request_delete_range)) {
    for (const { request_put: put } of ops) if (put) Object.assign(put, { ignore_value: false, ignore_lease: false });
  }
  return asked;
}

function withKnownOrder(range: etcdserverpb.RangeRequest.$Properties): object {
  const { SortOrder, SortTarget } = etcdserverpb.RangeRequest;
  const isKnown = SortOrder[range.sort_order ?? 0] !== undefined && SortTarget[range.sort_target ?? 0] !== undefined;
  return isKnown ? {} : { sort_order: 0, sort_target: 0 };
}

/** Sorts the answers of ranges under a sort, so that ties may stand in any order. */
function withoutOrder(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer), (name, value: unknown) =>
    name === 'kvs' && Array.isArray(value)
      ? (value as unknown[]).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : value,
  ) as unknown;
}
