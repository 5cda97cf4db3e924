/** Which values of the value files are in use: those that a row of LevelDB leads to. */
import type { FinishedFile } from './value-files.ts';
import type { PlacedRow, ValuePlace } from './value-place.ts';

export class LiveValues {
  /** Name of a row → where its value lies. */
  readonly #places = new Map<string, ValuePlace>();
  /** Number of a file → bytes of it that are in use; none: absent. */
  readonly #bytes = new Map<number, number>();

  /** @param name of a row: its key as text. */
  placeOf(name: string): ValuePlace | undefined {
    return this.#places.get(name);
  }

  /** @param place undefined: the row is gone, or LevelDB holds its value. */
  set(name: string, place: ValuePlace | undefined): void {
    const before = this.#places.get(name);
    if (before) this.#add(before.file, -before.length);
    if (!place) return void this.#places.delete(name);
    this.#places.set(name, place);
    this.#add(place.file, place.length);
  }

  isInUse(file: number): boolean {
    return this.#bytes.has(file);
  }

  /**
   * The file of which the least is in use, if that is little enough for what is in use to be moved elsewhere.
   * @param most share of a file that may be in use
   * @param least bytes: of a file that is smaller, the share is that of so many bytes, so that small files are put together.
   */
  sparsest(
    files: readonly FinishedFile[],
    { most, least }: { readonly most: number; readonly least: number },
  ): FinishedFile | undefined {
    let found: FinishedFile | undefined;
    let share = most;
    for (const file of files) {
      const bytes = this.#bytes.get(file.number);
      if (bytes === undefined) continue;
      const ofFile = bytes / Math.max(file.length, least);
      if (ofFile < share) [found, share] = [file, ofFile];
    }
    return found;
  }

  /** All that is in use of a file, in the order in which it lies there. */
  rowsIn(file: number): PlacedRow[] {
    const rows: PlacedRow[] = [];
    for (const [name, place] of this.#places) {
      if (place.file === file) rows.push({ key: Buffer.from(name, 'latin1'), place });
    }
    return rows.sort((a, b) => a.place.offset - b.place.offset);
  }

  #add(file: number, bytes: number): void {
    const now = (this.#bytes.get(file) ?? 0) + bytes;
    if (now === 0) this.#bytes.delete(file);
    else this.#bytes.set(file, now);
  }
}
