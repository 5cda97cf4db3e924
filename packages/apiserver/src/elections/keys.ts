/**
 * Where elections live in the store. All three kinds of key hang on the lease, so they vanish together with it.
 *
 * | key                                              | value    | says                                |
 * | ------------------------------------------------ | -------- | ----------------------------------- |
 * | `/flotilla/leases/<lease>`                       | identity | who granted the lease               |
 * | `/flotilla/elections/<name>/<lease>`             | proposal | a candidate; the oldest one leads   |
 * | `/flotilla/campaigns/<identity>/<name>/<lease>`  | empty    | which elections an identity is in   |
 */
import { RpcError, StatusCode } from '@flotilla/wire';

const electionsPrefix = '/flotilla/elections/';

const namePattern = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;

/** A lease id as etcd's election keys write it. */
export function leaseHex(lease: bigint): string {
  return BigInt.asUintN(64, lease).toString(16);
}

/** @throws RpcError INVALID_ARGUMENT for a name that could reach beyond its own directory. */
export function electionName(bytes: Uint8Array): string {
  const name = Buffer.from(bytes).toString();
  if (namePattern.test(name)) return name;
  throw new RpcError(
    StatusCode.INVALID_ARGUMENT,
    `flotilla: an election's name consists of letters, digits, '-', '_' and '.', not ${JSON.stringify(name)}`,
  );
}

export function electionPrefix(name: string): string {
  return `${electionsPrefix}${name}/`;
}

export function candidateKey(name: string, lease: bigint): string {
  return electionPrefix(name) + leaseHex(lease);
}

export function leaseOwnerKey(lease: string): string {
  return `/flotilla/leases/${lease}`;
}

/** Identities are free text: the separator must not appear in them. */
export function campaignsPrefix(identity: string): string {
  return `/flotilla/campaigns/${encodeURIComponent(identity)}/`;
}

export function campaignKey(identity: string, name: string, lease: bigint): string {
  return `${campaignsPrefix(identity)}${name}/${leaseHex(lease)}`;
}

/** The parts of a candidate's key, or undefined for any other key. */
export function parseCandidateKey(key: string): { readonly name: string; readonly lease: string } | undefined {
  const match = /^\/flotilla\/elections\/([^/]+)\/([0-9a-f]+)$/.exec(key);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { name: match[1], lease: match[2] };
}
