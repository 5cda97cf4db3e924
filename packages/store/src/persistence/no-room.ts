/**
 * How a state database says that its disk has no room. Two ways, because LevelDB can't go on after a write that failed: its log
 * may end in half a record, behind which nothing would be found again, and a compaction that failed it remembers for good.
 */
import { OperatingError, codeOf } from '@flotilla/base';

const codes = new Set(['ENOSPC', 'EDQUOT', 'STATE_NO_ROOM', 'STATE_SPENT']);

/** What the systems say that LevelDB runs on; it passes on the text and not the code. */
const text = /no space left on device|dis[ck] quota exceeded|not enough space on the disk/i;

/** LevelDB found no room, as far as its message tells. */
export function tellsNoRoom(message: string): boolean {
  return text.test(message);
}

/** Nothing has changed, and the same can be tried again, on the same database. */
export function noRoom(where: string, cause: unknown): OperatingError {
  return new OperatingError('STATE_NO_ROOM', `no room on the disk for ${where}: make room, then start again`, {
    cause,
  });
}

/** The database takes no batch any more, and is to be opened anew; what it held can still be read. */
export function spent(where: string, cause: unknown): OperatingError {
  return new OperatingError('STATE_SPENT', `no room on the disk for ${where}: make room, then start again`, { cause });
}

/** Whether it was want of room that made a write of the state fail. */
export function isNoRoom(error: unknown): boolean {
  return codes.has(codeOf(error) ?? '');
}
