/**
 * Files of values, beside LevelDB's own in a folder `values`. Each value is written once, behind the one before; what is
 * overwritten or deleted stays where it is until its file goes as a whole.
 *
 * Invariants: what `append` returned is on disk, the name of its file too; a file is appended to only by the process that
 * began it, and never after a write of it has failed; one that then holds no value is removed, for a full disk is tried again
 * and again.
 */
import { closeSync, openSync, readSync, readdirSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, messageOf, syncDirectory } from '@flotilla/base';
import { stateDamaged } from './rows.ts';
import type { SyncOptions } from './state-database.ts';
import type { ValuePlace } from './value-place.ts';

const defaultFileBytes = 64 * 1024 * 1024;
/** Files that are kept open for single reads. */
const openFilesMax = 16;

/** A file under way: a seam, so that a test can let a write fail. */
export interface ValueWriter {
  /** Resolves when the values lie behind all earlier ones, durably. */
  append(values: readonly Uint8Array[]): Promise<void>;
  close(): Promise<void>;
}

export type CreateValueFile = (path: string) => Promise<ValueWriter>;

interface CurrentFile {
  readonly number: number;
  readonly writer: ValueWriter;
}

export interface ValueFilesOptions extends SyncOptions {
  /** The folder of the database. */
  readonly directory: string;
  readonly createFile?: CreateValueFile;
  /** A file that is so long takes no further values. */
  readonly fileBytes?: number;
}

export interface FinishedFile {
  readonly number: number;
  readonly length: number;
}

export class ValueFiles {
  /** A file that is so long takes no further values. */
  readonly fileBytes: number;
  readonly #folder: string;
  readonly #syncs: boolean;
  readonly #createFile: CreateValueFile;
  /** Number → bytes. */
  readonly #lengths: Map<number, number>;
  #lastNumber: number;
  /** The folder's name is on disk. */
  #hasFolder = false;
  #current: CurrentFile | undefined;
  /** Number → descriptor of those that were read, the longest unused first. */
  readonly #descriptors = new Map<number, number>();

  private constructor(options: ValueFilesOptions, lengths: Map<number, number>) {
    this.#folder = folderOf(options.directory);
    this.#syncs = options.syncs ?? true;
    this.#createFile = options.createFile ?? ((path) => createValueFile(path, { syncs: this.#syncs }));
    this.fileBytes = options.fileBytes ?? defaultFileBytes;
    this.#lengths = lengths;
    this.#lastNumber = Math.max(0, ...lengths.keys());
  }

  static async open(options: ValueFilesOptions): Promise<ValueFiles> {
    return new ValueFiles(options, await findLengths(folderOf(options.directory)));
  }

  /** Those that take no more values, and their bytes. */
  finished(): readonly FinishedFile[] {
    const current = this.#current?.number;
    return [...this.#lengths].flatMap(([number, length]) => (number === current ? [] : [{ number, length }]));
  }

  pathOf(number: number): string {
    return join(this.#folder, nameOf(number));
  }

  /** Writes and syncs values. @throws what the disk says: then nothing was appended. */
  async append(values: readonly Uint8Array[]): Promise<readonly ValuePlace[]> {
    const current = this.#current ?? (await this.#begin());
    try {
      await current.writer.append(values);
    } catch (error) {
      // How much of it is there is not known.
      await this.endCurrent();
      if (this.#lengths.get(current.number) === 0) await this.remove(current.number);
      throw error;
    }
    const { number } = current;
    let end = this.#lengths.get(number) ?? 0;
    const places = values.map(({ length }) => {
      const offset = end;
      end += length;
      return { file: number, offset, length };
    });
    this.#lengths.set(number, end);
    if (end >= this.fileBytes) await this.endCurrent();
    return places;
  }

  /** @throws OperatingError `STATE_DAMAGED` when the file is not there, or ends before that place. */
  check(place: ValuePlace): void {
    const length = this.#lengths.get(place.file);
    if (length === undefined) throw stateDamaged(`${this.pathOf(place.file)} is missing`);
    if (place.offset + place.length > length) throw this.tooShort(place);
  }

  /** Reads without awaiting. @throws OperatingError `STATE_DAMAGED` */
  read(place: ValuePlace): Uint8Array {
    const bytes = new Uint8Array(place.length);
    try {
      const descriptor = this.#descriptorOf(place.file);
      for (let done = 0; done < bytes.length;) {
        const count = readSync(descriptor, bytes, done, bytes.length - done, place.offset + done);
        if (count === 0) throw this.tooShort(place);
        done += count;
      }
    } catch (error) {
      throw this.readFailure(place.file, error);
    }
    return bytes;
  }

  /** The next value goes into a new file. */
  async endCurrent(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.writer.close();
  }

  async remove(number: number): Promise<void> {
    this.#closeDescriptor(number);
    this.#lengths.delete(number);
    await rm(this.pathOf(number), { force: true });
  }

  async close(): Promise<void> {
    for (const number of this.#descriptors.keys()) this.#closeDescriptor(number);
    await this.endCurrent();
  }

  tooShort({ file, offset, length }: ValuePlace): Error {
    return stateDamaged(`${this.pathOf(file)} ends before the ${length} bytes at offset ${offset}`);
  }

  /** What is thrown when a file cannot be read. */
  readFailure(number: number, error: unknown): unknown {
    if (codeOf(error) === 'STATE_DAMAGED') return error;
    if (codeOf(error) === 'ENOENT') return stateDamaged(`${this.pathOf(number)} is missing`, error);
    return stateDamaged(`${this.pathOf(number)} cannot be read (${messageOf(error)})`, error);
  }

  async #begin(): Promise<CurrentFile> {
    await mkdir(this.#folder, { recursive: true });
    if (!this.#hasFolder && this.#syncs) await syncDirectory(dirname(this.#folder));
    this.#hasFolder = true;
    // Also a file that can't be begun may be there: its number is not given again.
    const number = ++this.#lastNumber;
    const writer = await this.#createFile(this.pathOf(number));
    this.#lengths.set(number, 0);
    this.#current = { number, writer };
    return this.#current;
  }

  #descriptorOf(number: number): number {
    const known = this.#descriptors.get(number);
    const descriptor = known ?? openSync(this.pathOf(number), 'r');
    this.#descriptors.delete(number);
    this.#descriptors.set(number, descriptor);
    const [longestUnused] = this.#descriptors.keys();
    if (this.#descriptors.size > openFilesMax && longestUnused !== undefined) this.#closeDescriptor(longestUnused);
    return descriptor;
  }

  #closeDescriptor(number: number): void {
    const descriptor = this.#descriptors.get(number);
    if (descriptor === undefined) return;
    this.#descriptors.delete(number);
    closeSync(descriptor);
  }
}

async function findLengths(folder: string): Promise<Map<number, number>> {
  const lengths = new Map<number, number>();
  for (const name of namesIn(folder)) {
    const number = /^(\d{6,})\.values$/.exec(name)?.[1];
    if (number !== undefined) lengths.set(Number(number), (await stat(join(folder, name))).size);
  }
  return lengths;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function folderOf(directory: string): string {
  return join(directory, 'values');
}

function nameOf(number: number): string {
  return `${String(number).padStart(6, '0')}.values`;
}

/** Makes a file whose name is on disk; there must be none of that name. */
async function createValueFile(path: string, { syncs }: { readonly syncs: boolean }): Promise<ValueWriter> {
  const handle = await open(path, 'wx', 0o600);
  try {
    if (syncs) await syncDirectory(dirname(path));
  } catch (error) {
    await handle.close();
    await rm(path, { force: true });
    throw error;
  }
  return {
    async append(values) {
      await writeAll(handle, values);
      if (syncs) await handle.datasync();
    },
    close: () => handle.close(),
  };
}

/** A call may write less than it was given. */
async function writeAll(handle: FileHandle, values: readonly Uint8Array[]): Promise<void> {
  let left = values;
  while (left.length > 0) {
    const { bytesWritten } = await handle.writev(left);
    left = behind(left, bytesWritten);
  }
}

/** What follows the first bytes. */
function behind(values: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let rest = bytes;
  for (const [i, value] of values.entries()) {
    if (rest < value.length) return [value.subarray(rest), ...values.slice(i + 1)];
    rest -= value.length;
  }
  return [];
}
