/** Databases on disk for tests: large values, what is in a database, copies of its files as a crash would leave them. */
import { cpSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type OpenDiskDatabaseOptions, type RowChange, type StateDatabase, openDiskDatabase } from '@flotilla/store';

/** Values of this size go to a file when a batch has some of them. */
export const valueBytes = 40_000;
/** Small, so that a test makes several. */
export const fileBytes = 512 * 1024;

export function openOn(directory: string, more: Partial<OpenDiskDatabaseOptions> = {}): Promise<StateDatabase> {
  return openDiskDatabase({ directory, createIfMissing: true, fileBytes, ...more });
}

/** A value that says of which key and version it is, in every byte of it. */
export function largeValue(name: string, length = valueBytes): Uint8Array {
  return Buffer.alloc(length, `${name}|`);
}

/** Puts of large values: name → version. */
export function puts(versions: Readonly<Record<string, number>>): RowChange[] {
  return Object.entries(versions).map(([name, version]) => ({
    key: Buffer.from(name),
    value: largeValue(`${name}@${version}`),
  }));
}

export function deletion(name: string): RowChange {
  return { key: Buffer.from(name), value: undefined };
}

/** Name → what its value says it is, or its text as it is; a value that is not the same throughout is `broken`. */
export async function contentOf(database: StateDatabase): Promise<Record<string, string>> {
  const snapshot = database.snapshot();
  const content: Record<string, string> = {};
  for await (const { key, value } of snapshot.rows()) content[Buffer.from(key).toString()] = describe(value);
  await snapshot.close();
  return content;
}

export function describe(value: Uint8Array | undefined): string {
  if (!value) return 'absent';
  const text = Buffer.from(value).toString();
  const name = text.includes('|') ? text.slice(0, text.indexOf('|')) : text;
  return name === text || Buffer.compare(value, largeValue(name, value.length)) === 0 ? name : 'broken';
}

/** Paths of the value files of a database, in the order of their numbers. */
export function valueFilesOf(directory: string): string[] {
  const folder = join(directory, 'values');
  return filesIn(folder).map((name) => join(folder, name));
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    // There is none before the first large batch.
    return [];
  }
}

export function valueFileBytesOf(directory: string): number {
  return valueFilesOf(directory).reduce((sum, path) => sum + statSync(path).size, 0);
}

/** The files as they are now: what a process leaves that is killed at this moment. */
export function imageOf(directory: string, target: string): string {
  cpSync(directory, target, { recursive: true });
  return target;
}
