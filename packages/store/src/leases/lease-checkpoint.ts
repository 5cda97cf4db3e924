/**
 * The body of a lease checkpoint: what many leases have left, as their leader knew it, so that the next leader goes on from
 * there and not from the whole TTL.
 *
 *   offset 0  u64   the term of the leader: in another term the entry does nothing, because the leader of that one may have
 *                   renewed what this one found fallen
 *          8  i64   lease id         } of each
 *         16  u64   time left, ms    } lease
 *
 * Numbers are big-endian.
 */
import { assert } from '@flotilla/base';
import { readUint64, writeUint64 } from '../bytes.ts';

export interface LeaseRemainder {
  readonly id: bigint;
  /** Of the lease's time; the whole TTL takes an earlier checkpoint back. */
  readonly remainingMs: number;
}

export interface LeaseCheckpoint {
  readonly term: number;
  readonly leases: readonly LeaseRemainder[];
}

const termBytes = 8;
const leaseBytes = 16;

/** The most leases of one entry: 16 KiB. */
export const maxCheckpointLeases = 1024;

export function encodeLeaseCheckpoint({ term, leases }: LeaseCheckpoint): Uint8Array {
  assert(leases.length <= maxCheckpointLeases, 'too many leases for one checkpoint');
  const body = Buffer.alloc(termBytes + leases.length * leaseBytes);
  writeUint64(body, 0, term);
  for (const [i, { id, remainingMs }] of leases.entries()) {
    const at = termBytes + i * leaseBytes;
    body.writeBigInt64BE(id, at);
    writeUint64(body, at + 8, remainingMs);
  }
  return body;
}

export function decodeLeaseCheckpoint(body: Uint8Array): LeaseCheckpoint {
  assert(body.length >= termBytes && (body.length - termBytes) % leaseBytes === 0, 'a lease checkpoint is cut off');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const leases: LeaseRemainder[] = [];
  for (let at = termBytes; at < body.length; at += leaseBytes) {
    leases.push({ id: view.getBigInt64(at), remainingMs: readUint64(body, at + 8) });
  }
  return { term: readUint64(body, 0), leases };
}
