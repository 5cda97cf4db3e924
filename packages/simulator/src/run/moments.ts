/** The moments of a member at which a fault is worth more than at other times. Whoever strikes waits for one of them. */
import type { RaftMoment } from '../checks/observed-raft.ts';

export type Moment = RaftMoment | 'logWrite' | 'witnessWrite' | 'stateWrite' | 'snapshot';

export class Moments {
  readonly #awaited = new Map<Moment, () => void>();

  /** Calls `act` once, when that next happens. Who waited for the same before waits no longer. */
  atNext(moment: Moment, act: () => void): void {
    this.#awaited.set(moment, act);
  }

  comes(moment: Moment): void {
    const act = this.#awaited.get(moment);
    this.#awaited.delete(moment);
    act?.();
  }
}
