/** What a member finds on its disk: opened, fitted together, and raft and the state machine started from it. */
import { OperatingError, messageOf } from '@flotilla/base';
import { type Config, type Raft, createRaft, decodeConfig } from '@flotilla/raft';
import { type OpenedState, isNoRoom, openDiskDatabase, openState } from '@flotilla/store';
import { StateMachine } from '../driver/state-machine.ts';
import { type DataDirectory, openDataDirectory } from '../log/data-directory.ts';
import { type FittingLog, forceNewCluster } from '../cluster/force-new-cluster.ts';
import { initialMembershipOf } from '../cluster/membership.ts';
import { corrupt, missing } from '../log/refusal.ts';
import type { BrainSettings } from '../options.ts';
import { HeldState } from './held-state.ts';
import type { MemberWorld } from './world.ts';

/**
 * Between two slices of a compaction (a few hundred versions, some tenths of a millisecond of work), so that requests hardly notice
 * it. etcd does 1,000 versions, then waits for 10 ms.
 */
const compactionPauseMs = 2;
/** And at least so many times as long as the slice took: a slow processor has requests to answer too. */
const compactionPauseShare = 3;

export interface OpenedData {
  readonly data: DataDirectory<OpenedState>;
  readonly opened: OpenedState;
  readonly heldState: HeldState;
}

const enoughRoom = { isLow: () => false };

/** Opens the data directory, or makes it. */
export async function openData(
  settings: BrainSettings,
  world: MemberWorld,
  fail: (error: unknown) => void,
): Promise<OpenedData> {
  const { files, clock, logger, openStateDirectory, segmentBytes, lag, metrics, diskRoom = enoughRoom } = world;
  const heldState = new HeldState({ room: diskRoom, clock, logger, directory: settings.dataDir });
  const openDatabase = heldState.holding(world.openDatabase ?? openDiskDatabase);
  const identity = { clusterId: settings.membership.clusterId, memberId: settings.membership.self.id };
  let opened: OpenedState | undefined;
  try {
    const data = await openDataDirectory({
      files,
      directory: settings.dataDir,
      identity,
      clock,
      logger,
      openState: async ({ directory, isNew, onLocked }) => {
        if (!isNew && (await files.list(directory)).length === 0) throw missing(directory, 'the log stands beside it');
        const onWrite = (durationMs: number): void => metrics.stateWriteSeconds.observe(durationMs / 1000);
        opened = await openState({
          directory,
          ...identity,
          initialMembership: initialMembershipOf(settings.membership),
          clock,
          onWrite,
          onLocked,
          onFailure: fail,
          defer(slice, tookMs) {
            const pauseMs = Math.max(compactionPauseMs, compactionPauseShare * tookMs);
            clock.after(pauseMs, slice, { unref: true });
          },
          ...(lag && { lagMs: lag.stateMs }),
          openDatabase,
          room: heldState.room,
          ...(openStateDirectory && { openDirectory: openStateDirectory }),
        });
        return opened;
      },
      ...(segmentBytes !== undefined && { segmentBytes }),
      ...(lag && { witnessLagMs: lag.witnessMs }),
      onSync(durationMs, bytes) {
        metrics.walSyncSeconds.observe(durationMs / 1000);
        metrics.walBytes.add(bytes);
      },
      onFailure: fail,
    });
    return { data, opened: data.state, heldState };
  } catch (error) {
    await opened?.state.close();
    throw clearly(settings.dataDir, error);
  }
}

/** A start on a full disk that says so in the words of the system. */
function clearly(directory: string, error: unknown): unknown {
  if (error instanceof OperatingError || !isNoRoom(error)) return error;
  return new OperatingError(
    'DATA_NO_ROOM',
    `no room on the disk for ${directory} (${messageOf(error)}): make room, then start again`,
    { cause: error },
  );
}

/** Fits log and state together, and starts state machine and raft from them. */
export async function recover(
  settings: BrainSettings,
  world: MemberWorld,
  { data, opened, fail }: Omit<OpenedData, 'heldState'> & { readonly fail: (error: unknown) => void },
): Promise<{ readonly machine: StateMachine; readonly raft: Raft }> {
  const { log } = data;
  const { store, state } = opened;
  const { clock, randomness, endOfTurn, metrics, logger } = world;
  const { watchProgressIntervalMs, authTokenTtlMs, membership, dataDir: directory } = settings;
  const fitting = await fitTogether(directory, { data, opened });
  const recovered = settings.forceNewCluster
    ? await forceNewCluster(fitting, { self: membership.self.id, directory, store, log, randomness, logger })
    : fitting;
  const { base, entries } = recovered;
  state.logSyncedTo(log.synced.index);
  const given = { clock, randomness, endOfTurn, metrics, onFailure: fail };
  const options = { ...given, watchProgressIntervalMs, authTokenTtlMs };
  const machine = new StateMachine(opened, options);
  const lastIndex = entries.at(-1)?.index ?? base.index;
  const known = store.membership.config;
  const config = known ? decodeConfig(known) : newcomer;
  const raft = (world.createRaft ?? createRaft)({
    id: membership.self.id,
    config,
    electionTimeoutTicks: settings.electionTicks,
    random: () => randomness.next(),
    preVote: settings.preVote,
    initial: {
      // The commit index is a hint that stands before the entries of its batch: a crash may have cut those off.
      hardState: {
        ...recovered.hardState,
        commit: Math.min(Math.max(recovered.hardState.commit, store.appliedIndex), lastIndex),
      },
      snapshot: { ...base, config },
      entries,
      applied: store.appliedIndex,
      config,
    },
  });
  return { machine, raft };
}

/** The configuration of a member that waits for its first snapshot. */
const newcomer: Config = { voters: [], votersOutgoing: [], learners: [] };

/** The log as it goes on from the state. @throws OperatingError when one of them belongs to another time. */
async function fitTogether(directory: string, { data, opened }: Omit<OpenedData, 'heldState'>): Promise<FittingLog> {
  const { log, recovered } = data;
  const { base, entries, hardState } = recovered;
  const { appliedIndex, appliedTerm } = opened.store;
  const refusal = (what: string): Error => corrupt(directory, 0, what);
  if (appliedIndex < base.index) {
    throw refusal(`the log begins after entry ${base.index}, but the state ends with ${appliedIndex}`);
  }
  const applied = entries[appliedIndex - base.index - 1];
  if (applied && applied.term !== appliedTerm) {
    throw refusal(`the state holds entry ${appliedIndex} of term ${appliedTerm}, the log one of term ${applied.term}`);
  }
  if (appliedIndex <= log.synced.index) return { base, entries, hardState };
  // Only a snapshot gets ahead of the log, and it was announced there.
  if (recovered.installing?.index !== appliedIndex) {
    throw refusal(`the state holds entry ${appliedIndex}, but the log ends with ${log.synced.index}`);
  }
  const position = { index: appliedIndex, term: appliedTerm };
  await log.restart(position);
  return { base: position, entries: [], hardState };
}
