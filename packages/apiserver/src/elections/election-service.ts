/**
 * `flotilla.v1.Election`: etcd's election calls, implemented on the store. A candidate's key lies below its election's
 * prefix and hangs on a lease of the caller; the oldest candidate leads. Beside it the store keeps that the identity
 * campaigns, so that its writes without a fence are refused (see fence.ts).
 */
import { type EtcdClient, type KeyValue, type RangeResponse, prefixRange } from '@flotilla/etcd-client';
import {
  type CallContext,
  type Handlers,
  RpcError,
  StatusCode,
  type flotillaElectionService,
  fromId,
  toId,
  clampInteger,
  type v3electionpb,
} from '@flotilla/wire';
import type { Identify } from '../auth/user.ts';
import type { StoreWatch } from '../cache/store-watch.ts';
import { campaignKey, candidateKey, electionName, electionPrefix } from './keys.ts';
import { checkOwner, headerOf, limitsOf } from './lease-service.ts';
import { prefixChanges } from './prefix-changes.ts';
import { storeCall } from './store-call.ts';

interface Candidate {
  readonly identity: string;
  readonly name: string;
  readonly lease: bigint;
  readonly key: string;
}

export interface ElectionOptions {
  readonly client: EtcdClient;
  readonly storeWatch: StoreWatch;
  /** Who calls, if they may campaign. */
  readonly campaigner: Identify;
  /** Who calls, if they may know who leads. */
  readonly observer: Identify;
}

export function electionHandlers(options: ElectionOptions): Handlers<typeof flotillaElectionService> {
  const { client, storeWatch, campaigner, observer } = options;
  return {
    async Campaign(request, context) {
      const candidate = candidateOf(campaigner(context), request.name, toId(request.lease));
      await checkOwner(client, candidate.lease, candidate.identity, context);
      const createRevision = await enter(client, candidate, request.value, context);
      const elected = await awaitElection(options, candidate, createRevision, context);
      if (!elected) {
        // The caller went away while it waited: its candidacy must not come to lead for nobody.
        await withdraw(client, candidate, createRevision);
        throw new RpcError(StatusCode.CANCELLED, 'context canceled');
      }
      return {
        header: headerOf(elected.header),
        leader: { name: request.name, key: Buffer.from(candidate.key), rev: createRevision, lease: request.lease },
      };
    },

    async Proclaim(request, context) {
      const { candidate, createRevision } = leaderKeyOf(campaigner(context), request.leader);
      await checkOwner(client, candidate.lease, candidate.identity, context);
      const { header, succeeded } = await storeCall(() =>
        client.kv.txn(
          {
            compare: [{ key: candidate.key, target: 'createRevision', result: 'equal', operand: createRevision }],
            success: [{ type: 'put', key: candidate.key, value: request.value, lease: candidate.lease }],
          },
          limitsOf(context),
        ),
      );
      if (!succeeded) throw new RpcError(StatusCode.UNKNOWN, 'election: not leader');
      return { header: headerOf(header) };
    },

    async Leader(request, context) {
      observer(context);
      const found = await storeCall(() => oldest(client, electionName(request.name), context));
      const leader = found.kvs[0];
      if (!leader) throw new RpcError(StatusCode.UNKNOWN, 'election: no leader');
      return { header: headerOf(found.header), kv: wireKeyValue(leader) };
    },

    async *Observe(request, context) {
      observer(context);
      const name = electionName(request.name);
      let told = 0;
      for await (const _ of prefixChanges(storeWatch, electionPrefix(name), context.signal)) {
        const found = await storeCall(() => oldest(client, name, context));
        const leader = found.kvs[0];
        if (!leader || leader.modRevision === told) continue;
        told = leader.modRevision;
        yield { header: headerOf(found.header), kv: wireKeyValue(leader) };
      }
    },

    async Resign(request, context) {
      const { candidate, createRevision } = leaderKeyOf(campaigner(context), request.leader);
      await checkOwner(client, candidate.lease, candidate.identity, context);
      const header = await storeCall(() => withdraw(client, candidate, createRevision));
      return { header: headerOf(header) };
    },
  };
}

function candidateOf(identity: string, nameBytes: Uint8Array, lease: bigint): Candidate {
  const name = electionName(nameBytes);
  return { identity, name, lease, key: candidateKey(name, lease) };
}

/** @throws RpcError INVALID_ARGUMENT for a key that is not the candidate's own. */
function leaderKeyOf(
  identity: string,
  leader: v3electionpb.ILeaderKey | null | undefined,
): { candidate: Candidate; createRevision: number } {
  if (!leader) throw new RpcError(StatusCode.INVALID_ARGUMENT, '"leader" field must be provided');
  const candidate = candidateOf(identity, leader.name ?? new Uint8Array(), toId(leader.lease));
  if (Buffer.from(leader.key ?? '').toString() !== candidate.key) {
    throw new RpcError(StatusCode.INVALID_ARGUMENT, `flotilla: the leader's key must be ${candidate.key}`);
  }
  return { candidate, createRevision: clampInteger(leader.rev) };
}

/** Puts the candidate's key, or finds it there from an earlier call. @returns its create revision. */
async function enter(
  client: EtcdClient,
  candidate: Candidate,
  value: Uint8Array,
  context: CallContext,
): Promise<number> {
  const { key, lease, identity, name } = candidate;
  const { header, succeeded, responses } = await storeCall(() =>
    client.kv.txn(
      {
        compare: [{ key, target: 'createRevision', result: 'equal', operand: 0 }],
        success: [
          { type: 'put', key, value, lease },
          { type: 'put', key: campaignKey(identity, name, lease), lease },
        ],
        failure: [{ type: 'range', key }],
      },
      limitsOf(context),
    ),
  );
  if (succeeded) return header.revision;
  const existing = responses[0]?.type === 'range' ? responses[0].kvs[0] : undefined;
  if (!existing) throw new RpcError(StatusCode.UNAVAILABLE, 'flotilla: the candidacy ended meanwhile; campaign again');
  if (!Buffer.from(existing.value).equals(value))
    await storeCall(() => client.kv.put({ key, value, lease }, limitsOf(context)));
  return existing.createRevision;
}

/** The answer that showed the candidate to be the oldest, or undefined when the caller went away first. */
async function awaitElection(
  { client, storeWatch }: ElectionOptions,
  { name, key }: Candidate,
  createRevision: number,
  context: CallContext,
): Promise<RangeResponse | undefined> {
  for await (const _ of prefixChanges(storeWatch, electionPrefix(name), context.signal)) {
    const found = await storeCall(() =>
      client.kv.range({ ...prefixRange(electionPrefix(name)), sortTarget: 'create', sortOrder: 'ascend' }),
    );
    const own = found.kvs.find((kv) => Buffer.from(kv.key).toString() === key);
    if (own?.createRevision !== createRevision) {
      throw new RpcError(StatusCode.FAILED_PRECONDITION, 'election: session expired');
    }
    if (found.kvs[0] === own) return found;
  }
  return undefined;
}

async function withdraw(
  client: EtcdClient,
  { key, identity, name, lease }: Candidate,
  createRevision: number,
): Promise<RangeResponse['header']> {
  const { header } = await client.kv.txn({
    compare: [{ key, target: 'createRevision', result: 'equal', operand: createRevision }],
    success: [
      { type: 'deleteRange', key },
      { type: 'deleteRange', key: campaignKey(identity, name, lease) },
    ],
  });
  return header;
}

function oldest(client: EtcdClient, name: string, context: CallContext): Promise<RangeResponse> {
  return client.kv.range(
    { ...prefixRange(electionPrefix(name)), sortTarget: 'create', sortOrder: 'ascend', limit: 1 },
    limitsOf(context),
  );
}

function wireKeyValue(kv: KeyValue): NonNullable<v3electionpb.ILeaderResponse['kv']> {
  return {
    key: kv.key,
    value: kv.value,
    create_revision: kv.createRevision,
    mod_revision: kv.modRevision,
    version: kv.version,
    lease: fromId(kv.lease),
  };
}
