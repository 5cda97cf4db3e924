/**
 * What a machine's disk holds, and what of it would survive. Contents and names are durable once a sync that covers them has
 * returned; what was written since lies in the page cache. A killed process loses nothing of that, a power failure does:
 * each write since may be there, or in part, or with a flipped bit, in any order; names go back to a moment since their sync.
 */
import type { Chance } from '../world/chance.ts';
import type { Marks } from '../world/marks.ts';
import { Extent } from './extent.ts';
import type { StoredDatabase } from './stored-database.ts';

interface PendingChange {
  readonly position: number;
  /** Undefined: the file was cut off here. */
  readonly bytes: Uint8Array | undefined;
  /** How often the bytes follow each other. */
  readonly times: number;
}

export class StoredFile {
  durable = new Extent();
  content = new Extent();
  pending: PendingChange[] = [];

  apply(change: PendingChange): void {
    applyTo(this.content, change);
    this.pending.push(change);
  }

  /** A sync that began when `count` changes were pending has returned. */
  synced(count: number): void {
    for (const change of this.pending.splice(0, count)) applyTo(this.durable, change);
  }
}

/** What a disk held once. */
export interface VolumeCopy {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly directories: ReadonlySet<string>;
  readonly databases: ReadonlyMap<string, StoredDatabase>;
  readonly records: ReadonlyMap<string, Uint8Array>;
}

export class Volume {
  readonly files = new Map<string, StoredFile>();
  readonly directories = new Set<string>();
  readonly databases = new Map<string, StoredDatabase>();
  /** Path of a state's folder → its record. */
  readonly records = new Map<string, Uint8Array>();
  readonly #durableNames = new Map<string, StoredFile>();
  #nameChanges: { readonly path: string; readonly file: StoredFile | undefined }[] = [];

  rename(path: string, file: StoredFile | undefined): void {
    if (file) this.files.set(path, file);
    else this.files.delete(path);
    this.#nameChanges.push({ path, file });
  }

  namesSynced(count: number): void {
    for (const change of this.#nameChanges.splice(0, count)) this.#makeDurable(change);
  }

  get pendingNames(): number {
    return this.#nameChanges.length;
  }

  get hasUnsyncedBytes(): boolean {
    return [...this.files.values()].some(({ pending }) => pending.length > 0);
  }

  /** The power fails: whatever is left is what the disk holds from now on. */
  losePower(chance: Chance, marks: Marks): void {
    this.namesSynced(chance.below(this.#nameChanges.length + 1));
    this.#nameChanges = [];
    this.files.clear();
    for (const [path, file] of this.#durableNames) {
      tear(file, chance, marks);
      this.files.set(path, file);
    }
    for (const database of this.databases.values()) database.losePower(chance);
  }

  /** All of it, as somebody copies the disk of a machine that is off. */
  copy(): VolumeCopy {
    return {
      files: new Map([...this.files].map(([path, { content }]) => [path, Uint8Array.from(content.bytes)] as const)),
      directories: new Set(this.directories),
      databases: new Map([...this.databases].map(([path, database]) => [path, database.copy()] as const)),
      records: new Map(this.records),
    };
  }

  /** An older copy takes the place of everything. */
  rollBack({ files, directories, databases, records }: VolumeCopy): void {
    for (const map of [this.files, this.directories, this.databases, this.records, this.#durableNames]) map.clear();
    this.#nameChanges = [];
    for (const path of directories) this.directories.add(path);
    for (const [path, database] of databases) this.databases.set(path, database.copy());
    for (const [path, record] of records) this.records.set(path, record);
    for (const [path, bytes] of files) {
      const file = new StoredFile();
      file.content = new Extent(bytes);
      file.durable = new Extent(bytes);
      this.files.set(path, file);
      this.#durableNames.set(path, file);
    }
  }

  /** Something that was durable is not any more, or not as it was; returns what, for the trace. */
  damage(chance: Chance): string {
    if (chance.happens(0.5)) return this.#damageFile(chance);
    const [folder, record] = chance.pick([...this.records]);
    const name = chance.pick([...this.databases.keys()]);
    const fate = chance.below(5);
    if (fate === 0) this.records.delete(folder);
    else if (fate === 1) this.records.set(folder, flipped(record, chance));
    else if (fate === 2) this.databases.delete(name);
    else return `${name}: ${this.databases.get(name)?.damage(chance) ?? ''}`;
    return ['the record of the state is gone', 'a bit of the record of the state', `${name} is gone`][fate] as string;
  }

  #damageFile(chance: Chance): string {
    const [path, file] = chance.pick([...this.files]);
    const bytes = file.content.bytes;
    const fate = chance.pick(['is gone', 'is cut', 'has a flipped bit'] as const);
    if (fate === 'is gone') {
      this.files.delete(path);
      this.#durableNames.delete(path);
      return `${path} ${fate}`;
    }
    const next = fate === 'is cut' ? bytes.slice(0, chance.below(bytes.length)) : flipped(bytes, chance);
    file.content = new Extent(next);
    file.durable = new Extent(next);
    return `${path} ${fate}`;
  }

  #makeDurable({ path, file }: { readonly path: string; readonly file: StoredFile | undefined }): void {
    if (file) this.#durableNames.set(path, file);
    else this.#durableNames.delete(path);
  }
}

function tear(file: StoredFile, chance: Chance, marks: Marks): void {
  for (const change of file.pending) {
    const fate = chance.pickWeighted([
      [3, 'lost'],
      [3, 'whole'],
      [2, 'prefix'],
      [1, 'sectors'],
      [1, 'flipped'],
    ] as const);
    if (fate === 'lost') {
      marks.hit('unsynced bytes lost');
    } else if (fate === 'whole' || whole(change).length === 0) {
      applyTo(file.durable, change);
    } else {
      for (const part of partsOf(change.position, whole(change), fate, chance)) applyTo(file.durable, part);
      marks.hit(fate === 'flipped' ? 'unsynced bits flipped' : 'unsynced bytes torn');
    }
  }
  file.pending = [];
  file.content = new Extent(file.durable.bytes);
}

const sectorBytes = 512;

function partsOf(
  position: number,
  bytes: Uint8Array,
  fate: 'prefix' | 'sectors' | 'flipped',
  chance: Chance,
): PendingChange[] {
  if (fate === 'prefix') return [{ position, bytes: bytes.subarray(0, chance.below(bytes.length + 1)), times: 1 }];
  if (fate === 'flipped') return [{ position, bytes: flipped(bytes, chance), times: 1 }];
  const parts: PendingChange[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + sectorBytes - ((position + at) % sectorBytes));
    if (chance.happens(0.5)) parts.push({ position: position + at, bytes: bytes.subarray(at, end), times: 1 });
    at = end;
  }
  return parts;
}

function applyTo(extent: Extent, { position, bytes, times }: PendingChange): void {
  if (!bytes) return extent.truncate(position);
  for (let i = 0; i < times; i++) extent.write(position + i * bytes.length, bytes);
}

/** All its bytes. */
function whole({ bytes = new Uint8Array(0), times }: PendingChange): Uint8Array {
  return times === 1 ? bytes : Buffer.concat(Array.from({ length: times }, () => bytes));
}

function flipped(bytes: Uint8Array, chance: Chance): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = chance.below(copy.length);
  copy[at] = (copy[at] as number) ^ (1 << chance.below(8));
  return copy;
}
