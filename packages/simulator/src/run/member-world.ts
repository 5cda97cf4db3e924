/** The world that a machine gives a run of its member: virtual clock, files, database and transport, and raft with the checks. */
import { type LogFields, type Logger, messageOf } from '@flotilla/base';
import type { MemberWorld } from '@flotilla/brain';
import { ObservedRaft } from '../checks/observed-raft.ts';
import type { Drive } from '../disk/drive.ts';
import { filesOf } from '../disk/volume-files.ts';
import { databasesOf, stateDirectoryOf } from '../disk/volume-state.ts';
import type { Volume } from '../disk/volume.ts';
import { startVirtualTransport } from '../network/virtual-transport.ts';
import type { Chance } from '../world/chance.ts';
import type { MemberRun } from './member-run.ts';
import type { Moments } from './moments.ts';
import { checkApplied } from './state-checks.ts';
import type { Surroundings } from './surroundings.ts';

/** Batches of state, marks of the witness and news come more often than in production, so that a crash finds more moments between them. */
const prompt = { witnessMs: 100, stateMs: 50, newsMs: 1 };

/** What the world is made of. */
export interface Ground {
  readonly name: string;
  /** A newcomer learns its id between this and the start of its transport. */
  readonly id: () => bigint;
  readonly volume: Volume;
  readonly drive: Drive;
  readonly chance: Chance;
  /** Draws what goes on in the background of the disk. */
  readonly background: Chance;
  readonly moments: Moments;
  readonly surroundings: Surroundings;
  /** The member can't go on. */
  readonly onFailure: (error: Error) => void;
}

export function memberWorldOf(run: MemberRun, ground: Ground): MemberWorld {
  const { process } = run;
  const { volume, drive, moments } = ground;
  const { marks, metrics, segmentBytes } = ground.surroundings;
  const state = { process, volume, drive, marks, chance: ground.background };
  return {
    clock: process.clock,
    randomness: ground.chance.fork().randomness,
    logger: loggerOf(run, ground),
    files: memberFilesOf(run, ground),
    openDatabase: databasesOf({ ...state, onBatch: () => moments.comes('stateWrite') }),
    diskRoom: { isLow: () => drive.isFull },
    openStateDirectory: (path) => stateDirectoryOf(state, path),
    endOfTurn: process.endOfTurn,
    soon: process.endOfTurn,
    segmentBytes,
    lag: prompt,
    createRaft: (options) => (run.raft = observedRaft(options, run, ground)),
    startTransport: (receiver) => startTransport(receiver, run, ground),
    metrics,
    onFailure: (error) => {
      if (process.isAlive) process.after(0, () => ground.onFailure(error));
    },
  };
}

function memberFilesOf(run: MemberRun, { volume, drive, moments, surroundings }: Ground): MemberWorld['files'] {
  const { marks, writesOnTheSpot } = surroundings;
  return filesOf({
    process: run.process,
    volume,
    drive,
    writesOnTheSpot,
    onUse: (what, path) => {
      if (what === 'writeNow') return marks.hit('entry written on the spot');
      if (what === 'write') moments.comes(path.endsWith('.log') ? 'logWrite' : 'witnessWrite');
      if (path.endsWith('.log')) run.writesUnderWay += what === 'write' ? 1 : -1;
    },
  });
}

type RaftOptions = Parameters<NonNullable<MemberWorld['createRaft']>>[0];

function observedRaft(options: RaftOptions, run: MemberRun, { name, moments, surroundings }: Ground): ObservedRaft {
  const { checks, durable, ledger, marks, transition, trace, raftLimits } = surroundings;
  return new ObservedRaft(
    { ...options, ...raftLimits },
    {
      who: name,
      checks,
      durable,
      ledger,
      marks,
      transition,
      note: (what) => trace.note(name, what),
      onApplied: (index) => checkApplied(name, { store: run.member?.machine.store, index }, surroundings),
      onMoment: (moment) => moments.comes(moment),
    },
  );
}

type Receiver = Parameters<MemberWorld['startTransport']>[0];

function startTransport(receiver: Receiver, run: MemberRun, ground: Ground): ReturnType<MemberWorld['startTransport']> {
  const { moments, surroundings } = ground;
  const { ports, marks } = surroundings;
  const watched: Receiver = {
    ...receiver,
    async receiveSnapshot(transfer) {
      run.receivesSnapshot = true;
      moments.comes('snapshot');
      try {
        await receiver.receiveSnapshot(transfer);
      } finally {
        run.receivesSnapshot = false;
      }
    },
  };
  const end = { process: run.process, receiver: watched };
  const self = ground.id();
  ports.listen(self, end);
  return startVirtualTransport({ self, end, ports, marks });
}

function loggerOf({ process }: MemberRun, { name, surroundings: { marks, trace } }: Ground): Logger {
  const line = (message: string, fields?: LogFields): void => {
    if (!process.isAlive) return;
    if (message.startsWith('cut bytes off')) marks.hit('log tail cut at a start');
    if (message === 'installed a snapshot') marks.hit('snapshot installed');
    const reason = fields?.['reason'] ?? (fields?.['err'] === undefined ? undefined : messageOf(fields['err']));
    trace.note(name, `log: ${message}${typeof reason === 'string' ? ` (${reason})` : ''}`);
  };
  const logger: Logger = { debug: () => undefined, info: line, warn: line, error: line, child: () => logger };
  return logger;
}
