/**
 * Makes the data directory of a new cluster's member from a snapshot file, as `etcdctl snapshot save` or the Snapshot call
 * wrote it. Every member of the new cluster is made from the same file, with the flags that it will be started with.
 */
import { type Logger, OperatingError, systemClock } from '@flotilla/base';
import { type RestoredState, openState, restoreState } from '@flotilla/store';
import { initialMembershipOf } from './cluster/membership.ts';
import { openDataDirectory } from './log/data-directory.ts';
import { createSystemFiles } from './log/system-files.ts';
import type { BrainSettings } from './options.ts';
import { checkSnapshotFile, snapshotContent } from './snapshot-file.ts';

const systemFiles = createSystemFiles();

export interface RestoreMemberOptions {
  /** The snapshot. */
  readonly file: string;
  readonly logger: Logger;
  /** Raises the revision by so much and compacts up to there, for the sake of watchers; 0 unless told. */
  readonly bumpRevisionBy?: number;
}

/** @throws OperatingError when the file is no whole snapshot, or the data directory is not empty. */
export async function restoreMember(
  settings: BrainSettings,
  { file, logger, bumpRevisionBy = 0 }: RestoreMemberOptions,
): Promise<RestoredState> {
  const { dataDir: directory, membership } = settings;
  const contentBytes = await checkSnapshotFile(file);
  await refusePopulated(directory);
  const identity = { clusterId: membership.clusterId, memberId: membership.self.id };
  const fail = (error: unknown): never => {
    throw error;
  };
  let restored: RestoredState | undefined;
  const { log, state } = await openDataDirectory({
    files: systemFiles,
    directory,
    identity,
    clock: systemClock,
    logger,
    onFailure: fail,
    async openState(place) {
      const content = snapshotContent(file, contentBytes);
      const initialMembership = initialMembershipOf(settings.membership);
      const options = { ...identity, directory: place.directory, initialMembership, bumpRevisionBy };
      restored = await restoreState(options, content);
      return openState({ ...identity, directory: place.directory, clock: systemClock, onFailure: fail });
    },
  });
  if (!restored) throw new Error('a new data directory was opened without a state');
  const { index, term } = restored;
  await log.append({ hardState: { term, vote: 0n, commit: 0 } });
  await log.restart({ index, term });
  await state.state.close();
  await log.close();
  return restored;
}

async function refusePopulated(directory: string): Promise<void> {
  await systemFiles.makeDirectory(directory);
  if ((await systemFiles.list(directory)).length === 0) return;
  throw new OperatingError('DATA_DIRECTORY', `the data directory ${directory} is not empty. Give another --data-dir`);
}
