/** What all pod workers of a kubelet share. */
import type { Pod } from '@flotilla/api';
import type { ApiClient, EventDraft, EventRecorder } from '@flotilla/api-client';
import type { Clock, Logger } from '@flotilla/base';
import type { RuntimeService } from '../runtime/cri.ts';
import type { PodPlace } from './downward.ts';
import type { StatusManager } from './status-manager.ts';

export interface PodSurroundings {
  readonly runtime: RuntimeService;
  /** Prefix of container ids in statuses. */
  readonly runtimeName: string;
  readonly client: ApiClient;
  readonly statuses: StatusManager;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly node: Omit<PodPlace, 'podAddress'> & { readonly hostname: string };
  /** Directory of all pods' volumes. */
  readonly podsDirectory: string;
  /** Directory of all pods' logs. */
  readonly logsDirectory: string;
  /** Why the node does not take the pod, or undefined. Asked once a pod. */
  refusalOf(pod: Pod): PodFailure | undefined;
}

/** The kubelet itself gives a pod up. */
export interface PodFailure {
  readonly reason: string;
  readonly message: string;
}

export function recordAbout({ events }: PodSurroundings, pod: Pod, event: EventDraft): void {
  events.record({ apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata }, event);
}
