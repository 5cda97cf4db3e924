/**
 * Rebuilds the index from pages of history, fed in the order of revisions. Versions are copied as they are, without a
 * look at their values, and keys are sorted once, at the end.
 */
import type { LeaseTable } from '../leases/lease-table.ts';
import { compactIndex } from './compaction.ts';
import type { KeyId } from './key-table.ts';
import { VersionHead } from './key-value.ts';
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
  const head = new VersionHead();
  return {
    addPage(name, records) {
      const cursor = new RecordCursor(records);
      let recordCount = 0;
      while (cursor.next()) {
        recordCount++;
        head.read(records, cursor.versionStart, cursor.end);
        restoreChange(keyspace, { record: cursor, records, head, attached });
      }
      keyspace.history.adopt(name, { lastMain: cursor.main, recordCount, length: records.length });
    },
    finish({ leases, compactRevision }) {
      keyspace.restored();
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

interface Change {
  readonly record: RecordCursor;
  readonly records: Uint8Array;
  readonly head: VersionHead;
  readonly attached: Map<KeyId, bigint>;
}

function restoreChange(keyspace: Keyspace, { record, records, head, attached }: Change): void {
  const { keyStart, keyLength, createRevision, modRevision, version, lease } = head;
  const id = keyspace.restore(records.subarray(keyStart, keyStart + keyLength), {
    bytes: records,
    start: record.versionStart,
    end: record.end,
    keyLength,
    createRevision,
    modRevision,
    version,
    sub: record.sub,
    leaseSlot: 0,
  });
  if (lease !== 0n) attached.set(id, lease);
  else if (attached.size > 0) attached.delete(id);
}
