/**
 * The shape that all controllers have. A controller is a folder whose `index.ts` exports a `ControllerDefinition`: its name,
 * how many workers it has, and `register`, which hangs its handlers on the caches and gives back how one key is reconciled.
 *
 * Rules for a reconcile: it reads the caches and its key alone, computes the difference, writes it and forgets. It may run
 * twice, late, or for the first time after a crash. Whatever it must remember of its own writes lives no longer than a term.
 */
import type { ApiClient, EventRecorder, Reconcile, WorkQueue } from '@flotilla/api-client';
import type { Clock, Logger, Randomness } from '@flotilla/base';
import type { Caches } from './caches.ts';

export interface ControllerSettings {
  /** How long a node may miss its heartbeats before it counts as unreachable. */
  readonly nodeMonitorGraceSeconds: number;
  /** How long pods stay on a node with a NoExecute taint that they say nothing about. */
  readonly podEvictionSeconds: number;
  /** Finished pods beyond this number are removed, oldest first. */
  readonly terminatedPodThreshold: number;
}

export interface ControllerContext {
  /** The term's client: its writes carry the fence. */
  readonly client: ApiClient;
  /** Shared by all controllers; they show the store as of the term's beginning or later. */
  readonly caches: Caches;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly logger: Logger;
  readonly settings: ControllerSettings;
}

export interface RegisteredController {
  readonly reconcile: Reconcile;
  /** Takes the handlers off the caches. */
  unregister(): void;
}

export interface ControllerDefinition {
  /** Kubernetes' name for it, e.g. `deployment-controller`. */
  readonly name: string;
  readonly workers: number;
  register(context: ControllerContext, queue: WorkQueue): RegisteredController;
}
