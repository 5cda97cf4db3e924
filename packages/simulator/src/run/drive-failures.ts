/** Whether a member may end, or not begin, because of its drive: only when that has failed it, or had no room, in this very run. */
import type { Drive } from '../disk/drive.ts';

/** How a member ended that nobody had killed. */
export type EndKind = 'refuses to start' | 'stops' | 'does not stop in good order';

/** What stops a member whose drive has failed it; anything else that does is a bug. */
const diskFailures = new Set(['LOG_WRITE_FAILED', 'STATE_WRITE_FAILED', 'EIO']);
/** A member that runs outlives a full disk; one that starts or stops may say one of these. */
const wantsOfRoom = new Set([
  ...diskFailures,
  'ENOSPC',
  'DATA_NO_ROOM',
  'DATA_DIRECTORY',
  'STATE_NO_ROOM',
  'STATE_SPENT',
]);

export class DriveFailures {
  readonly #drive: Drive;
  readonly #before: { readonly failures: number; readonly refusals: number };

  /** As a run begins. */
  constructor(drive: Drive) {
    this.#drive = drive;
    this.#before = { failures: drive.failures, refusals: drive.refusals };
  }

  explain(code: string, how: EndKind): boolean {
    const hasFailed = this.#drive.failures > this.#before.failures && diskFailures.has(code);
    const hadNoRoom = this.#drive.refusals > this.#before.refusals && wantsOfRoom.has(code) && how !== 'stops';
    return hasFailed || hadNoRoom;
  }
}
