/** Rebuilds the index from pages of history, fed in the order of revisions. */
import type { LeaseTable } from '../leases/lease-table.ts';
import { compactIndex } from './compaction.ts';
import type { KeyId } from './key-table.ts';
import { decodeKeyVersion } from './key-value.ts';
import type { Keyspace } from './keyspace.ts';
import { RecordCursor } from './page.ts';
import type { Revision } from './superseded.ts';

export interface KeyspaceRestore {
  addPage(name: Revision, records: Uint8Array): void;
  /** Attaches leases and drops what a compaction left in pages; returns a lease that a key names but that is not there. */
  finish(options: { leases: LeaseTable; compactRevision: number }): bigint | undefined;
}

export function restoreKeyspace(keyspace: Keyspace): KeyspaceRestore {
  /** Keys whose newest version so far has a lease. */
  const attached = new Map<KeyId, bigint>();
  return {
    addPage(name, records) {
      keyspace.history.adopt(name, records);
      const cursor = new RecordCursor(records);
      while (cursor.next()) restoreChange(keyspace, cursor, attached);
    },
    finish({ leases, compactRevision }) {
      for (const [id, leaseId] of attached) {
        const lease = leases.get(leaseId);
        if (!lease) return leaseId;
        keyspace.table.setLeaseSlot(id, lease.slot);
        lease.keyIds.add(id);
      }
      compactIndex(keyspace, compactRevision);
      return undefined;
    },
  };
}

function restoreChange(keyspace: Keyspace, record: RecordCursor, attached: Map<KeyId, bigint>): void {
  const decoded = decodeKeyVersion(record.version());
  const newest = { ...decoded, sub: record.sub, leaseSlot: 0 };
  let id = keyspace.find(decoded.key);
  if (id === undefined) id = keyspace.add(newest);
  else keyspace.supersede(id, newest);
  if (decoded.lease === 0n) attached.delete(id);
  else attached.set(id, decoded.lease);
}
