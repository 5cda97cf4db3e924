/**
 * The CRI log format: `<RFC 3339 time> <stdout|stderr> <F|P> <text>\n`. `P` marks a piece that its line goes on after, `F` the end of
 * a line. Text stays bytes: programs may write anything.
 */

export type LogStream = 'stdout' | 'stderr';

export interface LogEntry {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  /** As written. */
  readonly time: string;
  readonly stream: LogStream;
  /** The line ends here. */
  readonly full: boolean;
  readonly text: Buffer;
}

const newline = 0x0a;
const blank = 0x20;

/** Longest piece of a line in one entry, bytes: the standard's own 16 KiB. */
const pieceMaxBytes = 16 * 1024;

/**
 * Formats all whole lines of `raw`, the pieces of an overlong last one, and with `ended` the rest as well.
 * `consumedBytes` says how much of `raw` the entries cover.
 */
export function formatEntries(
  raw: Buffer,
  { stream, time, ended }: { readonly stream: LogStream; readonly time: string; readonly ended: boolean },
): { readonly entries: Buffer; readonly consumedBytes: number } {
  const fullPrefix = Buffer.from(`${time} ${stream} F `);
  const partPrefix = Buffer.from(`${time} ${stream} P `);
  const lineEnd = Buffer.from('\n');
  const parts: Buffer[] = [];
  let position = 0;
  while (position < raw.length) {
    const end = raw.indexOf(newline, position);
    if (end !== -1 && end - position <= pieceMaxBytes) {
      parts.push(fullPrefix, raw.subarray(position, end + 1));
      position = end + 1;
      continue;
    }
    const piece = raw.subarray(position, position + pieceMaxBytes);
    if (end === -1 && piece.length < pieceMaxBytes && !ended) break;
    parts.push(partPrefix, piece, lineEnd);
    position += piece.length;
  }
  return { entries: Buffer.concat(parts), consumedBytes: position };
}

/** Reads one entry without its newline; undefined when it is none. */
export function parseEntry(line: Buffer): LogEntry | undefined {
  const afterTime = line.indexOf(blank);
  const afterStream = line.indexOf(blank, afterTime + 1);
  const afterTag = line.indexOf(blank, afterStream + 1);
  if (afterTime <= 0 || afterStream <= 0 || afterTag <= 0) return undefined;
  const time = line.toString('latin1', 0, afterTime);
  const stream = line.toString('latin1', afterTime + 1, afterStream);
  const tag = line.toString('latin1', afterStream + 1, afterTag);
  const timeMs = Date.parse(time);
  if (Number.isNaN(timeMs) || (stream !== 'stdout' && stream !== 'stderr')) return undefined;
  return { timeMs, time, stream, full: tag === 'F', text: line.subarray(afterTag + 1) };
}

/** RFC 3339 with the nine digits that log readers expect. */
export function logTime(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, -1)}000000Z`;
}
