/** What lives in files that are mostly dead, to be moved so that the files can go: a part at a time. */
import { bytesToText } from '../bytes.ts';
import type { LiveValues } from './live-values.ts';
import type { ValueFiles } from './value-files.ts';
import type { PlacedRow } from './value-place.ts';

/** Of a part, unless a single value is longer: about as much as a batch brings, so that the dead do not outgrow the living. */
const partBytes = 1024 * 1024;

export class ValueMoves {
  readonly #files: ValueFiles;
  readonly #live: LiveValues;
  /** Of the file that is being emptied, as they were when it was chosen. */
  #rows: PlacedRow[] = [];
  #next = 0;

  constructor({ files, live }: { readonly files: ValueFiles; readonly live: LiveValues }) {
    this.#files = files;
    this.#live = live;
  }

  /** The next part; empty when no file has so little in use. @param mostInUse see {@link LiveValues.sparsest} */
  take(mostInUse: number): readonly PlacedRow[] {
    if (this.#next === this.#rows.length) this.#choose(mostInUse);
    const part: PlacedRow[] = [];
    let bytes = 0;
    for (; this.#next < this.#rows.length; this.#next++) {
      const row = this.#rows[this.#next] as PlacedRow;
      if (this.#live.placeOf(bytesToText(row.key)) !== row.place) continue;
      if (part.length > 0 && bytes + row.place.length > partBytes) break;
      part.push(row);
      bytes += row.place.length;
    }
    return part;
  }

  #choose(mostInUse: number): void {
    const file = this.#live.sparsest(this.#files.finished(), { most: mostInUse, least: this.#files.fileBytes / 16 });
    this.#rows = file ? this.#live.rowsIn(file.number) : [];
    this.#next = 0;
  }
}
