/**
 * The runtime seam: the part of CRI v1's RuntimeService that the kubelet needs, with the standard's own names. Field names are
 * the wire's, so that a gRPC client of containerd needs no mapping but enums and 64-bit numbers. Enum values are their names,
 * nanoseconds are `bigint`.
 *
 * Contract (held by `runtimeCompliance`): stop and remove succeed when there is nothing left to do; removing ends first; a
 * container is EXITED only when none of its processes runs any more and its log is complete.
 */

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface PodSandboxMetadata {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  /** Rises each time the sandbox of the same pod is made anew. */
  readonly attempt: number;
}

export type NamespaceMode = 'POD' | 'NODE';

export interface PodSandboxConfig {
  readonly metadata: PodSandboxMetadata;
  readonly hostname: string;
  /** Directory of the logs of all containers of the pod; `log_path` of a container is relative to it. */
  readonly log_directory: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly linux?: {
    readonly security_context?: { readonly namespace_options?: { readonly network?: NamespaceMode } };
  };
}

export type PodSandboxState = 'SANDBOX_READY' | 'SANDBOX_NOTREADY';

export interface PodSandbox {
  readonly id: string;
  readonly metadata: PodSandboxMetadata;
  readonly state: PodSandboxState;
  /** Nanoseconds since the epoch. */
  readonly created_at: bigint;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface PodSandboxStatus extends PodSandbox {
  readonly network: { readonly ip: string; readonly additional_ips: readonly { readonly ip: string }[] };
}

export interface PodSandboxFilter {
  readonly id?: string;
  readonly state?: PodSandboxState;
  readonly label_selector?: Readonly<Record<string, string>>;
}

export interface ContainerMetadata {
  readonly name: string;
  /** Rises with each restart within the pod. */
  readonly attempt: number;
}

export interface Mount {
  readonly container_path: string;
  readonly host_path: string;
  readonly readonly: boolean;
}

export interface ContainerConfig {
  readonly metadata: ContainerMetadata;
  readonly image: { readonly image: string };
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly working_dir: string;
  readonly envs: readonly KeyValue[];
  readonly mounts: readonly Mount[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Relative to the sandbox's `log_directory`. */
  readonly log_path: string;
  readonly linux?: {
    readonly security_context?: {
      readonly run_as_user?: { readonly value: number };
      readonly run_as_group?: { readonly value: number };
    };
  };
}

export type ContainerState = 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN';

export interface Container {
  readonly id: string;
  readonly pod_sandbox_id: string;
  readonly metadata: ContainerMetadata;
  readonly image: { readonly image: string };
  readonly image_ref: string;
  readonly state: ContainerState;
  readonly created_at: bigint;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerStatus extends Container {
  /** Nanoseconds since the epoch; 0 before the start. */
  readonly started_at: bigint;
  /** Nanoseconds since the epoch; 0 before the end. */
  readonly finished_at: bigint;
  readonly exit_code: number;
  /** `Completed`, `Error`, `StartError`, or `ContainerStatusUnknown` for a process that ended while nobody watched. */
  readonly reason: string;
  readonly message: string;
  /** Absolute. */
  readonly log_path: string;
}

export interface ContainerFilter {
  readonly id?: string;
  readonly state?: ContainerState;
  readonly pod_sandbox_id?: string;
  readonly label_selector?: Readonly<Record<string, string>>;
}

export type ContainerEventType =
  'CONTAINER_CREATED_EVENT' | 'CONTAINER_STARTED_EVENT' | 'CONTAINER_STOPPED_EVENT' | 'CONTAINER_DELETED_EVENT';

export interface ContainerEventResponse {
  readonly container_id: string;
  readonly container_event_type: ContainerEventType;
  readonly created_at: bigint;
  readonly pod_sandbox_status: PodSandboxStatus;
}

export interface RuntimeCondition {
  readonly type: 'RuntimeReady' | 'NetworkReady';
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

export interface VersionResponse {
  readonly version: string;
  readonly runtime_name: string;
  readonly runtime_version: string;
  readonly runtime_api_version: string;
}

export interface ExecSyncResponse {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exit_code: number;
}

export interface CallOptions {
  /** Ends the wait; what was asked for goes on. */
  readonly signal?: AbortSignal;
}

export interface RuntimeService {
  version(): Promise<VersionResponse>;
  status(): Promise<{ readonly status: { readonly conditions: readonly RuntimeCondition[] } }>;

  runPodSandbox(request: { readonly config: PodSandboxConfig }): Promise<{ readonly pod_sandbox_id: string }>;
  /** Ends all containers of the sandbox at once. */
  stopPodSandbox(request: { readonly pod_sandbox_id: string }): Promise<void>;
  /** Stops the sandbox and forgets it, its containers and its address. Logs stay. */
  removePodSandbox(request: { readonly pod_sandbox_id: string }): Promise<void>;
  /** @throws OperatingError `SANDBOX_NOT_FOUND` */
  podSandboxStatus(request: { readonly pod_sandbox_id: string }): Promise<{ readonly status: PodSandboxStatus }>;
  listPodSandbox(request: { readonly filter?: PodSandboxFilter }): Promise<{ readonly items: readonly PodSandbox[] }>;

  /** @throws OperatingError `SANDBOX_NOT_FOUND`, `SANDBOX_NOT_READY`, `INVALID_CONTAINER` */
  createContainer(request: {
    readonly pod_sandbox_id: string;
    readonly config: ContainerConfig;
  }): Promise<{ readonly container_id: string }>;
  /** @throws OperatingError `CONTAINER_NOT_FOUND`, `CONTAINER_START_FAILED` (the container is then EXITED with code 128) */
  startContainer(request: { readonly container_id: string }): Promise<void>;
  /**
   * Asks the container to end, and after `timeout` seconds makes it. A second call with a shorter timeout shortens the first.
   * @throws OperatingError `CONTAINER_STOP_FAILED` when not even SIGKILL ends it
   */
  stopContainer(
    request: { readonly container_id: string; readonly timeout: number },
    options?: CallOptions,
  ): Promise<void>;
  removeContainer(request: { readonly container_id: string }): Promise<void>;
  listContainers(request: {
    readonly filter?: ContainerFilter;
  }): Promise<{ readonly containers: readonly Container[] }>;
  /** @throws OperatingError `CONTAINER_NOT_FOUND` */
  containerStatus(request: { readonly container_id: string }): Promise<{ readonly status: ContainerStatus }>;
  /**
   * Runs a command beside the container's own, with its environment; `timeout` in seconds, 0 for none.
   * @throws OperatingError `CONTAINER_NOT_RUNNING`, `EXEC_FAILED`, `EXEC_TIMEOUT`
   */
  execSync(
    request: { readonly container_id: string; readonly cmd: readonly string[]; readonly timeout: number },
    options?: CallOptions,
  ): Promise<ExecSyncResponse>;
  /** Events from now on, until the signal. A consumer that falls far behind misses some: list again from time to time. */
  getContainerEvents(options: { readonly signal: AbortSignal }): AsyncIterable<ContainerEventResponse>;
}
