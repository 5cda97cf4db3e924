/**
 * Automatic compaction, in etcd's two modes. Only the leader compacts; the others look on, so that any of them can go on at
 * once.
 *
 * - `periodic`: a sample of the revision is taken each tenth of the period (of an hour, for longer ones). Once the first
 *   period is over, the oldest sample is compacted each period, or each hour.
 * - `revision`: each five minutes, all but the newest revisions.
 */
import type { Clock, Logger, Timer } from '@flotilla/base';
import { isRpcError } from '@flotilla/wire';

const hourMs = 3_600_000;
const revisionIntervalMs = 5 * 60 * 1000;
const samplesPerInterval = 10;

export type AutoCompactionRule =
  { readonly mode: 'periodic'; readonly periodMs: number } | { readonly mode: 'revision'; readonly retention: number };

export interface AutoCompactionOptions {
  readonly rule: AutoCompactionRule;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly revision: () => number;
  readonly leads: () => boolean;
  /** Rejects with an RpcError when it could not be done, or was done already. */
  readonly compact: (revision: number) => Promise<unknown>;
  readonly onFailure: (error: unknown) => void;
}

/** Begins; returns what ends it. */
export function startAutoCompaction(options: AutoCompactionOptions): Timer {
  const { rule, clock, onFailure } = options;
  const step = rule.mode === 'periodic' ? periodicStep(options, rule.periodMs) : revisionStep(options, rule.retention);
  const intervalMs = rule.mode === 'periodic' ? sampleMs(rule.periodMs) : revisionIntervalMs;
  return clock.every(intervalMs, () => void step().catch(onFailure), { unref: true });
}

function sampleMs(periodMs: number): number {
  return Math.min(periodMs, hourMs) / samplesPerInterval;
}

function periodicStep(options: AutoCompactionOptions, periodMs: number): () => Promise<void> {
  const { clock, revision, leads } = options;
  const kept = Math.floor(periodMs / sampleMs(periodMs)) + 1;
  const samples = [revision()];
  let compactedMs = clock.monotonicMs();
  let compactedTo = 0;
  /** The whole period at first, then an hour at most. */
  let waitMs = periodMs;
  return async () => {
    const [oldest = 0] = samples;
    samples.push(revision());
    if (samples.length > kept) samples.shift();
    const nowMs = clock.monotonicMs();
    if (!leads() || nowMs - compactedMs < waitMs || oldest === compactedTo) return;
    waitMs = Math.min(periodMs, hourMs);
    if (!(await compactTo(options, oldest))) return;
    compactedTo = oldest;
    compactedMs = nowMs;
  };
}

function revisionStep(options: AutoCompactionOptions, retention: number): () => Promise<void> {
  let compactedTo = 0;
  return async () => {
    const target = options.revision() - retention;
    if (!options.leads() || target <= 0 || target === compactedTo) return;
    if (await compactTo(options, target)) compactedTo = target;
  };
}

/** Whether it is compacted now. What failed is tried again next time. */
async function compactTo({ compact, logger }: AutoCompactionOptions, revision: number): Promise<boolean> {
  try {
    await compact(revision);
    logger.info('compacted automatically', { revision });
    return true;
  } catch (error) {
    if (!isRpcError(error)) throw error;
    if (error.message.endsWith('required revision has been compacted')) return true;
    logger.warn('automatic compaction failed', { revision, reason: error.message });
    return false;
  }
}
