/**
 * What befalls a machine's disk that no crash does: files are damaged, or all of it is put back to what it was at an earlier stop.
 * Its member must notice, and is then its operator's to replace.
 */
import type { NodeId } from '@flotilla/raft';
import { configText } from '../checks/membership-model.ts';
import type { Volume, VolumeCopy } from '../disk/volume.ts';
import type { Chance } from '../world/chance.ts';
import type { MemberRun } from './member-run.ts';
import type { Surroundings } from './surroundings.ts';

/** A member that finds its files damaged says one of these, and does not start. */
const refusals = new Set([
  'DATA_CORRUPT',
  'DATA_MISSING',
  'DATA_FORMAT',
  'STATE_DAMAGED',
  'STATE_FOREIGN',
  'STATE_FORMAT',
]);

/** Of the disk, when it last stopped in good order, and what the member had promised and whom it counted by then. */
interface Copy {
  readonly volume: VolumeCopy;
  readonly promise: string;
  readonly config: string;
}

export class DiskFate {
  readonly #volume: Volume;
  readonly #surroundings: Surroundings;
  #copy: Copy | undefined;
  #isDamaged = false;
  #isRolledBack = false;
  #isLost = false;
  #faults = 0;

  constructor(volume: Volume, surroundings: Surroundings) {
    this.#volume = volume;
    this.#surroundings = surroundings;
  }

  /** How often something was done to it. */
  get faults(): number {
    return this.#faults;
  }

  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** Its files are damaged or older than what the member had confirmed, and the member has said so. */
  get isLost(): boolean {
    return this.#isLost;
  }

  get hasCopy(): boolean {
    return this.#copy !== undefined;
  }

  /** The member has stopped in good order. */
  copy(id: NodeId, { raft }: MemberRun): void {
    const config = raft ? configText(raft.config) : '';
    this.#copy = { volume: this.#volume.copy(), promise: this.#surroundings.durable.promiseOf(id), config };
  }

  /** What was durable is damaged. @returns what, in words */
  damage(chance: Chance): string {
    this.#faults++;
    this.#isDamaged = true;
    const what = this.#volume.damage(chance);
    this.#surroundings.marks.hit('files damaged');
    return what;
  }

  /**
   * Goes back to the copy. Only where the cluster can bear it: a majority of disks must live, so the others hold all that is
   * forgotten here, and no vote and no change of the members is forgotten.
   * @param note told when it is done
   */
  rollBack(id: NodeId, { others, note }: { readonly others: readonly NodeId[]; readonly note: () => void }): void {
    const copy = this.#copy;
    const { durable, marks, ledger } = this.#surroundings;
    const isBorne =
      copy &&
      copy.config === configText(ledger.membership.now.config) &&
      copy.promise === durable.promiseOf(id) &&
      durable.isHeldByAll(id, others);
    if (!isBorne) return;
    this.#faults++;
    marks.hit('disk rolled back');
    note();
    this.#isRolledBack = true;
    this.#volume.rollBack(copy.volume);
    durable.forget(id);
  }

  /** Whether a member that ended with this code has noticed what was done to its disk. */
  isNoticed(code: string, { isSettled }: { readonly isSettled: boolean }): boolean {
    // Without a witness it takes itself for a newcomer, and the others know better.
    const isRefused = refusals.has(code) || (isSettled && code === 'JOIN_FAILED');
    if (this.#isDamaged && isRefused) return this.#lose('damage refused');
    return this.#isRolledBack && code === 'DISK_ROLLED_BACK' && this.#lose('rolled back disk found');
  }

  #lose(mark: 'damage refused' | 'rolled back disk found'): true {
    this.#surroundings.marks.hit(mark);
    this.#isLost = true;
    return true;
  }
}
