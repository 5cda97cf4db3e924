/**
 * The parts of a running member and who knows whom. Each part takes what it needs by name; this is the only place that knows
 * them all.
 */
import { OperatingError, type TaskGroup, createTaskGroup } from '@flotilla/base';
import type { NodeId, Raft } from '@flotilla/raft';
import { CorruptionChecks } from '../corruption/corruption-checks.ts';
import { Applier } from '../driver/applier.ts';
import { Campaigning } from '../driver/campaigning.ts';
import { Compaction } from '../driver/compaction.ts';
import { Driver } from '../driver/driver.ts';
import { Handover } from '../driver/handover.ts';
import { Leadership } from '../driver/leadership.ts';
import { Leases } from '../driver/leases.ts';
import { LogWriter } from '../driver/log-writer.ts';
import { Proposals } from '../driver/proposals.ts';
import { Reads } from '../driver/reads.ts';
import { SnapshotReceiver, SnapshotSender } from '../driver/snapshots.ts';
import { SpaceQuota } from '../driver/space-quota.ts';
import type { StateMachine } from '../driver/state-machine.ts';
import { timeoutReason } from '../driver/timeout-reason.ts';
import type { DurableLog } from '../log/durable-log.ts';
import type { BrainSettings } from '../options.ts';
import { rolledBackText } from '../transport/rollback.ts';
import type { PeerReceiver, PeerTransport } from '../transport/transport.ts';
import type { Failure } from './failure.ts';
import type { MemberWorld } from './world.ts';

/** What is there before any part: what the disk held, and the world. */
export interface Foundation {
  readonly settings: BrainSettings;
  readonly world: MemberWorld;
  readonly log: DurableLog;
  readonly machine: StateMachine;
  readonly raft: Raft;
  readonly failure: Failure;
}

export interface MemberParts {
  readonly driver: Driver;
  readonly transport: PeerTransport;
  readonly leadership: Leadership;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly leases: Leases;
  readonly corruption: CorruptionChecks;
  readonly campaigning: Campaigning;
  readonly compaction: Compaction;
  readonly applier: Applier;
  readonly writer: LogWriter;
  readonly handover: Handover;
  readonly snapshotSender: SnapshotSender;
  readonly snapshotReceiver: SnapshotReceiver;
  /** What runs in the background. */
  readonly tasks: TaskGroup;
  readonly requestTimeoutMs: number;
  readonly electionTimeoutMs: number;
}

export function createParts(foundation: Foundation): MemberParts {
  const { settings, world, machine, raft, failure } = foundation;
  const { clock, randomness, logger } = world;
  const self = settings.membership.self.id;
  const peers = settings.membership.members.map((member) => member.id).filter((id) => id !== self);
  const electionTimeoutMs = settings.electionTicks * settings.heartbeatMs;
  const requestTimeoutMs = 5000 + 2 * electionTimeoutMs;
  const tasks = createTaskGroup();
  const driver = new Driver({ clock, endOfTurn: world.endOfTurn, onFailure: failure.fail });
  const { schedule } = driver;
  const leadership = new Leadership({ clock, self });
  const snapshotReceiver = new SnapshotReceiver({ machine, logger, receive: (messages) => driver.receive(messages) });
  // Network and parts know each other. Nothing arrives before this turn is over, and then all of them exist.
  const told = {
    driver,
    snapshotReceiver,
    campaigning: () => campaigning,
    leases: () => leases,
    corruption: () => corruption,
  };
  const transport = world.startTransport(receiverOf(foundation, told));
  const connected = (id: NodeId): boolean => transport.connected(id);
  const campaigning = new Campaigning({ raft, clock, randomness, peers, connected, schedule });
  const reasonOf = (startedMs: number) => timeoutReason({ startedMs, leadership, electionTimeoutMs, self, connected });
  const { proposals, reads } = createRequests(foundation, { schedule, requestTimeoutMs, timeoutReason: reasonOf });
  const limits = { electionTimeoutMs, requestTimeoutMs, onFailure: failure.fail };
  const shared = { machine, leadership, proposals, reads, transport, clock, logger, ...limits };
  const leases = new Leases(shared);
  const corruption = new CorruptionChecks({ ...shared, self, others: () => peers, signal: tasks.signal });
  const snapshotSender = new SnapshotSender({ raft, machine, transport, logger, signal: tasks.signal, schedule });
  const compaction = createCompaction(foundation, snapshotSender);
  const applier = createApplier(foundation, { proposals, reads, leases, compaction });
  const writer = createWriter(foundation, { driver, applier, compaction, snapshotReceiver });
  const handover = new Handover({ raft, leadership, writer, clock, electionTimeoutMs, connected, schedule });
  return {
    driver,
    transport,
    leadership,
    proposals,
    reads,
    leases,
    corruption,
    campaigning,
    compaction,
    applier,
    writer,
    handover,
    snapshotSender,
    snapshotReceiver,
    tasks,
    requestTimeoutMs,
    electionTimeoutMs,
  };
}

/** What becomes of the things that the network tells. */
function receiverOf(
  { raft, log, failure }: Foundation,
  parts: Pick<MemberParts, 'driver' | 'snapshotReceiver'> & {
    readonly campaigning: () => Campaigning;
    readonly leases: () => Leases;
    readonly corruption: () => CorruptionChecks;
  },
): PeerReceiver {
  const { driver, snapshotReceiver, campaigning, leases, corruption } = parts;
  return {
    lastSyncedIndex: () => log.synced.index,
    receive: (messages) => driver.receive(messages),
    unreachable(id) {
      raft.reportUnreachable(id);
    },
    dead: (id) => campaigning().peerDied(id),
    alive() {
      campaigning().consider();
      driver.schedule();
    },
    admit: (from, lastIndex) => rolledBackText(raft, { from, lastIndex }),
    expelled: (reason) => failure.fail(new OperatingError('DISK_ROLLED_BACK', reason)),
    receiveSnapshot: (transfer) => snapshotReceiver.receive(transfer),
    answer: (_from, question) => corruption().answer(question) ?? leases().answer(question),
  };
}

/** What clients wait for: writes in the log, and reads that must be linearizable. */
function createRequests(
  { settings, world, machine, raft }: Foundation,
  given: Pick<ConstructorParameters<typeof Proposals>[0], 'schedule' | 'requestTimeoutMs' | 'timeoutReason'>,
): Pick<MemberParts, 'proposals' | 'reads'> {
  const { clock, randomness } = world;
  const shared = { ...given, self: settings.membership.self.id, clock, randomness };
  return {
    proposals: new Proposals({
      ...shared,
      maxRequestBytes: settings.maxRequestBytes,
      quota: new SpaceQuota({ settings, machine }),
      applyLag: () => raft.commit - machine.store.appliedIndex,
    }),
    reads: new Reads({ ...shared, appliedIndex: () => machine.store.appliedIndex }),
  };
}

function createCompaction(
  { settings, raft, log, machine, failure }: Foundation,
  snapshotSender: SnapshotSender,
): Compaction {
  const { snapshotCount, catchUpEntries } = settings;
  const sendingSnapshot = (): boolean => snapshotSender.active;
  return new Compaction({
    raft,
    log,
    machine,
    snapshotCount,
    catchUpEntries,
    sendingSnapshot,
    onFailure: failure.fail,
  });
}

function createApplier(
  { raft, machine }: Foundation,
  { proposals, reads, leases, compaction }: Pick<MemberParts, 'proposals' | 'reads' | 'leases' | 'compaction'>,
): Applier {
  return new Applier({
    machine,
    proposals,
    reads,
    onApplied(index) {
      compaction.applied(index);
      leases.consider(raft.term);
    },
  });
}

function createWriter(
  { world, log, machine, failure }: Foundation,
  parts: Pick<MemberParts, 'driver' | 'applier' | 'compaction' | 'snapshotReceiver'>,
): LogWriter {
  const { driver, applier, compaction, snapshotReceiver } = parts;
  return new LogWriter({
    log,
    clock: world.clock,
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
}
