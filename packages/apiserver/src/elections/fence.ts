/**
 * Fences: the proof, checked inside the write's own transaction, that the writer still leads.
 *
 * The rule. A write with a fence happens only if, at that revision of the store,
 *   1. the fence's key exists with the fence's create revision,
 *   2. no candidate of that election is older, so the key is the leader's, and
 *   3. the key's lease was granted by the writer's own identity.
 * A write without a fence happens only if its identity stands in no election (no key below its campaigns prefix).
 * Both are compares, so they hold on every API server, and also when the write would change nothing.
 */
import { type GroupResource, badRequest, forbidden, leaderFenced } from '@flotilla/api';
import { type KeyValue, prefixRange } from '@flotilla/etcd-client';
import type { Guard } from '../store/guard.ts';
import { campaignsPrefix, electionPrefix, leaseOwnerKey, parseCandidateKey } from './keys.ts';

/** What a leader's write carries. */
export interface Fence {
  readonly key: string;
  readonly createRevision: number;
}

/** What is written, for the text of a refusal. */
export interface FencedWrite {
  readonly resource: GroupResource;
  readonly name: string;
}

/** @throws ApiError BadRequest when the fence's key is no candidate's key. */
export function fenceGuard(identity: string, fence: Fence | undefined, write: FencedWrite): Guard {
  return fence ? leads(identity, fence, write) : campaignsNowhere(identity, write);
}

function leads(identity: string, { key, createRevision }: Fence, { resource, name }: FencedWrite): Guard {
  const candidate = parseCandidateKey(key);
  if (!candidate) throw badRequest(`the fence's key ${JSON.stringify(key)} is not the key of a candidate`);
  const ownerKey = leaseOwnerKey(candidate.lease);
  const candidates = prefixRange(electionPrefix(candidate.name));
  return {
    compares: [
      { key, target: 'createRevision', result: 'equal', operand: createRevision },
      { ...candidates, target: 'createRevision', result: 'greater', operand: createRevision - 1 },
      { key: ownerKey, target: 'value', result: 'equal', operand: identity },
    ],
    probes: [{ ...candidates, sortTarget: 'create', sortOrder: 'ascend', limit: 1 }, { key: ownerKey }],
    verdict([candidatesFound, ownerFound]) {
      const leader = candidatesFound?.[0];
      const holds = leader?.createRevision === createRevision && textOf(leader.key) === key;
      if (holds && textOf(ownerFound?.[0]?.value) === identity) return 'held';
      throw leaderFenced(resource, name, candidate.name);
    },
  };
}

function campaignsNowhere(identity: string, { resource, name }: FencedWrite): Guard {
  const campaigns = prefixRange(campaignsPrefix(identity));
  return {
    compares: [{ ...campaigns, target: 'createRevision', result: 'equal', operand: 0 }],
    probes: [{ ...campaigns, limit: 1, keysOnly: true }],
    verdict([found]) {
      const campaign: KeyValue | undefined = found?.[0];
      if (!campaign) return 'held';
      const election = textOf(campaign.key).slice(campaignsPrefix(identity).length).split('/')[0] ?? '';
      const detail = `User ${JSON.stringify(identity)} stands in the election ${JSON.stringify(election)}: its writes must carry a fence`;
      throw forbidden(resource, name, detail);
    },
  };
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes ? Buffer.from(bytes).toString() : '';
}
