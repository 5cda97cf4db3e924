/**
 * Makes the state of a new cluster's member from a snapshot of another cluster. Who the old members were is left out;
 * everything else, the revision and the position in the log included, goes on from where the snapshot stood.
 */
import { join } from 'node:path';
import { OperatingError } from '@flotilla/base';
import { findGeneration, generationName, recordGeneration } from './generations.ts';
import { openDiskDatabase } from './disk-database.ts';
import { initialMembershipRows } from './membership-rows.ts';
import { RowLedger } from './row-ledger.ts';
import { type Head, type RowName, nameOf, openRow } from './rows.ts';
import { SnapshotReader, snapshotDamaged } from './snapshot-stream.ts';
import type { RowChange } from './state-database.ts';
import { openStateDirectory } from './state-directory.ts';
import { type EntryPosition, type OpenStateOptions, firstRows } from './state-files.ts';

export interface RestoreOptions extends Pick<
  OpenStateOptions,
  'directory' | 'memberId' | 'clusterId' | 'initialMembership' | 'openDatabase' | 'openDirectory'
> {
  /**
   * Raises the revision by so much and compacts everything up to there, so that whoever knew a later revision than the
   * snapshot's never sees one twice, and whoever watches from one learns that it must read anew; 0 unless told.
   */
  readonly bumpRevisionBy?: number;
}

/** What the restored state is as of. */
export interface RestoredState extends EntryPosition {
  readonly revision: number;
  readonly rowCount: number;
}

/**
 * @param options.bumpRevisionBy at least 0.
 * @param chunks a snapshot as `exportSnapshot` gives it; anything may follow it.
 * @throws OperatingError `SNAPSHOT_DAMAGED`, `STATE_DAMAGED`, or `REVISION_TOO_LARGE` for a bump beyond the safe integers; and then
 *   what was written is no state.
 */
export async function restoreState(options: RestoreOptions, chunks: AsyncIterable<Uint8Array>): Promise<RestoredState> {
  const { directory: path, memberId, clusterId } = options;
  const directory = (options.openDirectory ?? openStateDirectory)(path);
  if ((await findGeneration(directory)) !== undefined) throw snapshotDamaged(`${path} holds a state already`);
  const place = { directory: join(path, generationName(1)), createIfMissing: true };
  const database = await (options.openDatabase ?? openDiskDatabase)(place);
  const reader = new SnapshotReader({ isPadded: true });
  const ledger = new RowLedger();
  try {
    // The rows are views into the chunk, which is the caller's.
    for await (const chunk of chunks)
      await database.batch(keptRows(reader.read(chunk.slice()), ledger), { sync: false });
    const members = initialMembershipRows(ledger, options.initialMembership);
    const head = { ...bumped(reader.finish(), options.bumpRevisionBy ?? 0), ...ledger.totals };
    await database.batch([...members, ...firstRows({ memberId, clusterId }, head)], { sync: true });
    await database.close();
    await recordGeneration(directory, 1);
    const { index, term, revision, rowCount } = head;
    return { index, term, revision, rowCount };
  } catch (error) {
    await database.close();
    throw error;
  }
}

const membershipRows: ReadonlySet<string> = new Set<RowName['type']>(['member', 'removedMember', 'config']);

function bumped(head: Head, by: number): Head {
  if (by === 0) return head;
  const revision = head.revision + by;
  if (Number.isSafeInteger(revision)) return { ...head, revision, compactRevision: revision };
  throw new OperatingError('REVISION_TOO_LARGE', `revision ${head.revision} can't be raised by ${by}: give less`);
}

function keptRows(rows: readonly RowChange[], ledger: RowLedger): RowChange[] {
  const kept: RowChange[] = [];
  for (const { key, value } of rows) {
    if (value && !membershipRows.has(nameOf(key).type)) kept.push(ledger.put(key, openRow(key, value).content));
  }
  return kept;
}
