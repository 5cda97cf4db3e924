/**
 * The parts of a running member and who knows whom. Each part takes what it needs by name; this is the only place that knows
 * them all.
 */
import { OperatingError, type TaskGroup, assert, createTaskGroup } from '@flotilla/base';
import { type NodeId, type Raft, encodeConfig } from '@flotilla/raft';
import { CorruptionChecks } from '../corruption/corruption-checks.ts';
import { Applier } from '../driver/applier.ts';
import { Campaigning } from '../driver/campaigning.ts';
import { Compaction } from '../driver/compaction.ts';
import { Departure } from '../driver/departure.ts';
import { Driver } from '../driver/driver.ts';
import { Handover } from '../driver/handover.ts';
import { Leadership } from '../driver/leadership.ts';
import { LeaseCheckpoints } from '../driver/lease-checkpoints.ts';
import { Leases } from '../driver/leases.ts';
import { LogWriter } from '../driver/log-writer.ts';
import { Proposals } from '../driver/proposals.ts';
import { answerQuestion } from '../driver/questions.ts';
import { Reads } from '../driver/reads.ts';
import { ReconfigurationRules } from '../driver/reconfiguration-rules.ts';
import { Reconfiguration } from '../driver/reconfiguration.ts';
import { Roster } from '../driver/roster.ts';
import { SnapshotReceiver, SnapshotSender } from '../driver/snapshots.ts';
import { SpaceQuota } from '../driver/space-quota.ts';
import type { StateMachine } from '../driver/state-machine.ts';
import { timeoutReason } from '../driver/timeout-reason.ts';
import type { DurableLog } from '../log/durable-log.ts';
import { recordRemoval, removedError } from '../log/removal.ts';
import type { BrainSettings } from '../options.ts';
import { rolledBackText } from '../transport/rollback.ts';
import type { PeerReceiver, PeerTransport } from '../transport/transport.ts';
import type { Failure } from './failure.ts';
import type { HeldState } from './held-state.ts';
import type { MemberWorld } from './world.ts';

/** What is there before any part: what the disk held, and the world. */
export interface Foundation {
  readonly settings: BrainSettings;
  readonly world: MemberWorld;
  readonly log: DurableLog;
  readonly heldState: HeldState;
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
  readonly roster: Roster;
  readonly reconfiguration: Reconfiguration;
  readonly rules: ReconfigurationRules;
  readonly departure: Departure;
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
  const electionTimeoutMs = settings.electionTicks * settings.heartbeatMs;
  const requestTimeoutMs = 5000 + 2 * electionTimeoutMs;
  const tasks = createTaskGroup();
  const driver = new Driver({ ...world, onFailure: failure.fail });
  const { schedule, hurry } = driver;
  const leadership = new Leadership({ clock, self });
  const snapshotReceiver = new SnapshotReceiver({ machine, logger, receive: (messages) => driver.receive(messages) });
  // Network and parts know each other. Nothing arrives before this turn is over, and then all of them exist.
  const transport = world.startTransport(receiverOf(foundation, () => parts));
  const connected = (id: NodeId): boolean => transport.connected(id);
  const campaigning = new Campaigning({ raft, clock, randomness, connected, schedule });
  const reasonOf = (startedMs: number) => timeoutReason({ startedMs, leadership, electionTimeoutMs, self, connected });
  const waits = { schedule, requestTimeoutMs, timeoutReason: reasonOf };
  const { proposals, reads } = createRequests(foundation, { ...waits, hurry });
  const around = { clock, randomness, logger, electionTimeoutMs, signal: tasks.signal, onFailure: failure.fail };
  const shared = { self, raft, machine, leadership, proposals, reads, transport, ...waits, ...around };
  const roster = new Roster({ ...shared, membership: settings.membership });
  const rules = new ReconfigurationRules({ settings, machine, roster, clock });
  const reconfiguration = new Reconfiguration({ ...shared, rules, metrics: world.metrics });
  const departure = new Departure({ ...shared, roster, leave: () => leaveForGood(foundation) });
  const checkpoints = new LeaseCheckpoints({ ...shared, term: () => raft.term });
  const leases = new Leases({ ...shared, checkpoints, metrics: world.metrics.leases });
  const corruption = new CorruptionChecks({ ...shared, others: () => roster.others });
  const snapshotSender = new SnapshotSender({ ...shared, catchUpEntries: settings.catchUpEntries });
  const compaction = createCompaction(foundation, snapshotSender);
  const applier = createApplier(foundation, { proposals, reconfiguration, reads, roster, leases, compaction });
  const writer = createWriter(foundation, { driver, applier, compaction, roster, snapshotReceiver });
  const handover = new Handover({ ...shared, writer, checkpoints, connected });
  const parts: MemberParts = {
    driver,
    transport,
    leadership,
    proposals,
    reads,
    roster,
    reconfiguration,
    rules,
    departure,
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
  return parts;
}

/** A member that was removed writes it down, so that it can't come back, and stops. */
function leaveForGood({ settings, world, heldState, failure }: Foundation): void {
  const { dataDir, membership } = settings;
  const { id } = membership.self;
  const record = (): Promise<void> => recordRemoval(world.files, dataDir, id);
  record()
    .catch((error: unknown) => heldState.room.repeat(error, record))
    .then(() => failure.fail(removedError(dataDir, id)), failure.fail);
}

/** What becomes of the things that the network tells. */
function receiverOf({ raft, log, machine, failure }: Foundation, parts: () => MemberParts): PeerReceiver {
  return {
    lastSyncedIndex: () => log.synced.index,
    peerUrls: () => parts().roster.peerUrls,
    members: () => (machine.store.membership.config ? parts().roster.members : []),
    isChanging: () => raft.status().confChangePending,
    standing: (peer) => parts().roster.standing(peer),
    receive: (messages) => parts().driver.receive(parts().roster.taken(messages)),
    unreachable(id) {
      raft.reportUnreachable(id);
    },
    dead: (id) => parts().campaigning.peerDied(id),
    alive(id) {
      parts().roster.alive(id);
      parts().campaigning.consider();
      parts().driver.schedule();
    },
    admit: (from, lastIndex) => rolledBackText(raft, { from, lastIndex }),
    expelled: (reason) => failure.fail(new OperatingError('DISK_ROLLED_BACK', reason)),
    removed: () => parts().departure.leave(),
    receiveSnapshot: (transfer) => parts().snapshotReceiver.receive(transfer),
    answer: (from, question) => answerQuestion(parts(), { from, question }),
  };
}

/** What clients wait for: writes in the log, and reads that must be linearizable. */
function createRequests(
  { settings, world, machine, raft }: Foundation,
  given: Pick<ConstructorParameters<typeof Proposals>[0], 'schedule' | 'requestTimeoutMs' | 'timeoutReason'> & {
    readonly hurry: () => void;
  },
): Pick<MemberParts, 'proposals' | 'reads'> {
  const { clock, randomness } = world;
  const shared = { ...given, self: settings.membership.self.id, clock, randomness };
  return {
    proposals: new Proposals({
      ...shared,
      schedule: given.hurry,
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
  return new Compaction({
    raft,
    log,
    machine,
    snapshotCount,
    catchUpEntries,
    keepsLog: () => snapshotSender.needsLog(),
    onFailure: failure.fail,
  });
}

function createApplier(
  { raft, machine, world }: Foundation,
  parts: Pick<MemberParts, 'proposals' | 'reconfiguration' | 'reads' | 'roster' | 'leases' | 'compaction'>,
): Applier {
  const { proposals, reconfiguration, reads, roster, leases, compaction } = parts;
  return new Applier({
    machine,
    raft,
    proposals,
    reconfiguration,
    reads,
    clock: world.clock,
    slowApplies: world.metrics.slowApplies,
    onReconfigured() {
      roster.reconfigured();
    },
    onApplied(index) {
      compaction.applied(index);
      leases.consider(raft.term);
    },
  });
}

function createWriter(
  { world, log, machine, raft, failure }: Foundation,
  parts: Pick<MemberParts, 'driver' | 'applier' | 'compaction' | 'roster' | 'snapshotReceiver'>,
): LogWriter {
  const { driver, applier, compaction, roster, snapshotReceiver } = parts;
  return new LogWriter({
    log,
    clock: world.clock,
    // A leader whose disk hangs must be able to hand over; a follower that is held up is missed by nobody but its own clients.
    mayBlock: () => raft.role === 'follower',
    async install(snapshot) {
      await snapshotReceiver.install(snapshot);
      const { config } = machine.store.membership;
      const expected = encodeConfig(snapshot.config);
      assert(config !== undefined && Buffer.compare(config, expected) === 0, 'a snapshot is of one configuration');
      roster.refresh();
      compaction.restarted(snapshot.index);
    },
    onSynced(ready) {
      if (ready.snapshot) applier.resume();
      driver.synced(ready);
      // The log may have synced what has been cut off meanwhile: raft knows.
      machine.state.logSyncedTo(raft.syncedIndex);
    },
    onFailure: failure.fail,
  });
}
