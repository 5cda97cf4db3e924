/**
 * The node agent: registers its node, runs the pods that are bound to it, says how they are, and serves their logs.
 *
 * What it promises: it starts nothing that the API server did not bind to its node; a kubelet that dies takes no pod with it, and the
 * next one on the directory adopts or ends every process it finds; `close` leaves either all pods running or no process at all.
 */
import { join } from 'node:path';
import { createEventRecorder, type ApiClient } from '@flotilla/api-client';
import { createTaskGroup, systemClock, type Clock, type Logger, type Running } from '@flotilla/base';
import { claimDirectory } from './data-directory.ts';
import { machineCapacity, machineHostname, nodeArchitecture, nodeOperatingSystem, systemInfo } from './node/machine.ts';
import { createNodeAgent } from './node/node-agent.ts';
import { keepNodeLease } from './node/node-lease.ts';
import { refusalOf } from './pod/admission.ts';
import { checkListeners } from './pod/listener-check.ts';
import { createPodDispatcher } from './pod/pod-dispatcher.ts';
import { identityOf } from './pod/pod-labels.ts';
import { createStatusManager } from './pod/status-manager.ts';
import { openProcessRuntime } from './runtime/process/process-runtime.ts';
import { startKubeletServer, type KubeletTls } from './server/kubelet-server.ts';

export interface KubeletOptions {
  readonly nodeName: string;
  readonly clusterId: string;
  /** Holds records, volumes and logs. */
  readonly dataDirectory: string;
  /** Speaks for the node; the kubelet does not close it. */
  readonly client: ApiClient;
  /** Address of the node, and of pods in its network. */
  readonly nodeAddress: string;
  /** Range of the pods' addresses in 127.0.0.0/8; ignored outside of Linux, where pods share the node's address. */
  readonly podCidr: string | undefined;
  readonly server: {
    readonly host: string;
    /** 0 for any. */
    readonly port: number;
    readonly tls: KubeletTls;
    /** Common names of the client certificates that may call. */
    readonly clientNames: readonly string[];
  };
  /** Further labels of the node. */
  readonly labels?: Readonly<Record<string, string>>;
  /** 110 unless told. */
  readonly maxPods?: number;
  /** 40 unless told. */
  readonly nodeLeaseDurationSeconds?: number;
  /** True: `close` ends all pods; false: they run on, and the next kubelet adopts them. */
  readonly stopPodsOnClose: boolean;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export interface Kubelet extends Running {
  readonly nodeName: string;
  /** Port of the HTTPS server. */
  readonly port: number;
  /** Resolves when the Node is registered and says Ready. */
  readonly registered: Promise<void>;
}

/** How long pods have for a graceful end when the kubelet is closed. */
const closeGraceMs = 1_500;
const kubeletVersion = 'v1.32.0+flotilla';

/**
 * Starts the kubelet. It is up when it serves; it joins the cluster as soon as the API server answers (`registered`).
 * @throws OperatingError `DATA_DIR_FOREIGN`, `DATA_DIR_IN_USE`, `INVALID_POD_CIDR`, and Node's own errors of listening
 */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { nodeName, clusterId, dataDirectory, client, nodeAddress, logger, clock = systemClock } = options;
  claimDirectory(dataDirectory, { clusterId, nodeName });
  const podCidr = process.platform === 'linux' ? options.podCidr : undefined;
  const runtime = openProcessRuntime({
    directory: join(dataDirectory, 'runtime'),
    podCidr,
    hostAddress: nodeAddress,
    clock,
    logger,
  });
  const release = (): Promise<void> | void =>
    options.stopPodsOnClose ? runtime.close({ graceMs: closeGraceMs }) : runtime.detach();

  const allocatable = machineCapacity({ maxPods: options.maxPods ?? 110, directory: dataDirectory });
  const nodeLabels = {
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': nodeOperatingSystem,
    'kubernetes.io/arch': nodeArchitecture,
    ...options.labels,
  };
  const events = createEventRecorder({ client, component: 'kubelet', host: nodeName, clock, logger });
  const statuses = createStatusManager({ client, logger });
  const { runtime_name: runtimeName, runtime_version: runtimeVersion } = await runtime.version();
  const dispatcher = createPodDispatcher(
    {
      runtime,
      runtimeName,
      client,
      statuses,
      events,
      clock,
      logger,
      node: { nodeName, hostAddress: nodeAddress, allocatable, hostname: machineHostname },
      podsDirectory: join(dataDirectory, 'pods'),
      logsDirectory: join(dataDirectory, 'logs'),
      refusalOf: (pod) => {
        const { uid } = identityOf(pod);
        const others = dispatcher.pods.filter((one) => identityOf(one).uid !== uid && holdsResources(one.status));
        return refusalOf({ pod, others, allocatable, nodeLabels });
      },
    },
    nodeName,
  );

  let server: Awaited<ReturnType<typeof startKubeletServer>>;
  try {
    server = await startKubeletServer({ ...options.server, runtime, clock, logger, pods: () => dispatcher.pods });
  } catch (error) {
    runtime.detach();
    throw error;
  }
  const nodeAgent = createNodeAgent({
    client,
    name: nodeName,
    labels: nodeLabels,
    podCidr,
    status: {
      capacity: allocatable,
      allocatable,
      addresses: [
        { type: 'InternalIP', address: nodeAddress },
        { type: 'Hostname', address: nodeName },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: server.port } },
      nodeInfo: systemInfo({ kubelet: kubeletVersion, runtime: `${runtimeName}://${runtimeVersion}` }),
    },
    unready: () => undefined,
    clock,
    logger,
  });

  const group = createTaskGroup();
  const node = nodeAgent.registered(group.signal);
  const registered = node.then(() => undefined);
  // Whoever does not ask must not be ended by a kubelet that is closed early.
  registered.catch((error: unknown) => error);
  nodeAgent.start(group);
  statuses.start(group);
  dispatcher.start(group);
  group.run('listener check', (signal) => checkListeners({ runtime, events, clock }, signal));
  group.run('node lease', async (signal) => {
    const durationSeconds = options.nodeLeaseDurationSeconds ?? 40;
    await keepNodeLease({ client, node: await node, durationSeconds, clock, logger }, signal);
  });

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await dispatcher.close();
    await group.close();
    events.close();
    await release();
    await server.close();
  };
  return {
    nodeName,
    port: server.port,
    registered,
    stopped: group.stopped,
    close: () => (closing ??= close()),
  };
}

function holdsResources(
  status: { readonly phase?: string | undefined; readonly startTime?: string | undefined } | undefined,
): boolean {
  return status?.startTime !== undefined && status.phase !== 'Succeeded' && status.phase !== 'Failed';
}
