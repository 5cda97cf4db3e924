/**
 * Which tables a database consists of. Its manifest is a log of edits: tables that came, and tables that went. What came and has not
 * gone is live; any other table in the directory was not finished, or is not removed yet.
 */
import { FieldReader } from './field-reader.ts';
import { type LevelFile, damagedAt } from './level-file.ts';
import { logRecords } from './log-records.ts';

export interface LiveTable {
  readonly number: number;
  readonly bytes: number;
}

/** What can stand in an edit. */
const comparator = 1;
const logNumber = 2;
const nextFileNumber = 3;
const lastSequence = 4;
const compactPointer = 5;
const deletedTable = 6;
const newTable = 7;
const previousLogNumber = 9;

/** By number. @throws OperatingError `STATE_DAMAGED` */
export function liveTables(manifest: LevelFile): readonly LiveTable[] {
  /** Level and number: an edit may move a table to the next level. */
  const live = new Map<string, LiveTable>();
  for (const { offset, content } of logRecords(manifest)) {
    const reader = new FieldReader(content);
    while (!reader.isAtEnd) applyField(reader, live);
    if (reader.isOdd) throw damagedAt(manifest, offset, 'the record there has a field that LevelDB does not write');
  }
  return [...live.values()].sort((a, b) => a.number - b.number);
}

/** In an edit what went stands before what came. */
function applyField(reader: FieldReader, live: Map<string, LiveTable>): void {
  const field = reader.number();
  switch (field) {
    case comparator:
      reader.text();
      break;
    case logNumber:
    case nextFileNumber:
    case lastSequence:
    case previousLogNumber:
      reader.number();
      break;
    case compactPointer:
      reader.number();
      reader.text();
      break;
    case deletedTable:
      live.delete(placeOf(reader.number(), reader.number()));
      break;
    case newTable: {
      const level = reader.number();
      const table = { number: reader.number(), bytes: reader.number() };
      // Its first and last key.
      reader.text();
      reader.text();
      if (!reader.isOdd) live.set(placeOf(level, table.number), table);
      break;
    }
    default:
      reader.isOdd = true;
  }
}

function placeOf(level: number, number: number): string {
  return `${level}/${number}`;
}
