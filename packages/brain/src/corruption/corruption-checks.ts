/**
 * Compares what the members have stored. At the start a member compares itself with the others, and ends if it differs; while
 * it runs, the leader compares all from time to time, and raises the CORRUPT alarm for who differs. All of it is off unless
 * flags turn it on, as in etcd.
 */
import { type Clock, type Logger, OperatingError, messageOf, sleep } from '@flotilla/base';
import type { NodeId } from '@flotilla/raft';
import { etcdserverpb, fromUnsignedId, isRpcError } from '@flotilla/wire';
import type { Leadership } from '../driver/leadership.ts';
import type { Proposals } from '../driver/proposals.ts';
import type { Reads } from '../driver/reads.ts';
import type { StateMachine } from '../driver/state-machine.ts';
import { idText } from '../log/refusal.ts';
import type { PeerTransport } from '../transport/transport.ts';
import type { CorruptionSettings } from './check-options.ts';
import { type PeerHash, contradict, damaged, minority } from './comparison.ts';
import { encodeHashAnswer, hashOf, hashQuestion, readHashAnswer, readHashQuestion } from './member-hash.ts';

/** A peer that can't be reached yet is tried again after this time. */
const connectMs = 50;
/** No member: the alarm of a cluster of which nobody knows who is right. */
const nobody = 0n;

export interface CorruptionOptions {
  readonly self: NodeId;
  readonly others: () => readonly NodeId[];
  readonly machine: StateMachine;
  readonly leadership: Leadership;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly transport: Pick<PeerTransport, 'ask' | 'connected'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly electionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly signal: AbortSignal;
  readonly onFailure: (error: unknown) => void;
}

export class CorruptionChecks {
  readonly #options: CorruptionOptions;
  #checking = false;
  #checkedCompaction = 0;

  constructor(options: CorruptionOptions) {
    this.#options = options;
  }

  /** The answer to another member's question; undefined when it is none of these. */
  answer(question: Uint8Array): Promise<Uint8Array> | undefined {
    const revision = readHashQuestion(question);
    return revision === undefined ? undefined : this.#answerHash(revision);
  }

  /**
   * Compares this member with those that can be reached within an election timeout.
   * @throws OperatingError `STATE_DIFFERS` when one of them has other changes.
   */
  async checkAtStart(): Promise<void> {
    const { machine, clock, electionTimeoutMs, logger } = this.#options;
    const { revision } = machine.store;
    const deadlineMs = clock.monotonicMs() + electionTimeoutMs;
    const own = await hashOf(machine, revision);
    const peers = own ? await this.#hashesOfOthers(revision, deadlineMs) : [];
    const different = own ? peers.filter(({ hash }) => contradict(hash, own)) : [];
    if (different.length > 0) throw differs(different, revision);
    logger.info('what is stored here was compared', { revision, members: peers.map(({ id }) => idText(id)) });
  }

  /** Begins the periodic checks. */
  start({ everythingMs, compactedMs }: CorruptionSettings): void {
    this.#repeat(everythingMs, () => this.#compareEverything());
    this.#repeat(compactedMs, () => this.#compareCompacted());
  }

  #repeat(periodMs: number, check: () => Promise<void>): void {
    if (periodMs === 0) return;
    const { clock, leadership, signal, logger, onFailure } = this.#options;
    const timer = clock.every(
      periodMs,
      () => {
        if (this.#checking || !leadership.leads) return;
        this.#checking = true;
        check()
          .catch((error: unknown) => {
            if (!isRpcError(error)) return onFailure(error);
            logger.warn('the members could not be compared', { reason: error.message });
          })
          .finally(() => (this.#checking = false));
      },
      { unref: true },
    );
    signal.addEventListener('abort', () => timer.cancel(), { once: true });
  }

  /** The latest revision of all members. */
  async #compareEverything(): Promise<void> {
    const { self, machine, reads } = this.#options;
    const before = await hashOf(machine, machine.store.revision);
    if (!before) return;
    const peers = await this.#hashesOfOthers(before.revision);
    await reads.confirm();
    const after = await hashOf(machine, machine.store.revision);
    if (!after) return;
    for (const id of damaged(self, { before, after, peers })) await this.#raise(id);
  }

  /** What the last compaction left, once for each. */
  async #compareCompacted(): Promise<void> {
    const { self, machine } = this.#options;
    const { compactRevision } = machine.store;
    if (compactRevision <= this.#checkedCompaction) return;
    const own = await hashOf(machine, compactRevision);
    if (!own) return;
    const peers = await this.#hashesOfOthers(compactRevision);
    const comparable = peers.filter(({ hash }) => hash.compactRevision === own.compactRevision);
    const memberCount = this.#options.others().length + 1;
    const found = minority([{ id: self, hash: own }, ...comparable], memberCount);
    if (found === 'undecided') await this.#raise(nobody);
    else for (const id of found) await this.#raise(id);
    // Who could not be asked is asked again.
    if (comparable.length === memberCount - 1) this.#checkedCompaction = compactRevision;
  }

  async #answerHash(revision: number): Promise<Uint8Array> {
    try {
      return encodeHashAnswer(await hashOf(this.#options.machine, revision));
    } catch (error) {
      // A damaged row is found by who reads it, whoever asked.
      this.#options.onFailure(error);
      throw error;
    }
  }

  /** Of those that answer. */
  async #hashesOfOthers(revision: number, connectDeadlineMs = 0): Promise<readonly PeerHash[]> {
    const hashes = await Promise.all(
      this.#options.others().map(async (id): Promise<PeerHash | undefined> => {
        const hash = await this.#askHash(id, revision, connectDeadlineMs);
        return hash && { id, hash };
      }),
    );
    return hashes.filter((hash) => hash !== undefined);
  }

  async #askHash(id: NodeId, revision: number, connectDeadlineMs: number): ReturnType<typeof hashOf> {
    const { transport, clock, requestTimeoutMs, logger, signal } = this.#options;
    while (!transport.connected(id) && clock.monotonicMs() < connectDeadlineMs) await sleep(clock, connectMs, signal);
    const timeout = new AbortController();
    const timer = clock.after(requestTimeoutMs, () => timeout.abort());
    try {
      return readHashAnswer(await transport.ask(id, hashQuestion(revision), AbortSignal.any([signal, timeout.signal])));
    } catch (error) {
      logger.warn('a member was not compared', { member: idText(id), reason: messageOf(error) });
      return undefined;
    } finally {
      timer.cancel();
    }
  }

  async #raise(id: NodeId): Promise<void> {
    const { proposals, logger } = this.#options;
    logger.error('a member has stored something else: the alarm is raised', { member: idText(id) });
    const body = etcdserverpb.AlarmRequest.encode({
      action: etcdserverpb.AlarmRequest.AlarmAction.ACTIVATE,
      memberID: fromUnsignedId(id),
      alarm: etcdserverpb.AlarmType.CORRUPT,
    }).finish();
    await proposals.submit('alarm', body);
  }
}

function differs(peers: readonly PeerHash[], revision: number): OperatingError {
  const names = peers.map(({ id }) => idText(id)).join(', ');
  return new OperatingError(
    'STATE_DIFFERS',
    `what is stored here up to revision ${revision} differs from what is stored by ${names}. Compare the HashKV of all ` +
      'members; replace the one that differs from the majority: remove it from the cluster, and add it anew with an empty ' +
      'data directory',
  );
}
