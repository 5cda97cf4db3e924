/**
 * A scheduler process: keeps its caches warm, campaigns, and schedules while it leads. Any number may run; one leads.
 */
import { nodes, pods, replicaSets, services } from '@flotilla/api';
import {
  type ApiClient,
  type InformerFactory,
  type LeaderTerm,
  createEventRecorder,
  createInformerFactory,
  createLeaderElector,
} from '@flotilla/api-client';
import {
  type Clock,
  type Logger,
  type Randomness,
  type Running,
  createTaskGroup,
  silentLogger,
  systemClock,
  systemRandomness,
} from '@flotilla/base';
import { defaultProfile } from './plugins/default-profile.ts';
import { groupSelectorOf } from './plugins/pod-topology-spread/pod-group.ts';
import { runScheduler } from './scheduler.ts';

export interface StartSchedulerOptions {
  /** Closed by whoever made it, after the scheduler. */
  readonly client: ApiClient;
  /** Who campaigns; differs from process to process. */
  readonly identity: string;
  /** How long after a leader's death another may lead, seconds; 15 unless told. */
  readonly leaseTtlSeconds?: number;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly logger?: Logger;
}

export interface RunningScheduler extends Running {
  readonly isLeader: boolean;
}

/** The election's name, and that of its Lease object in kube-system. */
const electionName = 'kube-scheduler';

export function startScheduler(options: StartSchedulerOptions): Promise<RunningScheduler> {
  const {
    client,
    identity,
    leaseTtlSeconds = 15,
    clock = systemClock,
    randomness = systemRandomness,
    logger = silentLogger,
  } = options;
  const group = createTaskGroup();
  const informers = createInformerFactory(client, { clock, randomness, logger });
  for (const kind of [nodes, pods, services, replicaSets]) informers.informer(kind);
  informers.start(group);

  const elector = createLeaderElector({
    client,
    name: electionName,
    identity,
    ttlSeconds: leaseTtlSeconds,
    clock,
    randomness,
    logger,
    onStartedLeading: (term) => lead(term, { informers, clock, randomness, logger }),
  });
  group.run('leader election', (signal) => elector.run(signal));

  return Promise.resolve({
    get isLeader() {
      return elector.isLeader;
    },
    stopped: group.stopped,
    close: () => group.close(),
  });
}

interface Surroundings {
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly logger: Logger;
}

async function lead({ client, electedRevision, signal }: LeaderTerm, surroundings: Surroundings): Promise<void> {
  const { informers, clock, randomness, logger } = surroundings;
  await informers.waitForRevision(electedRevision, signal);
  const recorder = createEventRecorder({ client, component: 'default-scheduler', clock, randomness, logger });
  const groupSelector = groupSelectorOf({
    services: informers.informer(services),
    replicaSets: informers.informer(replicaSets),
  });
  const profile = defaultProfile({ client, groupSelector });
  try {
    await runScheduler({ client, informers, profile, recorder, clock, randomness, logger }, signal);
  } finally {
    recorder.close();
  }
}
