/** Reads tables whole, one while the one before is worked on. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf } from '@flotilla/base';
import { noBytes } from '../../bytes.ts';
import { stateDamaged } from '../rows.ts';
import type { LiveTable } from './manifest.ts';

interface TableFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/** What a read came to: one ahead may fail while nobody waits for it. */
type Result = { readonly table: TableFile } | { readonly error: unknown };

/**
 * The tables in their order. The memory of one is taken for the one after the next: most are of one size, some two megabytes.
 * @throws OperatingError `STATE_DAMAGED` when one is missing, too short, or cannot be read.
 */
export async function* readTables(directory: string, tables: readonly LiveTable[]): AsyncGenerator<TableFile, void> {
  let memory: Buffer = Buffer.from(noBytes);
  let otherMemory = memory;
  const start = (table: LiveTable): Promise<Result> => {
    [memory, otherMemory] = [otherMemory, memory];
    if (memory.length < table.bytes) memory = Buffer.allocUnsafeSlow(table.bytes);
    const path = join(directory, `${String(table.number).padStart(6, '0')}.ldb`);
    return readInto(memory.subarray(0, table.bytes), path).then(toTable, toError);
  };
  let underWay: Promise<Result> | undefined;
  try {
    for (const table of [...tables, undefined]) {
      const before = underWay;
      const result = await before;
      underWay = table && start(table);
      if (result) yield tableOf(result);
    }
  } finally {
    // It writes to its memory and closes its file.
    await underWay;
  }
}

const toTable = (table: TableFile): Result => ({ table });
const toError = (error: unknown): Result => ({ error });

function tableOf(result: Result): TableFile {
  if ('error' in result) throw result.error;
  return result.table;
}

/** A file may be longer than its table: LevelDB does not look behind it. */
async function readInto(bytes: Buffer, path: string): Promise<TableFile> {
  try {
    const file = await open(path, 'r');
    try {
      await fill(bytes, file, path);
    } finally {
      await file.close();
    }
    return { path, bytes };
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function fill(bytes: Buffer, file: FileHandle, path: string): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, done);
    if (bytesRead === 0) throw stateDamaged(`${path} ends at offset ${done}, not at ${bytes.length}`);
    done += bytesRead;
  }
}

/** What is thrown when a file cannot be read. */
export function unreadable(path: string, error: unknown): unknown {
  if (codeOf(error) === 'STATE_DAMAGED') return error;
  if (codeOf(error) === 'ENOENT') return stateDamaged(`${path} is missing`, error);
  return stateDamaged(`${path} cannot be read (${messageOf(error)})`, error);
}
