/**
 * Reads many values in large pieces, a window ahead of the one that is worked on. Rows come by key, and their values may lie
 * in several files in turns: so a window is read file by file, and put in order afterwards.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Row } from './state-database.ts';
import type { ValueFiles } from './value-files.ts';
import { type PlacedRow, type ValuePlace, endOf } from './value-place.ts';

/** Values of a window, unless a single one is longer. */
const windowBytes = 4 * 1024 * 1024;
/** A read brings up to this much, unless a single value is longer. */
const pieceBytes = 1024 * 1024;
/** Bytes between two values that are read along with them. */
const gapBytes = 64 * 1024;

/** The rows in the order of their places, several at a time. @throws OperatingError `STATE_DAMAGED` */
export async function* readValues(
  placed: AsyncIterable<readonly PlacedRow[]>,
  files: ValueFiles,
): AsyncGenerator<readonly Row[], void> {
  let underWay: Promise<Result> | undefined;
  try {
    for await (const rows of placed) {
      for (const window of windowsOf(rows)) {
        const before = underWay;
        underWay = readWindow(window, files).then(toRows, toError);
        if (before) yield rowsOf(await before);
      }
    }
    if (underWay) yield rowsOf(await underWay);
  } finally {
    await underWay;
  }
}

/** The values of some rows, in the order of the rows. @throws OperatingError `STATE_DAMAGED` */
export async function readWindow(rows: readonly PlacedRow[], files: ValueFiles): Promise<readonly Row[]> {
  const values = new Map<PlacedRow, Uint8Array>();
  for (const [file, rowsThere] of rowsByFile(rows)) {
    try {
      await readFrom(files, { file, rows: rowsThere, values });
    } catch (error) {
      throw files.readFailure(file, error);
    }
  }
  return rows.map((row) => ({ key: row.key, value: values.get(row) as Uint8Array }));
}

function rowsByFile(rows: readonly PlacedRow[]): ReadonlyMap<number, PlacedRow[]> {
  const byFile = new Map<number, PlacedRow[]>();
  for (const row of rows) {
    const others = byFile.get(row.place.file);
    if (others) others.push(row);
    else byFile.set(row.place.file, [row]);
  }
  return byFile;
}

/** What a read came to: one ahead may fail while nobody waits for it. */
type Result = { readonly rows: readonly Row[] } | { readonly error: unknown };

const toRows = (rows: readonly Row[]): Result => ({ rows });
const toError = (error: unknown): Result => ({ error });

function rowsOf(result: Result): readonly Row[] {
  if ('error' in result) throw result.error;
  return result.rows;
}

function* windowsOf(rows: readonly PlacedRow[]): Generator<readonly PlacedRow[]> {
  let first = 0;
  let bytes = 0;
  for (const [i, { place }] of rows.entries()) {
    if (i > first && bytes + place.length > windowBytes) {
      yield rows.slice(first, i);
      [first, bytes] = [i, 0];
    }
    bytes += place.length;
  }
  if (first < rows.length) yield rows.slice(first);
}

async function readFrom(
  files: ValueFiles,
  { file, rows, values }: { file: number; rows: PlacedRow[]; values: Map<PlacedRow, Uint8Array> },
): Promise<void> {
  const handle = await open(files.pathOf(file), 'r');
  try {
    const pieces = [...piecesOf(rows.sort((a, b) => a.place.offset - b.place.offset))];
    await Promise.all(
      pieces.map(async ({ place, rows: rowsThere }) => {
        const bytes = await readPlace(handle, place, () => files.tooShort(place));
        for (const row of rowsThere) {
          const start = row.place.offset - place.offset;
          values.set(row, bytes.subarray(start, start + row.place.length));
        }
      }),
    );
  } finally {
    // It waits for what is still being read.
    await handle.close();
  }
}

interface Piece {
  readonly place: ValuePlace;
  readonly rows: readonly PlacedRow[];
}

/** @param rows in the order in which they lie. */
function* piecesOf(rows: readonly PlacedRow[]): Generator<Piece> {
  let taken: PlacedRow[] = [];
  let span: ValuePlace | undefined;
  for (const row of rows) {
    const isNear = span && row.place.offset - endOf(span) <= gapBytes;
    if (span && isNear === true && endOf(row.place) - span.offset <= pieceBytes) {
      span = { ...span, length: endOf(row.place) - span.offset };
      taken.push(row);
      continue;
    }
    if (span) yield { place: span, rows: taken };
    span = row.place;
    taken = [row];
  }
  if (span) yield { place: span, rows: taken };
}

async function readPlace(handle: FileHandle, place: ValuePlace, tooShort: () => Error): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(place.length);
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, place.offset + done);
    if (bytesRead === 0) throw tooShort();
    done += bytesRead;
  }
  return bytes;
}
