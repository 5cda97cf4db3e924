/** `v3electionpb.Election`: the leader is whose key is the oldest under the election's name; its value is what it proclaims. */
import { toRpcError } from '@flotilla/store';
import {
  type CallContext,
  type Handlers,
  clampInteger,
  type electionService,
  fromId,
  mvccpb,
  toId,
  type v3electionpb,
} from '@flotilla/wire';
import type { Member } from '../member/member.ts';
import {
  createdAt,
  endOf,
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

type LeaderKey = v3electionpb.LeaderKey.$Properties;
type LeaderResponse = v3electionpb.LeaderResponse.$Properties;

const notLeader = 'election: not leader';

export function electionHandlers(member: Member, clientOf: LocalClientOf): Handlers<typeof electionService> {
  return {
    async Campaign({ name, lease, value }, context) {
      requireLeader(member, context);
      const client = clientOf(context);
      return await withoutStatus(async () => {
        const session = await sessionLease(client, toId(lease));
        return await campaign(client, { name, session, value }, context);
      });
    },
    async Proclaim({ leader, value }, context) {
      requireLeader(member, context);
      const client = clientOf(context);
      const held = leaderOf(leader);
      return await withoutStatus(async () => ({ header: await proclaim(client, held, value) }));
    },
    async Leader({ name }, context) {
      requireLeader(member, context);
      const client = clientOf(context);
      return await withoutStatus(async () => {
        const { header, response } = await client.range(oldest(prefixOf(name)));
        const kv = response.kvs?.[0];
        if (!kv) throw unknownError('election: no leader');
        return { header, kv };
      });
    },
    async *Observe({ name }, context) {
      requireLeader(member, context);
      const client = clientOf(context);
      yield* observe(client, prefixOf(name), context.signal);
    },
    async Resign({ leader }, context) {
      requireLeader(member, context);
      const client = clientOf(context);
      const held = leaderOf(leader);
      return await withoutStatus(async () => ({ header: await resign(client, held) }));
    },
  };
}

interface Leadership {
  readonly key: Uint8Array;
  readonly createRevision: number;
  readonly lease: bigint;
}

function leaderOf(leader: LeaderKey | null | undefined): Leadership {
  if (!leader) throw toRpcError('electionLeaderMissing');
  const { key, rev, lease } = leader;
  return { key: key ?? new Uint8Array(), createRevision: clampInteger(rev), lease: toId(lease) };
}

async function campaign(
  client: LocalClient,
  { name, session, value }: { readonly name: Uint8Array; readonly session: bigint; readonly value: Uint8Array },
  { signal }: CallContext,
): Promise<v3electionpb.CampaignResponse.$Properties> {
  const prefix = prefixOf(name);
  const key = keyOf(prefix, session);
  const { header, response } = await client.txn({
    compare: [createdAt(key, 0)],
    success: [{ request_put: { key, value, lease: fromId(session) } }],
    failure: [{ request_range: { key } }],
  });
  const own = response.succeeded === true ? undefined : response.responses?.[0]?.response_range?.kvs?.[0];
  const createRevision = clampInteger(own ? own.create_revision : header.revision);
  const leadership = { key, createRevision, lease: session };
  if (own && !Buffer.from(own.value ?? []).equals(value)) await proclaimOrResign(client, leadership, value);
  try {
    await waitForOlder(client, { prefix, createRevision }, signal);
  } catch (error) {
    // Who is no longer there must not be elected. What remains if this fails goes with its lease.
    if (signal.aborted) await resign(client, leadership).catch(() => undefined);
    throw error;
  }
  return { header, leader: { name, key, rev: createRevision, lease: fromId(session) } };
}

async function proclaimOrResign(client: LocalClient, leadership: Leadership, value: Uint8Array): Promise<void> {
  try {
    await proclaim(client, leadership, value);
  } catch (error) {
    await resign(client, leadership).catch(() => undefined);
    throw error;
  }
}

async function proclaim(client: LocalClient, leadership: Leadership, value: Uint8Array): Promise<ResponseHeader> {
  const { key, createRevision, lease } = leadership;
  const { header, response } = await client.txn({
    compare: [createdAt(key, createRevision)],
    success: [{ request_put: { key, value, lease: fromId(lease) } }],
  });
  if (response.succeeded !== true) throw unknownError(notLeader);
  return header;
}

/** Without effect for who does not lead. */
async function resign(client: LocalClient, { key, createRevision }: Leadership): Promise<ResponseHeader> {
  const { header } = await client.txn({
    compare: [createdAt(key, createRevision)],
    success: [{ request_delete_range: { key } }],
  });
  return header;
}

/** The leaders and what they proclaim, beginning with the one of now, or with the first that comes. */
async function* observe(
  client: LocalClient,
  prefix: Uint8Array,
  signal: AbortSignal,
): AsyncGenerator<LeaderResponse, void> {
  while (!signal.aborted) {
    const { header, response } = await client.range(oldest(prefix));
    const leader = response.kvs?.[0];
    const first = leader ? { header, kv: leader } : await firstPut(client, prefix, header, signal);
    if (!first) continue;
    yield first;
    yield* proclamations(client, first, signal);
  }
}

/** The first key that comes under the prefix; none when history is compacted meanwhile. */
async function firstPut(
  client: LocalClient,
  prefix: Uint8Array,
  { revision }: ResponseHeader,
  signal: AbortSignal,
): Promise<LeaderResponse | undefined> {
  const request = { key: prefix, range_end: endOf(prefix), start_revision: revision ?? null };
  for await (const { header, events } of client.watch(request, signal)) {
    const kv = events.find(isPut)?.kv;
    if (kv) return { header: { ...header, revision: kv.mod_revision ?? null }, kv };
  }
  return undefined;
}

/** What the leader writes from then on, until its key is deleted. */
async function* proclamations(
  client: LocalClient,
  { header, kv }: LeaderResponse,
  signal: AbortSignal,
): AsyncGenerator<LeaderResponse, void> {
  const request = { key: kv?.key ?? null, start_revision: clampInteger(header?.revision) + 1 };
  for await (const answer of client.watch(request, signal)) {
    for (const event of answer.events) {
      if (!isPut(event)) return;
      yield { header: answer.header, kv: event.kv ?? null };
    }
  }
}

function isPut({ type }: { readonly type?: number | null; readonly kv?: KeyValue | null }): boolean {
  return type !== mvccpb.Event.EventType.DELETE;
}
