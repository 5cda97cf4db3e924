/** Clients that read, write, watch and keep leases while the members under them come and go. */
import { putRequest } from '@flotilla/simulator';
import { connect } from '@flotilla/brain/test/cluster';
import { clampInteger } from '@flotilla/wire';
import { insistently } from './attempts.ts';
import { KeyClient, type Work } from './key-clients.ts';
import { keepLeases } from './lease-clients.ts';
import { type Memory, createMemory } from './memory.ts';
import { pause } from './pause.ts';
import type { Stage } from './stage.ts';
import { followEverything } from './watchers.ts';

const keyClients = 8;
const leaseClients = 3;

export interface Crowd {
  readonly memory: Memory;
  /** Ends the work; resolves when every watcher has seen the last change, all leases ended. */
  settle(): Promise<void>;
  /** Ends everything at once, whatever was seen. Idempotent. */
  stop(): void;
}

/** @param random in [0, 1) */
export function startCrowd(stage: Stage, random: () => number): Crowd {
  const clients = stage.endpoints.map(connect);
  const memory = createMemory();
  let isOver = false;
  const ending = new AbortController();
  const stopping = new AbortController();
  const stopped = stopping.signal;
  const work: Work = { stage, clients, memory, random, isOver: () => isOver, stopped };
  const follow = (prefix: string): Promise<void>[] =>
    clients.map((client, i) =>
      followEverything(client, { name: `${prefix} at m${i + 1}`, memory, end: ending.signal }),
    );
  const watching = follow('a watcher');
  const working = [
    ...Array.from({ length: keyClients }, (_, number) => new KeyClient(work, number + 1).run()),
    ...Array.from({ length: leaseClients }, (_, number) => keepLeases(work, number + 1)),
  ];
  return {
    memory,
    async settle() {
      isOver = true;
      await Promise.all(working);
      const end = putRequest({ kind: 'put', key: 'end', value: 'end', lease: '' });
      const last = await insistently(() => clients[0]?.kv.Put(end), stopped);
      const revision = clampInteger(last.header?.revision);
      // What each member holds in the end is seen by one that looks at all of it at once.
      watching.push(...follow('a late watcher'));
      while (memory.watches.some(({ next }) => next <= revision)) {
        stopped.throwIfAborted();
        await pause(20);
      }
      ending.abort();
      await Promise.all(watching);
      for (const client of clients) client.close();
    },
    stop() {
      isOver = true;
      for (const one of working) one.catch(() => 'broken off');
      stopping.abort();
      ending.abort();
      for (const client of clients) client.close();
    },
  };
}
