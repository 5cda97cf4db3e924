/**
 * Makes the data directory of a new cluster's member from a snapshot file, as `etcdctl snapshot save` or the Snapshot call
 * wrote it. Every member of the new cluster is made from the same file, with the flags that it will be started with.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type Logger, OperatingError, messageOf, systemClock } from '@flotilla/base';
import { type RestoredState, openState, restoreState } from '@flotilla/store';
import { openDataDirectory } from './log/data-directory.ts';
import { createSystemFiles } from './log/system-files.ts';
import type { BrainSettings } from './options.ts';

const hashBytes = 32;
const sectorBytes = 512;
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
  const contentBytes = await checkFile(file);
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
      const content = createReadStream(file, { end: contentBytes - 1 });
      restored = await restoreState({ ...identity, directory: place.directory, bumpRevisionBy }, content);
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

/** The length without the hash at the end, which has to match. */
async function checkFile(file: string): Promise<number> {
  const size = await sizeOf(file);
  const contentBytes = size - hashBytes;
  if (contentBytes <= 0 || contentBytes % sectorBytes !== 0)
    throw damaged(file, 'its length is not that of a snapshot');
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { end: contentBytes - 1 })) hash.update(chunk as Buffer);
  const expected: Buffer[] = [];
  for await (const chunk of createReadStream(file, { start: contentBytes })) expected.push(chunk as Buffer);
  if (!hash.digest().equals(Buffer.concat(expected))) throw damaged(file, 'it does not match its checksum');
  return contentBytes;
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw new OperatingError('SNAPSHOT_DAMAGED', `${file} can't be read: ${messageOf(error)}`, { cause: error });
  }
}

function damaged(file: string, reason: string): OperatingError {
  return new OperatingError('SNAPSHOT_DAMAGED', `${file} is refused: ${reason}. Save the snapshot again`);
}
