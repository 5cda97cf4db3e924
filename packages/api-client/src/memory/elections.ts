/** The in-memory server's leases and elections: the oldest candidate leads, and a fence holds while its key leads. */
import { type Clock, type Timer, assert, OperatingError } from '@flotilla/base';
import type { ElectionService } from '../election-service.ts';
import { apiUnreachable } from '../errors.ts';
import type { Fence } from '../transport.ts';

export interface MemoryElections extends ElectionService {
  holds(fence: Fence): boolean;
  /** Ends a leader's lease, as if its keep-alives had stopped arriving. */
  deposeLeader(name: string): void;
  leader(name: string): string | undefined;
}

interface Candidacy {
  readonly name: string;
  readonly identity: string;
  readonly lease: bigint;
  readonly key: string;
  readonly createRevision: number;
}

export interface MemoryElectionsOptions {
  readonly clock: Clock;
  /** Lets a revision of the store pass. */
  tick(): number;
  revision(): number;
}

export function createMemoryElections({ clock, tick, revision }: MemoryElectionsOptions): MemoryElections {
  const leases = new Map<bigint, { readonly ttlSeconds: number; timer: Timer }>();
  const line: Candidacy[] = [];
  const watchers = new Set<() => void>();
  let nextLease = 1n;

  const changed = (): void => {
    for (const wake of watchers) wake();
  };
  const expire = (lease: bigint): void => {
    leases.get(lease)?.timer.cancel();
    leases.delete(lease);
    tick();
    for (const candidacy of line.filter((one) => one.lease === lease)) line.splice(line.indexOf(candidacy), 1);
    changed();
  };
  const expireLater = (lease: bigint, ttlSeconds: number): Timer =>
    clock.after(ttlSeconds * 1000, () => expire(lease), { unref: true });
  const leaderOf = (name: string): Candidacy | undefined => line.find((one) => one.name === name);

  const until = (condition: () => boolean, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        watchers.delete(check);
        signal?.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        leave();
        reject(new OperatingError(apiUnreachable, 'the call was cancelled'));
      };
      const check = (): void => {
        if (!condition()) return;
        leave();
        resolve();
      };
      if (signal?.aborted === true) return abort();
      watchers.add(check);
      signal?.addEventListener('abort', abort, { once: true });
      check();
    });

  return {
    grant(ttlSeconds) {
      const lease = nextLease++;
      leases.set(lease, { ttlSeconds, timer: expireLater(lease, ttlSeconds) });
      return Promise.resolve({ lease, ttlSeconds });
    },
    revoke(lease) {
      expire(lease);
      return Promise.resolve();
    },
    async *keepAlive(lease, ticks) {
      for await (const _ of ticks) {
        const held = leases.get(lease);
        held?.timer.cancel();
        if (held) held.timer = expireLater(lease, held.ttlSeconds);
        yield held ? held.ttlSeconds : 0;
      }
    },
    async campaign({ name, identity, lease }, { signal }) {
      const key = `/flotilla/elections/${name}/${lease.toString(16)}`;
      let own = line.find((one) => one.key === key);
      if (!own) {
        assert(leases.has(lease), 'a candidate campaigns under a lease that lives');
        own = { name, identity, lease, key, createRevision: tick() };
        line.push(own);
      }
      const candidacy = own;
      await until(() => leaderOf(name) === candidacy || !line.includes(candidacy), signal);
      if (!line.includes(candidacy)) throw new OperatingError(apiUnreachable, 'election: session expired');
      const fence = { key: Buffer.from(key), createRevision: candidacy.createRevision };
      return { fence, electedRevision: revision() };
    },
    holds({ key, createRevision }) {
      const text = Buffer.from(key).toString();
      const candidacy = line.find((one) => one.key === text && one.createRevision === createRevision);
      return candidacy !== undefined && leaderOf(candidacy.name) === candidacy;
    },
    deposeLeader(name) {
      const leader = leaderOf(name);
      if (leader) expire(leader.lease);
    },
    leader: (name) => leaderOf(name)?.identity,
  };
}
