/** Clients that read, write, watch, keep leases and house while the members under them come and go. */
import { setMaxListeners } from 'node:events';
import { putRequest } from '@flotilla/simulator';
import { clampInteger } from '@flotilla/wire';
import { insistently } from './attempts.ts';
import { Callers } from './callers.ts';
import { type HousekeepingOptions, keepHouse, visit } from './housekeeping.ts';
import { KeyClient, type Work } from './key-clients.ts';
import { keepLeases } from './lease-clients.ts';
import { type Memory, createMemory } from './memory.ts';
import { pause } from './pause.ts';
import type { Stage } from './stage.ts';
import { followEverything } from './watchers.ts';

const keyClients = 8;
const leaseClients = 3;
const visitors = 2;

export interface CrowdOptions extends HousekeepingOptions {
  /** In [0, 1) */
  readonly random: () => number;
}

export interface Crowd {
  readonly memory: Memory;
  readonly callers: Callers;
  /** Aborted once everything must end. */
  readonly stopped: AbortSignal;
  /** Ends the work; resolves when every watcher has seen the last change, all leases ended. */
  settle(): Promise<void>;
  /** Ends everything at once, whatever was seen. Idempotent. */
  stop(): void;
}

export function startCrowd(stage: Stage, { random, ...housekeeping }: CrowdOptions): Crowd {
  const callers = new Callers(stage, random);
  const memory = createMemory();
  let isOver = false;
  const ending = new AbortController();
  const stopping = new AbortController();
  const stopped = stopping.signal;
  // As many as there are watchers, and what the operator waits for.
  setMaxListeners(0, ending.signal, stopped);
  const work: Work = { stage, callers, memory, random, isOver: () => isOver, stopped };
  const follow = (kind: string, first: number): Promise<void>[] =>
    stage.voters.map((member) => {
      const name = `${kind} at ${stage.nameOf(member)}`;
      return followEverything(callers, { name, member, first, memory, end: ending.signal });
    });
  const watching = follow('a watcher', 1);
  const working = [
    ...Array.from({ length: keyClients }, (_, number) => new KeyClient(work, number + 1).run()),
    ...Array.from({ length: leaseClients }, (_, number) => keepLeases(work, number + 1)),
    ...Array.from({ length: visitors }, (_, number) => visit(work, number + 1)),
    keepHouse(work, housekeeping),
  ];
  return {
    memory,
    callers,
    stopped,
    async settle() {
      isOver = true;
      await Promise.all(working);
      const end = putRequest({ kind: 'put', key: 'end', value: 'end', lease: '' });
      const last = await insistently(() => callers.any().client.kv.Put(end), stopped);
      const revision = clampInteger(last.header?.revision);
      // What each member holds in the end is seen by one that looks at all of it at once.
      watching.push(...follow('a late watcher', Math.max(1, memory.compacted)));
      while (memory.watches.some(({ next, isVisitor }) => next <= revision && !isVisitor)) {
        stopped.throwIfAborted();
        await pause(20);
      }
      ending.abort();
      await Promise.all(watching);
      callers.close();
    },
    stop() {
      isOver = true;
      for (const one of working) one.catch(() => 'broken off');
      stopping.abort();
      ending.abort();
      callers.close();
    },
  };
}
