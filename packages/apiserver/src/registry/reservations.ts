/**
 * Things of which each may have one owner, such as addresses: a key for each that is taken. Taking is a compare in the
 * owner's own transaction, so two owners can't get the same one, on however many API servers.
 */
import type { Randomness } from '@flotilla/base';
import { type EtcdClient, type Operation, prefixRange } from '@flotilla/etcd-client';
import type { Guard } from '../store/guard.ts';

/** The candidates, numbered. */
export interface Candidates {
  readonly size: number;
  at(index: number): string;
}

export interface Reservations {
  /** Draws a free one, undefined when none is left. It is only taken by a transaction with its guard and operation. */
  draw(candidates: Candidates, signal: AbortSignal): Promise<string | undefined>;
  /** @param taken makes the refusal when the thing has an owner; `retry` draws another one. */
  take(
    thing: string,
    owner: string,
    taken: () => Error | 'retry',
  ): { readonly guard: Guard; readonly operation: Operation };
  release(thing: string): Operation;
}

/** Draws at random before the taken ones are listed: most often it hits a free one. */
const blindDraws = 4;

export function reservations(client: EtcdClient, prefix: string, randomness: Randomness): Reservations {
  const draw = (size: number): number => Math.floor(randomness.next() * size);
  const isFree = async (thing: string, signal: AbortSignal): Promise<boolean> => {
    const { count } = await client.kv.range({ key: prefix + thing, countOnly: true }, { signal });
    return count === 0;
  };

  return {
    async draw(candidates, signal) {
      for (let tries = 0; tries < blindDraws; tries++) {
        const thing = candidates.at(draw(candidates.size));
        if (await isFree(thing, signal)) return thing;
      }
      const { kvs } = await client.kv.range({ ...prefixRange(prefix), keysOnly: true }, { signal });
      const taken = new Set(kvs.map(({ key }) => Buffer.from(key).toString().slice(prefix.length)));
      const start = draw(candidates.size);
      for (let step = 0; step < candidates.size; step++) {
        const thing = candidates.at((start + step) % candidates.size);
        if (!taken.has(thing)) return thing;
      }
      return undefined;
    },
    take(thing, owner, taken) {
      const key = prefix + thing;
      const guard: Guard = {
        compares: [{ key, target: 'createRevision', result: 'equal', operand: 0 }],
        probes: [{ key, keysOnly: true }],
        verdict([found]) {
          if ((found ?? []).length === 0) return 'held';
          const refusal = taken();
          if (refusal === 'retry') return 'retry';
          throw refusal;
        },
      };
      return { guard, operation: { type: 'put', key, value: owner } };
    },
    release: (thing) => ({ type: 'deleteRange', key: prefix + thing }),
  };
}
