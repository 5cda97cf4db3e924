/**
 * One member put together: data directory, raft, state machine, transport and the parts of the driver between them. What
 * serves clients (services, HTTP) stands on this and knows none of it but `Member`.
 */
import {
  type Clock,
  type Logger,
  type Randomness,
  type Timer,
  OperatingError,
  createTaskGroup,
  messageOf,
} from '@flotilla/base';
import { type NodeId, type Raft, createRaft } from '@flotilla/raft';
import { type OpenDatabase, type OpenedState, type StoreErrorCode, openState } from '@flotilla/store';
import { Applier } from './driver/applier.ts';
import { Campaigning } from './driver/campaigning.ts';
import { Compaction } from './driver/compaction.ts';
import { Driver } from './driver/driver.ts';
import { Handover } from './driver/handover.ts';
import { Leadership } from './driver/leadership.ts';
import { Leases } from './driver/leases.ts';
import { LogWriter } from './driver/log-writer.ts';
import { Proposals } from './driver/proposals.ts';
import { Reads } from './driver/reads.ts';
import { SnapshotReceiver, SnapshotSender } from './driver/snapshots.ts';
import { StateMachine } from './driver/state-machine.ts';
import { startTicking } from './driver/ticking.ts';
import { type DataDirectory, openDataDirectory } from './log/data-directory.ts';
import type { Files } from './log/files.ts';
import { corrupt, idText, missing } from './log/refusal.ts';
import type { BrainMetrics } from './metrics.ts';
import type { BrainSettings } from './options.ts';
import { rolledBackText } from './transport/rollback.ts';
import type { PeerReceiver, PeerTransport } from './transport/transport.ts';

/** The world outside, as far as a member touches it. */
export interface MemberWorld {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly logger: Logger;
  readonly files: Files;
  /** LevelDB unless told. */
  readonly openDatabase?: OpenDatabase;
  /** Runs `callback` at the end of this turn of the event loop. */
  readonly endOfTurn: (callback: () => void) => void;
  readonly startTransport: (receiver: PeerReceiver) => PeerTransport;
  readonly metrics: BrainMetrics;
  /** Told once when the member can't go on. */
  readonly onFailure: (error: Error) => void;
}

/** A running member, as its services see it. */
export interface Member {
  readonly settings: BrainSettings;
  readonly machine: StateMachine;
  readonly raft: Pick<Raft, 'term' | 'commit' | 'leader' | 'status'>;
  readonly leadership: Leadership;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly leases: Leases;
  readonly handover: Handover;
  readonly requestTimeoutMs: number;
  readonly electionTimeoutMs: number;
  /** Lets another member lead, if this one does and another can. */
  handOver(): Promise<void>;
  /** Ends everything; what still waits for an answer fails. */
  close(): Promise<void>;
}

export async function startMember(settings: BrainSettings, world: MemberWorld): Promise<Member> {
  const failure = createFailure(world);
  const { data, opened } = await openData(settings, world, failure.fail);
  try {
    const { machine, raft } = await recover(settings, world, { data, opened, fail: failure.fail });
    return run(settings, world, { data, machine, raft, failure });
  } catch (error) {
    await opened.state.close();
    await data.log.close();
    throw error;
  }
}

interface Failure {
  readonly fail: (error: unknown) => void;
  /** From now on the member is closing: what fails then fails quietly. */
  silence(): void;
}

function createFailure({ onFailure, logger }: MemberWorld): Failure {
  let done = false;
  return {
    fail(error) {
      if (done) return;
      done = true;
      logger.error('the member stops', { err: error });
      onFailure(error instanceof Error ? error : new Error(messageOf(error)));
    },
    silence() {
      done = true;
    },
  };
}

interface OpenedData {
  readonly data: DataDirectory<OpenedState>;
  readonly opened: OpenedState;
}

async function openData(
  settings: BrainSettings,
  world: MemberWorld,
  fail: (error: unknown) => void,
): Promise<OpenedData> {
  const { files, clock, logger, openDatabase, metrics } = world;
  const identity = { clusterId: settings.membership.clusterId, memberId: settings.membership.self.id };
  let opened: OpenedState | undefined;
  try {
    const data = await openDataDirectory({
      files,
      directory: settings.dataDir,
      identity,
      clock,
      logger,
      openState: async ({ directory, isNew }) => {
        if (!isNew && (await files.list(directory)).length === 0) throw missing(directory, 'the log stands beside it');
        const options = { directory, ...identity, clock, logger, onFailure: fail };
        opened = await openState(openDatabase ? { ...options, openDatabase } : options);
        return opened;
      },
      onSync: (durationMs) => metrics.walSyncSeconds.observe(durationMs / 1000),
      onFailure: fail,
    });
    return { data, opened: data.state };
  } catch (error) {
    await opened?.state.close();
    throw error;
  }
}

/** Fits log and state together, and starts raft from them. */
async function recover(
  settings: BrainSettings,
  world: MemberWorld,
  { data, opened, fail }: OpenedData & { readonly fail: (error: unknown) => void },
): Promise<{ readonly machine: StateMachine; readonly raft: Raft }> {
  const { log, recovered } = data;
  const { store, state } = opened;
  const { appliedIndex, appliedTerm } = store;
  let { base, entries } = recovered;
  if (appliedIndex < base.index) {
    throw corrupt(
      settings.dataDir,
      0,
      `the log begins after entry ${base.index}, but the state ends with ${appliedIndex}`,
    );
  }
  const applied = entries[appliedIndex - base.index - 1];
  if (applied && applied.term !== appliedTerm) {
    const what = `the state holds entry ${appliedIndex} of term ${appliedTerm}, the log one of term ${applied.term}`;
    throw corrupt(settings.dataDir, 0, what);
  }
  if (appliedIndex > log.synced.index) {
    // Only a snapshot gets ahead of the log, and it was announced there.
    if (recovered.installing?.index !== appliedIndex) {
      const what = `the state holds entry ${appliedIndex}, but the log ends with ${log.synced.index}`;
      throw corrupt(settings.dataDir, 0, what);
    }
    base = { index: appliedIndex, term: appliedTerm };
    entries = [];
    await log.restart(base);
  }
  state.logSyncedTo(log.synced.index);
  const { clock, randomness } = world;
  const { watchProgressIntervalMs, membership } = settings;
  const machine = new StateMachine(opened, { clock, randomness, watchProgressIntervalMs, onFailure: fail });
  const config = { voters: membership.members.map((member) => member.id), votersOutgoing: [], learners: [] };
  const raft = createRaft({
    id: membership.self.id,
    config,
    electionTimeoutTicks: settings.electionTicks,
    random: () => randomness.next(),
    preVote: settings.preVote,
    initial: {
      hardState: { ...recovered.hardState, commit: Math.max(recovered.hardState.commit, appliedIndex) },
      snapshot: { ...base, config },
      // Views into a whole segment would keep it in memory for as long as one of them lives.
      entries: entries.map((entry) => ({ ...entry, data: new Uint8Array(entry.data) })),
      applied: appliedIndex,
    },
  });
  return { machine, raft };
}

interface Recovered {
  readonly data: DataDirectory<OpenedState>;
  readonly machine: StateMachine;
  readonly raft: Raft;
  readonly failure: Failure;
}

function run(settings: BrainSettings, world: MemberWorld, recovered: Recovered): Member {
  const { data, machine, raft, failure } = recovered;
  const { clock, randomness, logger } = world;
  const { log } = data;
  const self = settings.membership.self.id;
  const peers = settings.membership.members.map((member) => member.id).filter((id) => id !== self);
  const electionTimeoutMs = settings.electionTicks * settings.heartbeatMs;
  const requestTimeoutMs = 5000 + 2 * electionTimeoutMs;
  const tasks = createTaskGroup();
  const driver = new Driver({ endOfTurn: world.endOfTurn, onFailure: failure.fail });
  const { schedule } = driver;
  const leadership = new Leadership({ clock, self });
  const connected = (id: NodeId): boolean => transport.connected(id);

  const proposals = new Proposals({
    self,
    clock,
    randomness,
    requestTimeoutMs,
    maxRequestBytes: settings.maxRequestBytes,
    schedule,
    applyLag: () => raft.commit - machine.store.appliedIndex,
    timeoutReason: (startedMs) => timeoutReason({ startedMs, leadership, electionTimeoutMs, self, connected }),
  });
  const reads = new Reads({
    self,
    clock,
    randomness,
    requestTimeoutMs,
    schedule,
    appliedIndex: () => machine.store.appliedIndex,
  });
  const snapshotReceiver = new SnapshotReceiver({ machine, logger, receive: (messages) => driver.receive(messages) });
  const receiver: PeerReceiver = {
    lastSyncedIndex: () => log.synced.index,
    receive: (messages) => driver.receive(messages),
    unreachable(id) {
      raft.reportUnreachable(id);
    },
    dead: (id) => campaigning.peerDied(id),
    alive() {
      campaigning.consider();
      schedule();
    },
    admit: (from, lastIndex) => rolledBackText(raft, { from, lastIndex }),
    expelled: (reason) => failure.fail(new OperatingError('DISK_ROLLED_BACK', reason)),
    receiveSnapshot: (transfer) => snapshotReceiver.receive(transfer),
    answer: (_from, question) => leases.answer(question),
  };
  const transport = world.startTransport(receiver);
  const campaigning = new Campaigning({ raft, clock, randomness, peers, connected, schedule });
  const snapshotSender = new SnapshotSender({ raft, machine, transport, logger, signal: tasks.signal, schedule });
  const compaction = new Compaction({
    raft,
    log,
    machine,
    snapshotCount: settings.snapshotCount,
    catchUpEntries: settings.catchUpEntries,
    sendingSnapshot: () => snapshotSender.active,
    onFailure: failure.fail,
  });
  const leases = new Leases({
    machine,
    leadership,
    proposals,
    reads,
    transport,
    clock,
    logger,
    electionTimeoutMs,
    requestTimeoutMs,
    onFailure: failure.fail,
  });
  const applier = new Applier({
    machine,
    proposals,
    reads,
    onApplied(index) {
      compaction.applied(index);
      leases.consider(raft.term);
    },
  });
  const writer = new LogWriter({
    log,
    clock,
    async install(snapshot) {
      machine.replace(await snapshotReceiver.install(snapshot));
      compaction.restarted(snapshot.index);
    },
    onSynced(ready) {
      machine.state.logSyncedTo(log.synced.index);
      if (ready.snapshot) applier.resume();
      driver.synced(ready);
    },
    onFailure: failure.fail,
  });
  const handover = new Handover({ raft, leadership, writer, clock, electionTimeoutMs, connected, schedule });
  leadership.subscribe(() => {
    const fields = { leader: idText(leadership.leader), term: raft.term };
    logger.info(leadership.leads ? 'this member leads' : leadership.known ? 'a leader is known' : 'no leader', fields);
    leases.consider(raft.term);
    campaigning.consider();
  });

  driver.start({ raft, transport, writer, applier, proposals, reads, leadership, snapshotSender, snapshotReceiver });
  const ticking: Timer = startTicking({
    clock,
    raft,
    tickMs: settings.heartbeatMs,
    electionTicks: settings.electionTicks,
    afterPoll: world.endOfTurn,
    onTick() {
      const nowMs = clock.monotonicMs();
      proposals.expire(nowMs);
      reads.expire(nowMs);
      handover.considerDisk();
      campaigning.consider();
      schedule();
    },
  });
  campaigning.consider();
  compaction.applied(machine.store.appliedIndex);

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    failure.silence();
    ticking.cancel();
    campaigning.stop();
    leases.stop();
    proposals.failAll('serverStopped');
    reads.failAll('serverStopped');
    driver.stop();
    await tasks.close();
    await transport.close();
    await writer.idle();
    await machine.close();
    await log.close();
  };

  return {
    settings,
    machine,
    raft,
    leadership,
    proposals,
    reads,
    leases,
    handover,
    requestTimeoutMs,
    electionTimeoutMs,
    async handOver() {
      const result = await handover.away(electionTimeoutMs);
      if (result === 'timedOut') logger.warn('leadership was not handed over in time');
    },
    close: () => (closing ??= close()),
  };
}

/** Why a request got no answer in time, in etcd's words. */
function timeoutReason(given: {
  readonly startedMs: number;
  readonly leadership: Leadership;
  readonly electionTimeoutMs: number;
  readonly self: NodeId;
  readonly connected: (id: NodeId) => boolean;
}): StoreErrorCode {
  const { startedMs, leadership, electionTimeoutMs, self, connected } = given;
  if (!leadership.known) return 'timeout';
  const lostMs = leadership.sinceMs - 2 * electionTimeoutMs;
  if (startedMs > lostMs && startedMs < leadership.sinceMs) return 'timeoutLeaderFailure';
  return leadership.leader !== self && !connected(leadership.leader) ? 'timeoutConnectionLost' : 'timeout';
}
