/**
 * The one transaction of a write: if the object is still at the version that the write was computed from, and every
 * guard holds, then change it; else read what is there and why.
 */
import { codeOf } from '@flotilla/base';
import type {
  CallLimits,
  Compare,
  EtcdClient,
  KeyValue,
  Operation,
  OperationResponse,
  TxnRequest,
} from '@flotilla/etcd-client';
import type { Guard } from './guard.ts';

export interface Write {
  readonly key: string;
  /** The mod revision that the object must still have; 0: it must not exist; undefined: the guards alone decide. */
  readonly expected: number | undefined;
  readonly guards: readonly Guard[];
  /** Empty for a write that changes nothing: the guards must hold all the same. */
  readonly operations: readonly Operation[];
}

export type Outcome =
  | { readonly type: 'done'; readonly revision: number }
  /** The object is another than expected, or a guard asks to compute anew. */
  | { readonly type: 'stale'; readonly current: KeyValue | undefined };

/** Attempts when the store leaves open whether a transaction happened. */
const attemptsMax = 5;

/**
 * A transaction of unknown outcome is sent again: its compare lets it happen once at most, and when it fails because the
 * first one did happen, the object is what this write made of it.
 * @throws ApiError when a guard refuses the write; OperatingError when the store could not be asked.
 */
export async function commit(client: EtcdClient, write: Write, limits: CallLimits = {}): Promise<Outcome> {
  const request = transactionOf(write);
  for (let attempt = 1; ; attempt++) {
    try {
      const { header, succeeded, responses } = await client.kv.txn(request, limits);
      if (succeeded) return { type: 'done', revision: header.revision };
      const [object, ...found] = responses.map(keyValuesOf);
      const current = object?.[0];
      if (attempt > 1 && isMadeBy(write, current))
        return { type: 'done', revision: current?.modRevision ?? header.revision };
      judge(write.guards, found);
      return { type: 'stale', current };
    } catch (error) {
      if (codeOf(error) !== 'ETCD_UNKNOWN_OUTCOME' || attempt === attemptsMax || limits.signal?.aborted === true)
        throw error;
    }
  }
}

function transactionOf({ key, expected, guards, operations }: Write): TxnRequest {
  const compare: Compare[] = guards.flatMap(({ compares }) => compares);
  if (expected !== undefined) compare.push({ key, target: 'modRevision', result: 'equal', operand: expected });
  const probes = guards.flatMap((guard) => guard.probes);
  return {
    compare,
    success: operations,
    failure: [{ type: 'range', key }, ...probes.map((probe) => ({ type: 'range' as const, ...probe }))],
  };
}

/** Whether the object is what the write's own operation on its key leaves behind. */
function isMadeBy({ key, operations }: Write, current: KeyValue | undefined): boolean {
  const own = operations.find((operation) => operation.type !== 'txn' && operation.key === key);
  if (own?.type === 'deleteRange') return current === undefined;
  if (own?.type !== 'put' || !current) return false;
  return Buffer.from(current.value).equals(Buffer.from(own.value ?? ''));
}

function judge(guards: readonly Guard[], found: readonly (readonly KeyValue[])[]): void {
  let at = 0;
  for (const guard of guards) {
    guard.verdict(found.slice(at, at + guard.probes.length));
    at += guard.probes.length;
  }
}

function keyValuesOf(response: OperationResponse): readonly KeyValue[] {
  return response.type === 'range' ? response.kvs : [];
}
