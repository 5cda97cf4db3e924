/**
 * Makes the state of a new cluster's member from a snapshot of another cluster. Who the old members were is left out;
 * everything else, the revision and the position in the log included, goes on from where the snapshot stood.
 */
import { join } from 'node:path';
import { findGeneration, generationName, recordGeneration } from './generations.ts';
import { openLevelDatabase } from './level-database.ts';
import { RowLedger } from './row-ledger.ts';
import { type RowName, nameOf, openRow } from './rows.ts';
import { SnapshotReader, snapshotDamaged } from './snapshot-stream.ts';
import type { RowChange } from './state-database.ts';
import { openStateDirectory } from './state-directory.ts';
import { type EntryPosition, type OpenStateOptions, firstRows } from './state-files.ts';

type RestoreOptions = Pick<OpenStateOptions, 'directory' | 'memberId' | 'clusterId' | 'openDatabase' | 'openDirectory'>;

/** What the restored state is as of. */
export interface RestoredState extends EntryPosition {
  readonly revision: number;
  readonly rowCount: number;
}

/**
 * @param chunks a snapshot as `exportSnapshot` gives it; anything may follow it.
 * @throws OperatingError `SNAPSHOT_DAMAGED` or `STATE_DAMAGED`, and then what was written is no state.
 */
export async function restoreState(options: RestoreOptions, chunks: AsyncIterable<Uint8Array>): Promise<RestoredState> {
  const { directory: path, memberId, clusterId } = options;
  const directory = (options.openDirectory ?? openStateDirectory)(path);
  const current = await findGeneration(directory);
  if (current?.state === 'ready') throw snapshotDamaged(`${path} holds a state already`);
  await recordGeneration(directory, { number: 1, state: 'creating' });
  const place = { directory: join(path, generationName(1)), createIfMissing: true };
  const database = await (options.openDatabase ?? openLevelDatabase)(place);
  const reader = new SnapshotReader({ isPadded: true });
  const ledger = new RowLedger();
  try {
    // The rows are views into the chunk, which is the caller's.
    for await (const chunk of chunks)
      await database.batch(keptRows(reader.read(chunk.slice()), ledger), { sync: false });
    const head = { ...reader.finish(), ...ledger.totals };
    await database.batch(firstRows({ memberId, clusterId }, head), { sync: true });
    await database.close();
    await recordGeneration(directory, { number: 1, state: 'ready' });
    const { index, term, revision, rowCount } = head;
    return { index, term, revision, rowCount };
  } catch (error) {
    await database.close();
    throw error;
  }
}

const membershipRows: ReadonlySet<string> = new Set<RowName['type']>(['member', 'removedMember', 'config']);

function keptRows(rows: readonly RowChange[], ledger: RowLedger): RowChange[] {
  const kept: RowChange[] = [];
  for (const { key, value } of rows) {
    if (value && !membershipRows.has(nameOf(key).type)) kept.push(ledger.put(key, openRow(key, value).content));
  }
  return kept;
}
