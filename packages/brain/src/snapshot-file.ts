/**
 * A snapshot file, as `etcdctl snapshot save` or the Snapshot call wrote it: the state, zeros up to a multiple of 512 bytes, and
 * the SHA-256 of all that.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { OperatingError, messageOf } from '@flotilla/base';
import { type SnapshotSummary, summarizeSnapshot } from '@flotilla/store';

const hashBytes = 32;
const sectorBytes = 512;

export interface SnapshotFileStatus extends SnapshotSummary {
  /** Without the hash at the end. */
  readonly sizeBytes: number;
}

/** What a snapshot file holds. @throws OperatingError `SNAPSHOT_DAMAGED` when it is no whole snapshot. */
export async function snapshotStatus(file: string): Promise<SnapshotFileStatus> {
  const sizeBytes = await checkSnapshotFile(file);
  return { ...(await summarizeSnapshot(snapshotContent(file, sizeBytes))), sizeBytes };
}

/** The state in a file that was checked. */
export function snapshotContent(file: string, contentBytes: number): AsyncIterable<Uint8Array> {
  return createReadStream(file, { end: contentBytes - 1 });
}

/** The length without the hash at the end, which has to match. @throws OperatingError `SNAPSHOT_DAMAGED` */
export async function checkSnapshotFile(file: string): Promise<number> {
  const size = await sizeOf(file);
  const contentBytes = size - hashBytes;
  if (contentBytes <= 0 || contentBytes % sectorBytes !== 0)
    throw damaged(file, 'its length is not that of a snapshot');
  const hash = createHash('sha256');
  for await (const chunk of snapshotContent(file, contentBytes)) hash.update(chunk);
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
