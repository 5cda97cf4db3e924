/**
 * Which generation of the state counts. A generation is written whole before one synced record makes it current, so a
 * crash leaves the old one or the new one, and what is not current is a leftover. Of the very first one a crash leaves a database
 * without a record, which is refused: whoever knows that the folder was only begun removes it.
 */
import { crc32 } from 'node:zlib';
import { OperatingError } from '@flotilla/base';
import { stateDamaged } from './rows.ts';
import type { StateDirectory } from './state-directory.ts';

const recordPattern = /^flotilla-state 1\ngeneration (\d+) ready\nchecksum ([0-9a-f]{8})\n$/;

export function generationName(number: number): string {
  return `generation-${String(number).padStart(6, '0')}`;
}

/**
 * Number of the current generation, with all leftovers removed; undefined on the first start.
 * @throws OperatingError `STATE_DAMAGED` when the record is missing beside generations, or cannot be read;
 *   `STATE_FORMAT` when a newer version wrote it.
 */
export async function findGeneration(directory: StateDirectory): Promise<number | undefined> {
  const record = await directory.readCurrent();
  const names = await directory.generations();
  if (!record) {
    if (names.length === 0) return undefined;
    throw stateDamaged(`${directory.path}/current is missing beside ${names.join(', ')}`);
  }
  const current = decodeRecord(directory, Buffer.from(record).toString('latin1'));
  const kept = generationName(current);
  if (!names.includes(kept)) throw stateDamaged(`${directory.path}/${kept} is missing`);
  for (const name of names) if (name !== kept) await directory.removeGeneration(name);
  return current;
}

export async function recordGeneration(directory: StateDirectory, number: number): Promise<void> {
  const text = `flotilla-state 1\ngeneration ${number} ready\n`;
  await directory.writeCurrent(Buffer.from(`${text}checksum ${checksumOf(text)}\n`));
}

function decodeRecord(directory: StateDirectory, record: string): number {
  if (/^flotilla-state (?!1\n)\d+\n/.test(record)) {
    const reason = `${directory.path}/current has a format that this version does not know`;
    throw new OperatingError('STATE_FORMAT', `${reason}: start the version that wrote it`);
  }
  const match = recordPattern.exec(record);
  const [, number, checksum] = match ?? [];
  if (checksum === undefined || checksum !== checksumOf(record.slice(0, record.indexOf('checksum ')))) {
    throw stateDamaged(`${directory.path}/current cannot be read`);
  }
  return Number(number);
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
