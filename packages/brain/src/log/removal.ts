/**
 * A member that was removed from its cluster never comes back: a file in its data directory says so. That the file is there is
 * what counts; its text is for whoever looks for the reason.
 */
import { join } from 'node:path';
import { OperatingError } from '@flotilla/base';
import type { Files } from './files.ts';
import { idText } from './refusal.ts';

const fileName = 'removed';

/** Why a removed member stops, or does not start. */
export function removedError(directory: string, memberId: bigint): OperatingError {
  return new OperatingError(
    'MEMBER_REMOVED',
    `the member ${idText(memberId)} has been permanently removed from the cluster: its data directory ${directory} is of no ` +
      'more use. To come back, move it away and add a new member',
  );
}

/** Writes it down, durably; after a lack of room it may be done again. */
export async function recordRemoval(files: Files, directory: string, memberId: bigint): Promise<void> {
  if (!(await isRemoved(files, directory))) {
    const file = await files.open(join(directory, fileName), 'create');
    const bytes = Buffer.from(`member ${idText(memberId)} has been permanently removed from the cluster\n`);
    try {
      await file.write([{ position: 0, bytes }]);
    } finally {
      await file.close();
    }
  }
  await files.syncDirectory(directory);
}

/** @throws OperatingError `MEMBER_REMOVED` */
export async function refuseRemoved(files: Files, directory: string, memberId: bigint): Promise<void> {
  if (await isRemoved(files, directory)) throw removedError(directory, memberId);
}

async function isRemoved(files: Files, directory: string): Promise<boolean> {
  return (await files.list(directory)).includes(fileName);
}
