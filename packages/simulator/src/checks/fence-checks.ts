/**
 * Locks: a write that is fenced by its holder's key (it happens only while that key is as its holder made it) never follows one
 * of a later holder.
 */
import type { EtcdInput, KeyspaceState } from '../linearizability/etcd-model.ts';
import type { Verdict } from './verdict.ts';

/** Fenced writes go to keys under this. */
export const fencePrefix = 'fence/';

export class FenceChecks {
  readonly #verdict: Verdict;
  /** Fenced key → create revision of its last writer's lock key. */
  readonly #tokens = new Map<string, number>();

  constructor(verdict: Verdict) {
    this.#verdict = verdict;
  }

  applied(input: EtcdInput, before: KeyspaceState, after: KeyspaceState): void {
    if (input.kind !== 'txn' || before === after) return;
    for (const operation of input.success) {
      if (operation.kind !== 'put' || !operation.key.startsWith(fencePrefix)) continue;
      const token = Number(input.compares[0]?.equals);
      const last = this.#tokens.get(operation.key) ?? 0;
      if (token < last) {
        this.#verdict.violate(
          `${operation.key} is written by the holder of ${token}, after the holder of ${last} wrote`,
        );
      }
      this.#tokens.set(operation.key, token);
    }
  }
}
