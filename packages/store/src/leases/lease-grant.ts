/**
 * Completes a grant before it is proposed: what a server chooses must be in the entry, so that every member
 * applies the same.
 */
import { type Randomness, assert } from '@flotilla/base';
import { clampInteger, etcdserverpb, fromId, toId } from '@flotilla/wire';

/**
 * The shortest TTL a server grants, seconds: one and a half election timeouts, rounded up.
 * @param heartbeatMs length of a tick.
 */
export function minLeaseTtlSeconds(options: { electionTicks: number; heartbeatMs: number }): number {
  return Math.ceil((Math.floor((3 * options.electionTicks) / 2) * options.heartbeatMs) / 1000);
}

/** Raises a TTL below the minimum and draws a positive 63-bit id where the client left it to the server. */
export function completeLeaseGrant(
  request: etcdserverpb.LeaseGrantRequest.$Properties,
  options: { minTtlSeconds: number; randomness: Randomness; isTaken(id: bigint): boolean },
): etcdserverpb.LeaseGrantRequest.$Properties {
  assert(options.minTtlSeconds >= 1, 'a lease lives for at least a second');
  let id = toId(request.ID);
  while (id === 0n || (toId(request.ID) === 0n && options.isTaken(id))) id = drawId(options.randomness);
  return { TTL: Math.max(options.minTtlSeconds, clampInteger(request.TTL)), ID: fromId(id) };
}

function drawId(randomness: Randomness): bigint {
  return Buffer.from(randomness.bytes(8)).readBigUInt64BE() & 0x7fff_ffff_ffff_ffffn;
}
