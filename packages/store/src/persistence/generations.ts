/**
 * Which generation of the state counts. A generation is written whole before one synced record makes it current, so a
 * crash leaves the old one or the new one, and what is not current is a leftover.
 *
 * A record that says `creating` marks the very first generation until it is complete: it may be thrown away.
 */
import { crc32 } from 'node:zlib';
import { OperatingError } from '@flotilla/base';
import { stateDamaged } from './rows.ts';
import type { StateDirectory } from './state-directory.ts';

export interface CurrentGeneration {
  readonly number: number;
  readonly state: 'creating' | 'ready';
}

const recordPattern = /^flotilla-state 1\ngeneration (\d+) (creating|ready)\nchecksum ([0-9a-f]{8})\n$/;

export function generationName(number: number): string {
  return `generation-${String(number).padStart(6, '0')}`;
}

/**
 * The current generation, with all leftovers removed; undefined on the first start.
 * @throws OperatingError `STATE_DAMAGED` when the record is missing beside generations, or cannot be read;
 *   `STATE_FORMAT` when a newer version wrote it.
 */
export async function findGeneration(directory: StateDirectory): Promise<CurrentGeneration | undefined> {
  const record = await directory.readCurrent();
  const names = await directory.generations();
  if (!record) {
    if (names.length === 0) return undefined;
    throw stateDamaged(`${directory.path}/current is missing beside ${names.join(', ')}`);
  }
  const current = decodeRecord(directory, Buffer.from(record).toString('latin1'));
  const kept = current.state === 'ready' ? generationName(current.number) : undefined;
  if (kept !== undefined && !names.includes(kept)) throw stateDamaged(`${directory.path}/${kept} is missing`);
  for (const name of names) if (name !== kept) await directory.removeGeneration(name);
  return current;
}

export async function recordGeneration(directory: StateDirectory, current: CurrentGeneration): Promise<void> {
  const text = `flotilla-state 1\ngeneration ${current.number} ${current.state}\n`;
  await directory.writeCurrent(Buffer.from(`${text}checksum ${checksumOf(text)}\n`));
}

function decodeRecord(directory: StateDirectory, record: string): CurrentGeneration {
  if (/^flotilla-state (?!1\n)\d+\n/.test(record)) {
    const reason = `${directory.path}/current has a format that this version does not know`;
    throw new OperatingError('STATE_FORMAT', `${reason}: start the version that wrote it`);
  }
  const match = recordPattern.exec(record);
  const [, number, state, checksum] = match ?? [];
  if (checksum === undefined || checksum !== checksumOf(record.slice(0, record.indexOf('checksum ')))) {
    throw stateDamaged(`${directory.path}/current cannot be read`);
  }
  return { number: Number(number), state: state === 'ready' ? 'ready' : 'creating' };
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
