/**
 * All changes that are not compacted away, in the order of revisions, in pages. The newest page is open and
 * takes appends; a closed page changes only when compaction takes dead records out of it. A page that an
 * archive (level) holds may be dropped from memory and is read back, without awaiting, when asked for; without
 * an archive all pages stay.
 *
 * Invariants: pages are ordered by their first revision and do not overlap; a page's name is the first revision
 * it ever held, also after that record is gone; a page that the archive does not hold as it is stays resident; a tombstone
 * is there for as long as a page holds an older version of its key, dead or not: who reads the pages back knows of no death.
 */
import { AssertionFailure, assert } from '@flotilla/base';
import { type KeyVersion, encodeInto, encodedLength } from './key-value.ts';
import { RecordCursor, compareRevisions, lengthUpTo, recordHeaderBytes, writeRecordHeader } from './page.ts';
import type { Revision } from './superseded.ts';

const pageRecordsMax = 64;
const pageBytesMax = 16 * 1024;
const defaultCacheBytes = 32 * 1024 * 1024;
/** What the deletion of a page counts for: a batch of many thousands would hold up the turn that makes it. */
const deletionBytes = 4 * 1024;

/** Where pages are read back from. */
export interface PageArchive {
  /** The records of the page of that name. @throws OperatingError when they are damaged. */
  read(name: Revision): Uint8Array;
}

/** A page to be written to the archive, or deleted from it. */
export interface PageChange {
  readonly name: Revision;
  readonly records: Uint8Array | undefined;
}

/** What a page that is taken over holds. */
export interface PageContent {
  readonly lastMain: number;
  readonly recordCount: number;
  /** Bytes of its records. */
  readonly length: number;
}

/** Where the encoded version of a change lies. */
export interface VersionPlace {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** A page that is worth cleaning. */
export interface SparsePage {
  readonly name: Revision;
  readonly takesTombstones: boolean;
}

/** A run of changes; only history changes it. */
export interface Page {
  readonly name: Revision;
  readonly lastMain: number;
  readonly recordCount: number;
}

class PageState implements Page {
  readonly name: Revision;
  lastMain: number;
  recordCount = 0;
  /** Records that compaction has made unreachable, and how many of them are tombstones that were kept for older pages' sake. */
  deadCount = 0;
  keptTombstones = 0;
  /** Absent: only the archive has it. */
  buffer: Uint8Array | undefined;
  length = 0;
  isOpen: boolean;
  /** Rises with each change, so that a finished write knows whether it wrote the page as it is now. */
  changeCount = 0;
  isInArchive = false;

  constructor(name: Revision, isOpen: boolean) {
    this.name = name;
    this.lastMain = name.main;
    this.isOpen = isOpen;
  }
}

export class History {
  #pages: PageState[] = [];
  readonly #archive: PageArchive | undefined;
  readonly #cacheBytes: number;
  /** Resident pages that the archive holds too, the longest unused first. */
  readonly #cached = new Set<PageState>();
  #cachedBytes = 0;
  /** Pages the archive does not hold as they are, in order of their first change since. */
  readonly #dirty = new Set<PageState>();
  #deleted: Revision[] = [];
  #dirtyBytes = 0;

  constructor(options: { archive?: PageArchive | undefined; cacheBytes?: number } = {}) {
    this.#archive = options.archive;
    this.#cacheBytes = options.cacheBytes ?? defaultCacheBytes;
  }

  get pageCount(): number {
    return this.#pages.length;
  }

  /** Bytes appended, or left by a cleaning, since the archive last took changes, and something for each page that went. */
  get dirtyBytes(): number {
    return this.#dirtyBytes;
  }

  page(index: number): Page | undefined {
    return this.#pages[index];
  }

  /** Appends a change and returns its version as it lies in the page: until the next change. */
  append({ main, sub }: Revision, version: KeyVersion): VersionPlace {
    const versionLength = encodedLength(version);
    const recordBytes = recordHeaderBytes + versionLength;
    const page = this.#openPage({ main, sub }, recordBytes);
    const bytes = page.buffer as Uint8Array;
    const start = writeRecordHeader(bytes, page.length, {
      main,
      sub,
      isTombstone: version.version === 0,
      versionLength,
    });
    const end = encodeInto(bytes, start, version);
    page.length = end;
    page.recordCount++;
    page.lastMain = main;
    this.#touch(page);
    this.#dirtyBytes += recordBytes;
    if (page.recordCount === pageRecordsMax) close(page);
    return { bytes, start, end };
  }

  /** Index of the first page that may hold a change of at least that main revision. */
  pageIndexFrom(main: number): number {
    let low = 0;
    let high = this.#pages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#pages[middle] as PageState).lastMain < main) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The records of a page: a view that stays as it is. */
  records(index: number): Uint8Array {
    const page = this.#pages[index];
    assert(page !== undefined, 'a page beyond the history is read');
    return this.#resident(page);
  }

  /** The version of a change that is there. */
  version(revision: Revision): Uint8Array {
    const index = this.#indexOf(revision);
    const cursor = new RecordCursor(this.records(index));
    while (cursor.next()) {
      if (cursor.main === revision.main && cursor.sub === revision.sub) return cursor.version();
    }
    throw new AssertionFailure(`revision ${revision.main}.${revision.sub} is not in its page`);
  }

  /** Takes over a page that the archive holds, after all that came before it. @param page what is in it. */
  adopt(name: Revision, { lastMain, recordCount, length }: PageContent): void {
    const page = new PageState(name, false);
    page.recordCount = recordCount;
    page.lastMain = lastMain;
    page.length = length;
    page.isInArchive = true;
    this.#pages.push(page);
  }

  /** A record that nothing can reach any more; returns whether its page is now worth cleaning. */
  markDead(revision: Revision): boolean {
    const page = this.#pages[this.#indexOf(revision)] as PageState;
    page.deadCount++;
    return !page.isOpen && page.deadCount * 2 >= page.recordCount;
  }

  /** Takes dead records out of a closed page, which is deleted when none is left. Pages are cleaned in the order of `sparsePages`. */
  clean({ name, takesTombstones }: SparsePage, isAlive: (record: RecordCursor) => boolean): void {
    const index = this.#indexOf(name);
    const page = this.#pages[index] as PageState;
    const records = this.#resident(page);
    const kept: Uint8Array[] = [];
    let keptTombstones = 0;
    const cursor = new RecordCursor(records);
    while (cursor.next()) {
      const lives = isAlive(cursor);
      if (!lives && (takesTombstones || !cursor.isTombstone)) continue;
      if (!lives) keptTombstones++;
      kept.push(records.subarray(cursor.start, cursor.end));
    }
    this.#forget(page);
    page.recordCount = kept.length;
    page.deadCount = keptTombstones;
    page.keptTombstones = keptTombstones;
    if (kept.length === 0) return this.#remove(index);
    page.buffer = Buffer.concat(kept);
    page.length = page.buffer.length;
    this.#dirtyBytes += page.length;
    this.#touch(page);
  }

  /**
   * The closed pages, up to a main revision, of which at least half is dead, the oldest first. Their dead tombstones may go only
   * where all older pages are without dead versions by then:
   *
   *     [a=1 b=1 c=1]  [d=1 a† d=2 d†]   compacted: a=1 is one of three, and stays; a† must stay with it
   */
  sparsePages(upToMain: number): readonly SparsePage[] {
    const found: SparsePage[] = [];
    let takesTombstones = true;
    for (const { name, isOpen, lastMain, recordCount, deadCount, keptTombstones } of this.#pages) {
      if (isOpen || lastMain > upToMain) break;
      const hasDeadVersions = deadCount > keptTombstones;
      const isSparse = deadCount * 2 >= recordCount && (hasDeadVersions || (takesTombstones && deadCount > 0));
      if (isSparse) found.push({ name, takesTombstones });
      else if (hasDeadVersions) takesTombstones = false;
    }
    return found;
  }

  /**
   * What the archive lacks, up to a main revision. `settle` is called once all of it is written: closed pages may
   * then leave memory.
   */
  takeChanges(upToMain: number): { readonly changes: readonly PageChange[]; settle(): void } {
    const changes: PageChange[] = this.#deleted.map((name) => ({ name, records: undefined }));
    this.#deleted = [];
    this.#dirtyBytes = 0;
    const taken: { page: PageState; changeCount: number }[] = [];
    for (const page of this.#dirty) {
      if (page.name.main > upToMain) continue;
      const all = (page.buffer as Uint8Array).subarray(0, page.length);
      const isWhole = page.lastMain <= upToMain;
      const records = isWhole ? all : all.subarray(0, lengthUpTo(all, upToMain));
      if (records.length === 0) continue;
      changes.push({ name: page.name, records });
      page.isInArchive = true;
      if (isWhole) taken.push({ page, changeCount: page.changeCount });
    }
    for (const { page } of taken) this.#dirty.delete(page);
    return {
      changes,
      settle: () => {
        for (const { page, changeCount } of taken) if (page.changeCount === changeCount) this.#cache(page);
      },
    };
  }

  /** The page that takes the next change; a change that is larger than a page gets one of its own. */
  #openPage(name: Revision, recordBytes: number): PageState {
    const last = this.#pages.at(-1);
    if (last?.isOpen === true) {
      if (last.length + recordBytes <= (last.buffer as Uint8Array).length) return last;
      close(last);
    }
    const page = new PageState(name, true);
    page.buffer = Buffer.allocUnsafeSlow(Math.max(pageBytesMax, recordBytes));
    this.#pages.push(page);
    return page;
  }

  #indexOf(revision: Revision): number {
    let low = 0;
    let high = this.#pages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareRevisions((this.#pages[middle] as PageState).name, revision) <= 0) low = middle + 1;
      else high = middle;
    }
    assert(low > 0, 'a revision before all pages is looked for');
    return low - 1;
  }

  #touch(page: PageState): void {
    page.changeCount++;
    if (this.#archive) this.#dirty.add(page);
  }

  #remove(index: number): void {
    const [page] = this.#pages.splice(index, 1);
    if (page?.isInArchive === true) {
      this.#deleted.push(page.name);
      this.#dirtyBytes += deletionBytes;
    }
    if (page) this.#dirty.delete(page);
  }

  #resident(page: PageState): Uint8Array {
    if (!page.buffer) {
      assert(this.#archive !== undefined, 'a page is neither in memory nor archived');
      page.buffer = this.#archive.read(page.name);
      this.#cache(page);
    } else if (this.#cached.delete(page)) {
      this.#cached.add(page);
    }
    return page.buffer.subarray(0, page.length);
  }

  #cache(page: PageState): void {
    if (page.isOpen || this.#cached.has(page) || this.#dirty.has(page) || !page.buffer) return;
    this.#cached.add(page);
    this.#cachedBytes += page.length;
    for (const oldest of this.#cached) {
      if (this.#cachedBytes <= this.#cacheBytes || oldest === page) break;
      this.#forget(oldest);
      oldest.buffer = undefined;
    }
  }

  #forget(page: PageState): void {
    if (this.#cached.delete(page)) this.#cachedBytes -= page.length;
  }
}

/** A page of few bytes gives back the room that it did not use. */
function close(page: PageState): void {
  page.isOpen = false;
  const buffer = page.buffer as Uint8Array;
  if (page.length * 2 < buffer.length) page.buffer = Uint8Array.prototype.slice.call(buffer, 0, page.length);
}
