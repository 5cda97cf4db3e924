/**
 * A hash over the stored rows, in a form that is equal on all members that hold the same revisions: record by record in the
 * order of changes, however they lie in pages, and without what the last compaction makes unreachable, whether or not a
 * member has dropped it already. It reads the disk, not memory, because it is there to find a disk that lies.
 */
import { crc32 } from 'node:zlib';
import { RecordCursor } from '../mvcc/page.ts';
import { type Outcome, refuse } from '../outcome.ts';
import type { StateMachine } from '../state-machine.ts';
import { isKept } from '../state-hash.ts';
import { decodeHead, headKey, nameOf, openRow, stateDamaged } from './rows.ts';
import type { StateDatabase, StateSnapshot } from './state-database.ts';

export interface StoredHash {
  /** Over the changes up to `revision`. */
  readonly revisions: number;
  /** Over those and all other rows: leases, members, alarms. */
  readonly everything: number;
  readonly revision: number;
  readonly compactRevision: number;
}

interface HashOptions {
  readonly machine: StateMachine;
  readonly database: StateDatabase;
  /** Resolves when the rows know of the machine's last compaction. */
  readonly settled: () => Promise<void>;
  readonly upTo: number;
}

/** A compaction that comes meanwhile changes what is to be skipped: then it begins anew. */
export async function hashStored({ machine, database, settled, upTo }: HashOptions): Promise<Outcome<StoredHash>> {
  for (;;) {
    await settled();
    const { compactRevision } = machine;
    if (upTo < compactRevision) return refuse('compacted');
    const snapshot = database.snapshot();
    try {
      const hash = await hashSnapshot(snapshot, { machine, upTo });
      if (hash && machine.compactRevision === compactRevision) {
        return { ok: true, response: hash, revision: machine.revision };
      }
    } finally {
      await snapshot.close();
    }
  }
}

/** Undefined when the rows know of another compaction than the machine. */
async function hashSnapshot(
  snapshot: StateSnapshot,
  { machine, upTo }: { readonly machine: StateMachine; readonly upTo: number },
): Promise<StoredHash | undefined> {
  const headRow = snapshot.get(headKey);
  if (!headRow) throw stateDamaged('the database lost its head');
  const { compactRevision } = decodeHead(openRow(headKey, headRow).content);
  if (compactRevision !== machine.compactRevision) return undefined;
  let revisions = 0;
  let rest = 0;
  for await (const { key, value } of snapshot.rows()) {
    if (machine.compactRevision !== compactRevision) return undefined;
    if (key.length === 1) continue;
    const { content } = openRow(key, value);
    if (nameOf(key).type === 'page') revisions = hashPage(machine, content, { seed: revisions, upTo });
    else rest = crc32(content, crc32(key, rest));
  }
  return { revisions, everything: crc32(Buffer.from(String(revisions)), rest), revision: upTo, compactRevision };
}

function hashPage(
  machine: StateMachine,
  records: Uint8Array,
  { seed, upTo }: { readonly seed: number; readonly upTo: number },
): number {
  let hash = seed;
  const cursor = new RecordCursor(records);
  while (cursor.next()) {
    if (cursor.main > upTo) break;
    if (cursor.main <= machine.compactRevision && !isKept(machine, cursor)) continue;
    hash = crc32(records.subarray(cursor.start, cursor.end), hash);
  }
  return hash;
}
