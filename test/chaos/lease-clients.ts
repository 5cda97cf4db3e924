/** Clients that keep leases, and know until when these were promised. */
import { leaseName, rangeRequest } from '@flotilla/simulator';
import type { TestClient } from '@flotilla/brain/test/cluster';
import { RpcError, clampInteger, fromId } from '@flotilla/wire';
import { attempt, callTimeoutMs, insistently } from './attempts.ts';
import { call } from './calls.ts';
import type { Work } from './key-clients.ts';
import type { Memory, Tenancy } from './memory.ts';
import { pause } from './pause.ts';

const leaseTtlSeconds = 2;

/** Takes a lease for a key, renews it for a while, then lets it go; again and again. */
export async function keepLeases(work: Work, worker: number): Promise<void> {
  const { memory, callers, isOver, stopped } = work;
  const any = (): TestClient => callers.any().client;
  for (let i = 0; !isOver(); i++) {
    const id = BigInt(worker * 100_000 + i + 1);
    const lease = id.toString(16);
    const grantedMs = performance.now();
    memory.leases.set(lease, grantedMs);
    const grant = await attempt(() =>
      any().lease.LeaseGrant({ ID: fromId(id), TTL: leaseTtlSeconds }, { timeoutMs: callTimeoutMs }),
    );
    if (!grant || leaseName(grant.ID) !== lease) continue;
    const tenancy: Tenancy = {
      lease,
      key: `lease/${lease}`,
      promisedUntilMs: grantedMs + leaseTtlSeconds * 1000,
      goneMs: undefined,
    };
    if (!(await moveIn(any(), { memory, tenancy, client: 100 + worker }))) continue;
    for (let renewals = i % 4; renewals > 0; renewals--) {
      await pause(leaseTtlSeconds * 300);
      const sentMs = performance.now();
      const ttlSeconds = await attempt(() => keepAlive(any(), id));
      if (ttlSeconds === 0) break;
      if (ttlSeconds !== undefined) {
        tenancy.promisedUntilMs = Math.max(tenancy.promisedUntilMs, sentMs + ttlSeconds * 1000);
      }
    }
    while (await isThere(any, tenancy.key, stopped)) await pause(50);
    tenancy.goneMs = Math.min(tenancy.goneMs ?? Infinity, performance.now());
  }
}

/** Puts the key of a lease; false when nobody knows whether it is there. */
async function moveIn(
  member: TestClient,
  { memory, tenancy, client }: { readonly memory: Memory; readonly tenancy: Tenancy; readonly client: number },
): Promise<boolean> {
  const input = { kind: 'put', key: tenancy.key, value: tenancy.key, lease: tenancy.lease } as const;
  const calledAt = performance.now();
  // Whether or not the answer comes: a watch may show the key go from now on.
  memory.tenancies.push(tenancy);
  try {
    const output = await call(member, input);
    memory.operations.push({ client, input, calledAt, result: { at: performance.now(), output } });
    return true;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    memory.tenancies.splice(memory.tenancies.indexOf(tenancy), 1);
    const nothingHappened = error.message.includes('requested lease not found');
    if (!nothingHappened) memory.operations.push({ client, input, calledAt, result: undefined });
    return false;
  }
}

async function isThere(any: () => TestClient, key: string, stopped: AbortSignal): Promise<boolean> {
  const request = rangeRequest({ key, end: undefined });
  return (await insistently(() => any().kv.Range(request, { timeoutMs: callTimeoutMs }), stopped)).kvs.length > 0;
}

async function keepAlive({ lease }: TestClient, id: bigint): Promise<number | undefined> {
  const request = { ID: fromId(id) };
  async function* once(): AsyncGenerator<typeof request, void> {
    yield await Promise.resolve(request);
  }
  for await (const answer of lease.LeaseKeepAlive(once(), { timeoutMs: callTimeoutMs }))
    return clampInteger(answer.TTL);
  return undefined;
}
