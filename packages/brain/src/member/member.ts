/**
 * One member put together: what its disk held, the parts that run on it, and their life from the first turn to the end. What
 * serves clients (services, HTTP) stands on this and knows none of it but `Member`.
 */
import { type Timer, endAfter, endAll } from '@flotilla/base';
import type { Raft } from '@flotilla/raft';
import { toRpcError } from '@flotilla/store';
import { etcdserverpb } from '@flotilla/wire';
import { Authentication } from '../auth/authentication.ts';
import { type JwtKeys, jwtTokens, loadJwtKeys } from '../auth/jwt-tokens.ts';
import { Passwords } from '../auth/passwords.ts';
import { simpleTokens } from '../auth/simple-tokens.ts';
import { startAutoCompaction } from '../driver/auto-compaction.ts';
import type { Handover } from '../driver/handover.ts';
import type { Leadership } from '../driver/leadership.ts';
import type { Leases } from '../driver/leases.ts';
import type { Proposals } from '../driver/proposals.ts';
import type { Reads } from '../driver/reads.ts';
import type { ReconfigurationRules } from '../driver/reconfiguration-rules.ts';
import type { Reconfiguration } from '../driver/reconfiguration.ts';
import type { StateMachine } from '../driver/state-machine.ts';
import { startTicking } from '../driver/ticking.ts';
import { idText } from '../log/refusal.ts';
import type { BrainMetrics } from '../metrics.ts';
import type { BrainSettings } from '../options.ts';
import { openData, recover } from './data.ts';
import { createFailure } from './failure.ts';
import { type Foundation, type MemberParts, createParts } from './parts.ts';
import type { MemberWorld } from './world.ts';

/** A running member, as its services see it. */
export interface Member {
  readonly settings: BrainSettings;
  readonly machine: StateMachine;
  readonly raft: Pick<Raft, 'term' | 'commit' | 'leader' | 'status'>;
  readonly leadership: Leadership;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly reconfiguration: Reconfiguration;
  readonly rules: ReconfigurationRules;
  readonly leases: Leases;
  readonly handover: Handover;
  readonly authentication: Authentication;
  readonly requestTimeoutMs: number;
  readonly electionTimeoutMs: number;
  /** A received snapshot is becoming the state. */
  readonly installsSnapshot: boolean;
  /** The log or the applied state has found no room on the disk, and waits for it. */
  readonly waitsForRoom: boolean;
  readonly metrics: BrainMetrics;
  /** Lets another member lead, if this one does and another can. */
  handOver(): Promise<void>;
  /** Ends everything; what still waits for an answer fails. */
  close(): Promise<void>;
}

export async function startMember(settings: BrainSettings, world: MemberWorld): Promise<Member> {
  const failure = createFailure(world);
  const jwtKeys = settings.authToken.kind === 'jwt' ? loadJwtKeys(settings.authToken) : undefined;
  const { data, opened, heldState } = await openData(settings, world, failure.fail);
  let running: Running;
  try {
    const { machine, raft } = await recover(settings, world, { data, opened, fail: failure.fail });
    running = run({ settings, world, log: data.log, heldState, machine, raft, failure }, jwtKeys);
  } catch (error) {
    return await endAfter(error, [() => opened.state.close(), () => data.log.close()]);
  }
  const { member, parts } = running;
  try {
    if (settings.corruption.atStart) await parts.corruption.checkAtStart();
  } catch (error) {
    return await endAfter(error, [() => member.close()]);
  }
  parts.corruption.start(settings.corruption);
  return member;
}

interface Running {
  readonly member: Member;
  readonly parts: MemberParts;
}

function run(foundation: Foundation, jwtKeys: JwtKeys | undefined): Running {
  const { settings, world, machine, raft } = foundation;
  const parts = createParts(foundation);
  const { leadership, handover, electionTimeoutMs } = parts;
  const authentication = createAuthentication(foundation, parts, jwtKeys);
  followLeadership(foundation, parts);
  parts.roster.refresh();
  parts.driver.start({ ...parts, raft });
  const ticking = tick(foundation, parts);
  const autoCompaction = compactAutomatically(foundation, parts);
  parts.campaigning.consider();
  parts.compaction.applied(machine.store.appliedIndex);

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    ticking.cancel();
    autoCompaction?.cancel();
    await endAll([() => authentication.passwords.close(), () => stop(foundation, parts)]);
  };
  const member: Member = {
    settings,
    machine,
    raft,
    leadership,
    handover,
    proposals: parts.proposals,
    reads: parts.reads,
    reconfiguration: parts.reconfiguration,
    rules: parts.rules,
    leases: parts.leases,
    authentication,
    requestTimeoutMs: parts.requestTimeoutMs,
    electionTimeoutMs,
    metrics: world.metrics,
    get installsSnapshot() {
      return parts.applier.isPaused;
    },
    get waitsForRoom() {
      return foundation.log.waitsForRoom || foundation.heldState.waitsForRoom;
    },
    async handOver() {
      const result = await handover.away(electionTimeoutMs);
      if (result === 'timedOut') world.logger.warn('leadership was not handed over in time');
    },
    close: () => (closing ??= close()),
  };
  return { member, parts };
}

function createAuthentication(
  { settings, world, machine }: Foundation,
  { proposals, reads }: MemberParts,
  jwtKeys: JwtKeys | undefined,
): Authentication {
  const { authToken, bcryptCost, clientCertAuth } = settings;
  const { clock, randomness } = world;
  const tokens =
    authToken.kind === 'jwt' && jwtKeys
      ? jwtTokens(authToken, { keys: jwtKeys, clock })
      : simpleTokens({ machine, proposals, reads, randomness });
  return new Authentication({ machine, tokens, passwords: new Passwords(bcryptCost), clientCertAuth });
}

function followLeadership({ world, raft }: Foundation, { leadership, leases, campaigning, roster }: MemberParts): void {
  leadership.subscribe(() => {
    const fields = { leader: idText(leadership.leader), term: raft.term };
    const news = leadership.leads ? 'this member leads' : leadership.known ? 'a leader is known' : 'no leader';
    world.logger.info(news, fields);
    leases.consider(raft.term);
    campaigning.consider();
    roster.refresh();
  });
}

function tick({ settings, world, raft }: Foundation, parts: MemberParts): ReturnType<typeof startTicking> {
  const { clock } = world;
  const { proposals, reads, handover, campaigning, departure, driver } = parts;
  return startTicking({
    clock,
    raft,
    tickMs: settings.heartbeatMs,
    electionTicks: settings.electionTicks,
    afterPoll: world.endOfTurn,
    onLateHeartbeats: () => world.metrics.heartbeatFailures.add(parts.roster.others.length),
    onTick() {
      const nowMs = clock.monotonicMs();
      proposals.expire(nowMs);
      reads.expire(nowMs);
      handover.considerDisk();
      campaigning.consider();
      departure.consider();
      driver.schedule();
    },
  });
}

function compactAutomatically(
  { settings, world, machine, failure }: Foundation,
  { leadership, proposals }: MemberParts,
): Timer | undefined {
  const { clock, logger } = world;
  if (!settings.autoCompaction) return undefined;
  return startAutoCompaction({
    rule: settings.autoCompaction,
    clock,
    logger,
    revision: () => machine.store.revision,
    leads: () => leadership.leads,
    async compact(revision) {
      const outcome = await proposals.submit('compact', etcdserverpb.CompactionRequest.encode({ revision }).finish());
      if (!outcome.ok) throw toRpcError(outcome.error.code);
    },
    onFailure: failure.fail,
  });
}

/** Nothing begins any more, then what is under way ends, then the files close. */
async function stop({ machine, log, heldState, failure }: Foundation, parts: MemberParts): Promise<void> {
  failure.silence();
  log.giveUpWaiting();
  heldState.release();
  parts.campaigning.stop();
  parts.leases.stop();
  parts.roster.stop();
  parts.reconfiguration.failAll('serverStopped');
  parts.proposals.failAll('serverStopped');
  parts.reads.failAll('serverStopped');
  parts.driver.stop();
  await endAll([
    () => parts.tasks.close(),
    () => parts.transport.close(),
    () => parts.writer.idle(),
    () => machine.close(),
    () => log.close(),
  ]);
}
