/** What a snapshot holds, without making a state of it. */
import { crc32 } from '@flotilla/base';
import { RecordCursor } from './mvcc/page.ts';
import { nameOf, openRow } from './persistence/rows.ts';
import { SnapshotReader } from './persistence/snapshot-stream.ts';

export interface SnapshotSummary {
  readonly revision: number;
  /** Changes of keys that are not compacted away, and everything else that has a row: leases, users, alarms, members. */
  readonly keyCount: number;
  /** Of keys and values of all rows, in their order: equal for snapshots of the same state. */
  readonly hash: number;
}

/**
 * @param chunks a snapshot as `exportSnapshot` gives it; anything may follow it.
 * @throws OperatingError `SNAPSHOT_DAMAGED`, `STATE_DAMAGED`
 */
export async function summarizeSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<SnapshotSummary> {
  const reader = new SnapshotReader({ isPadded: true });
  let keyCount = 0;
  let hash = 0;
  for await (const chunk of chunks) {
    for (const { key, value } of reader.read(chunk.slice())) {
      if (!value) continue;
      hash = crc32(value, crc32(key, hash));
      keyCount += nameOf(key).type === 'page' ? changesIn(openRow(key, value).content) : 1;
    }
  }
  return { revision: reader.finish().revision, keyCount, hash };
}

function changesIn(page: Uint8Array): number {
  const cursor = new RecordCursor(page);
  let count = 0;
  while (cursor.next()) count++;
  return count;
}
