/** Starts a member on a directory while no other member can be reached, and tells what it believes. */
import { codeOf, createManualClock, messageOf, seededRandomness, silentLogger } from '@flotilla/base';
import { type MemberWorld, brainSettings, createBrainMetrics, createSystemFiles, startMember } from '@flotilla/brain';
import type { MemberPlan } from '@flotilla/brain/test/cluster';
import { type Entry, type RaftOptions, createRaft } from '@flotilla/raft';
import { hashState } from '@flotilla/store';

export interface Started {
  readonly kind: 'started';
  readonly term: number;
  readonly vote: bigint;
  /** Of its log. */
  readonly lastIndex: number;
  /** As they are in its log, from its compaction point on. */
  readonly entries: readonly Entry[];
  readonly appliedIndex: number;
  readonly stateHash: number;
}

export type LoneStart =
  Started | { readonly kind: 'refused'; readonly code: string | undefined; readonly message: string };

export async function startAlone(plan: MemberPlan, directory: string): Promise<LoneStart> {
  let found: RaftOptions | undefined;
  const failures: Error[] = [];
  const world: MemberWorld = {
    // Time stands still: nobody campaigns.
    clock: createManualClock(),
    randomness: seededRandomness(1),
    logger: silentLogger,
    files: createSystemFiles(),
    metrics: createBrainMetrics(),
    endOfTurn: (callback) => void setImmediate(callback),
    soon: (callback) => void setImmediate(callback),
    createRaft(options) {
      found = options;
      return createRaft(options);
    },
    startTransport: () => ({
      setPeers: () => undefined,
      send: () => undefined,
      sendSnapshot: () => Promise.reject(new Error('nobody is there')),
      ask: () => Promise.reject(new Error('nobody is there')),
      connected: () => false,
      close: () => Promise.resolve(),
    }),
    onFailure: (error) => failures.push(error),
  };
  try {
    const member = await startMember(brainSettings({ ...plan.options, 'data-dir': directory }), world);
    const { store } = member.machine;
    const told = { appliedIndex: store.appliedIndex, stateHash: hashState(store) };
    await member.close();
    if (failures[0]) throw failures[0];
    return { kind: 'started', ...told, ...believed(found) };
  } catch (error) {
    return { kind: 'refused', code: codeOf(error), message: messageOf(error) };
  }
}

function believed(options: RaftOptions | undefined): Pick<Started, 'term' | 'vote' | 'lastIndex' | 'entries'> {
  const { hardState, entries = [], snapshot } = options?.initial ?? {};
  return {
    term: hardState?.term ?? 0,
    vote: hardState?.vote ?? 0n,
    lastIndex: entries.at(-1)?.index ?? snapshot?.index ?? 0,
    entries,
  };
}
