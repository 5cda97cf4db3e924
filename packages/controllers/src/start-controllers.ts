/** The component: campaigns, and runs all controllers while it leads. A standby keeps its caches warm. */
import { type ApiClient, createLeaderElector } from '@flotilla/api-client';
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
import { createCaches } from './caches.ts';
import type { ControllerDefinition, ControllerSettings } from './controller.ts';
import { deploymentController } from './deployment/index.ts';
import { endpointSliceController } from './endpoint-slice/index.ts';
import { garbageCollector } from './garbage-collector/index.ts';
import { namespaceController } from './namespace/index.ts';
import { nodeLifecycleController } from './node-lifecycle/index.ts';
import { defaults } from './options.ts';
import { podGarbageCollector } from './pod-gc/index.ts';
import { replicaSetController } from './replica-set/index.ts';
import { runTerm } from './run-term.ts';

const allControllers: readonly ControllerDefinition[] = [
  deploymentController,
  replicaSetController,
  endpointSliceController,
  namespaceController,
  garbageCollector,
  nodeLifecycleController,
  podGarbageCollector,
];

export interface ControllersOptions extends Partial<ControllerSettings> {
  /** The caller's: it is not closed here. */
  readonly client: ApiClient;
  /** Who campaigns; differs from process to process. */
  readonly identity: string;
  readonly leaderElection?: {
    readonly ttlSeconds?: number;
    /** The election's name, and that of its Lease in kube-system; `kube-controller-manager` unless told. */
    readonly name?: string;
  };
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
}

export interface RunningControllers extends Running {
  readonly isLeader: boolean;
}

export function startControllers(options: ControllersOptions): Promise<RunningControllers> {
  const { client, identity, leaderElection = {}, logger = silentLogger } = options;
  const { clock = systemClock, randomness = systemRandomness } = options;
  const { ttlSeconds = defaults.leaseTtlSeconds, name = 'kube-controller-manager' } = leaderElection;
  const settings: ControllerSettings = {
    nodeMonitorGraceSeconds: options.nodeMonitorGraceSeconds ?? defaults.nodeMonitorGraceSeconds,
    podEvictionSeconds: options.podEvictionSeconds ?? defaults.podEvictionSeconds,
    terminatedPodThreshold: options.terminatedPodThreshold ?? defaults.terminatedPodThreshold,
  };
  const group = createTaskGroup();
  const caches = createCaches(client, { clock, randomness, logger });
  const context = { caches, clock, randomness, logger, settings };
  const elector = createLeaderElector({
    client,
    name,
    identity,
    ttlSeconds,
    clock,
    randomness,
    logger,
    onStartedLeading: (term) => runTerm(allControllers, context, term),
  });
  caches.start(group);
  group.run('the controllers', (signal) => elector.run(signal));
  return Promise.resolve({
    get isLeader() {
      return elector.isLeader;
    },
    stopped: group.stopped,
    close: () => group.close(),
  });
}
