/** The same requests to a store and to a real etcd (3.4): every answer must be the same, field by field. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import {
  type ServiceClient,
  RpcError,
  connectService,
  etcdserverpb,
  kvService,
  leaseService,
  openChannel,
} from '@flotilla/wire';
import { createStore, toRpcError } from '@flotilla/store';
import { hasEtcd, startEtcd } from './etcd.ts';
import { type Operation, operation } from './operations.ts';
import { type AnyOutcome, asClientSees, execute, plain, responseTypes } from './server.ts';

const operationCount = 4000;

type Clients = ServiceClient<typeof kvService> & ServiceClient<typeof leaseService>;

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

async function answerOf(clients: Clients, asked: Operation): Promise<unknown> {
  try {
    return plain(responseTypes[asked.type], await call(clients, asked));
  } catch (error) {
    if (error instanceof RpcError) return { status: error.status, message: error.message };
    throw error;
  }
}

function ourAnswer(asked: Operation, outcome: AnyOutcome): unknown {
  if (outcome.ok) return asClientSees(asked, outcome);
  const { status, message } = toRpcError(outcome.error.code);
  return { status, message };
}

/** Without the cluster's ids, which are not ours to give. */
function comparable(answer: unknown): unknown {
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

/** Makes requests whose answer has one form: no limit among ties of a sort, no keys_only (3.7 hides the lease). */
function withOneAnswer(asked: Operation): Operation {
  for (const range of rangesOf(asked)) {
    range.keys_only = false;
    if ((range.sort_target ?? 0) !== 0) range.limit = 0;
  }
  const ops = asked.type === 'txn' ? opsOf(asked.request) : [];
  // A put that keeps the value of a key that the same txn deleted crashes an etcd; we refuse it.
  if (ops.some((op) => op.request_delete_range)) {
    for (const { request_put: put } of ops) if (put) Object.assign(put, { ignore_value: false, ignore_lease: false });
  }
  return asked;
}

/** Sorts the answers of ranges under a sort, so that ties may stand in any order. */
function withoutOrder(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer), (name, value: unknown) =>
    name === 'kvs' && Array.isArray(value)
      ? (value as unknown[]).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : value,
  ) as unknown;
}

t.test(
  'a store answers random requests as a real etcd does',
  { skip: hasEtcd ? false : 'there is no etcd' },
  async (t) => {
    const seed = Number(process.env['SEED'] ?? 20_261_120);
    const etcd = await startEtcd();
    const channel = openChannel({ target: etcd.target });
    t.teardown(async () => {
      channel.close();
      await etcd.stop();
    });
    const clients = { ...connectService(channel, kvService), ...connectService(channel, leaseService) };
    const store = createStore();
    let differing: unknown;
    for (const operationAt of fc.sample(operation, { seed, numRuns: operationCount })) {
      const asked = withOneAnswer(operationAt(store.revision));
      const normal = rangesOf(asked).some(({ sort_target }) => (sort_target ?? 0) !== 0) ? withoutOrder : comparable;
      const theirs = normal(comparable(await answerOf(clients, asked)));
      const ours = normal(comparable(ourAnswer(asked, execute(store, asked))));
      if (isDeepStrictEqual(ours, theirs)) continue;
      differing = { seed, asked: JSON.stringify(asked), ours, theirs };
      break;
    }
    t.same(differing, undefined, 'no answer differs');
  },
);
