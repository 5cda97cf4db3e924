/** Waits until all components of a cluster have started, then until it is ready for its users: elected, its nodes ready, a first write answered. */
import { type ConfigMap, configMaps, leases } from '@flotilla/api';
import { isNotFound } from '@flotilla/api-client';
import { type Clock, OperatingError, messageOf, sleep } from '@flotilla/base';
import type { ClusterConfig } from '../config/cluster-config.ts';
import { type Observer, observeCluster } from '../view/observe.ts';

export interface ReadinessOptions {
  readonly observer: Observer;
  readonly config: ClusterConfig;
  /** Leases renewed before are those of an earlier run. Milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Where the logs are, for the message. */
  readonly logs: string;
}

/** For the processes, and then for the cluster, milliseconds: what is not there then has a reason that time does not remove. */
const timeoutMs = 60_000;
const pollMs = 50;

/** The record that the first write makes. */
const recordName = { namespace: 'kube-system', name: 'flotilla-up' } as const;

interface StartOptions extends Pick<ReadinessOptions, 'clock' | 'logs'> {
  /** Names of what has not started yet. */
  readonly waitingFor: () => readonly string[];
}

/** Resolves when all have started. @throws OperatingError `NOT_READY`, naming those that have not */
export async function untilStarted(all: Promise<unknown>, { waitingFor, clock, logs }: StartOptions): Promise<void> {
  const over = new AbortController();
  const late = sleep(clock, timeoutMs, over.signal).then(() => {
    if (!over.signal.aborted) throw notReady(`${waitingFor().join(', ')} did not start`, logs);
  });
  try {
    await Promise.race([all, late]);
  } finally {
    over.abort();
  }
}

function notReady(missing: string, logs: string): OperatingError {
  return new OperatingError('NOT_READY', `not ready after ${timeoutMs / 1000} s: ${missing}; the logs are ${logs}`);
}

/** @throws OperatingError `NOT_READY`, saying what is missing */
export async function untilReady(options: ReadinessOptions): Promise<void> {
  const { clock, signal, logs } = options;
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  while (!signal.aborted) {
    const missing = await whatIsMissing(options);
    if (missing === undefined) return;
    if (clock.monotonicMs() > deadlineMs) throw notReady(missing, logs);
    await sleep(clock, pollMs, signal);
  }
}

async function whatIsMissing(options: ReadinessOptions): Promise<string | undefined> {
  const { observer, config, signal } = options;
  const view = await observeCluster(observer, signal);
  if (!view.members.some(({ status }) => status === 'leader')) return 'the members have elected no leader';
  if (!view.apiAnswers) return 'no API server answers';
  const elections = [
    ...(config.schedulers > 0 ? ['kube-scheduler'] : []),
    ...(config.controllers > 0 ? ['kube-controller-manager'] : []),
  ];
  for (const election of elections) {
    const why = await whyNotLed(options, election);
    if (why !== undefined) return `${election} has no leader${why}`;
  }
  const waiting = config.kubelets.find(({ name }) => !view.nodes.some((node) => node.name === name && node.ready));
  if (waiting) return `node ${waiting.name} is not ready`;
  return firstWrite(options);
}

/** @returns undefined when the election has a leader of this run; else a reason to append */
async function whyNotLed(options: ReadinessOptions, name: string): Promise<string | undefined> {
  const { observer, startedAtMs, signal } = options;
  try {
    const { spec } = await observer.api.resource(leases).get({ namespace: 'kube-system', name }, { signal });
    const held = spec?.holderIdentity !== undefined && spec.holderIdentity !== '';
    return held && Date.parse(spec.renewTime ?? '') >= startedAtMs ? undefined : '';
  } catch (error) {
    return isNotFound(error) ? '' : ` (${messageOf(error)})`;
  }
}

/** Records the start as a ConfigMap. @returns why it was not answered */
async function firstWrite({ observer, startedAtMs, signal }: ReadinessOptions): Promise<string | undefined> {
  const client = observer.api.resource(configMaps);
  const data = { startedAt: new Date(startedAtMs).toISOString() };
  try {
    const present = await client.get(recordName, { signal }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const record: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...recordName }, data };
    if (present) await client.update(record, { signal });
    else await client.create(record, { signal });
    return undefined;
  } catch (error) {
    return `the first write was refused (${messageOf(error)})`;
  }
}
