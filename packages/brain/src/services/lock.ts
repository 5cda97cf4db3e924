/** `v3lockpb.Lock`: a lock is held by the oldest key under its name, for as long as the lease of that key lives. */
import { type CallContext, type Handlers, clampInteger, fromId, type lockService, toId } from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import {
  createdAt,
  keyOf,
  oldest,
  prefixOf,
  sessionLease,
  unknownError,
  waitForOlder,
  withoutStatus,
} from './contenders.ts';
import type { KeyValue, LocalClient, LocalClientOf } from './local-client.ts';
import { requireLeader } from './require-leader.ts';
import type { ResponseHeader } from './response-header.ts';

interface Held {
  readonly header: ResponseHeader;
  readonly key: Uint8Array;
}

export function lockHandlers(member: Member, clientOf: LocalClientOf): Handlers<typeof lockService> {
  return {
    async Lock({ name, lease }, context) {
      requireLeader(member, context);
      const client = clientOf(context);
      return await withoutStatus(async () => {
        const session = await sessionLease(client, toId(lease));
        return await lock(client, { name, session }, context);
      });
    },
    async Unlock({ key }, context) {
      requireLeader(member, context);
      const client = clientOf(context);
      return await withoutStatus(async () => ({ header: await client.delete(key) }));
    },
  };
}

async function lock(
  client: LocalClient,
  { name, session }: { readonly name: Uint8Array; readonly session: bigint },
  { signal }: CallContext,
): Promise<Held> {
  const prefix = prefixOf(name);
  const key = keyOf(prefix, session);
  const owner = { request_range: oldest(prefix) };
  const { header, response } = await client.txn({
    compare: [createdAt(key, 0)],
    success: [{ request_put: { key, lease: fromId(session) } }, owner],
    failure: [{ request_range: { key } }, owner],
  });
  const [own, first] = response.responses ?? [];
  const createRevision = response.succeeded
    ? clampInteger(header.revision)
    : createRevisionOf(own?.response_range?.kvs?.[0]);
  if (createRevisionOf(first?.response_range?.kvs?.[0]) === createRevision) return { header, key };
  try {
    await waitForOlder(client, { prefix, createRevision }, signal);
  } catch (error) {
    // Nobody will hear of a lock that is taken later. What remains if this fails goes with its lease.
    await client.delete(key).catch(() => undefined);
    throw error;
  }
  // The lease may have ended while this waited, and with it the key.
  const held = await client.range({ key });
  if (held.response.kvs?.length !== 1) throw unknownError('mutex: session is expired');
  return { header: held.header, key };
}

function createRevisionOf(kv: KeyValue | undefined): number {
  return clampInteger(kv?.create_revision);
}
