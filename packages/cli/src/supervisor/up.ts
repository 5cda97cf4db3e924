/**
 * `flotilla up`: starts a cluster, says when it is ready, watches over it, and stops it.
 *
 * Order: the members first, for their election takes longest; meanwhile the certificates; then the front door, the API servers,
 * and all that work through them, which the front door holds until the first API server serves. Ready means that members and components have leaders,
 * every component serves, every node is ready, and a first write was answered.
 */
import { type Clock, type Logger, OperatingError, type Randomness } from '@flotilla/base';
import type { ClusterConfig } from '../config/cluster-config.ts';
import { checkPortsFree, drawPorts, host } from '../config/draw-ports.ts';
import { loadClusterConfig } from '../config/load.ts';
import { type Forwarder, startForwarder } from '../forwarder.ts';
import { type ClusterCertificates, ensureClusterCertificates } from '../pki/cluster-certificates.ts';
import { writeKubeconfig } from '../pki/kubeconfig.ts';
import { readRunning, removeRunning, writeRunning } from '../state/running-file.ts';
import { type StateDirectory, prepareStateDirectory, stateDirectory } from '../state/state-directory.ts';
import type { Observer } from '../view/observe.ts';
import type { OpenObserver } from '../view/open-observer.ts';
import {
  type Launcher,
  type PlannedComponent,
  type StopStage,
  createInProcessLauncher,
  createProcessLauncher,
} from './launcher.ts';
import {
  certificateIds,
  clientCredentials,
  endpoint,
  planApiServers,
  planBrains,
  planCertificates,
  planClients,
} from './plan.ts';
import { planStoreCertificates, storeAdmin, storeUrl } from './plan-store-tls.ts';
import { processIdentity } from './process-identity.ts';
import type { ProcessEvent } from './supervised-process.ts';

export interface UpOptions {
  readonly configFile: string;
  /** Directory of all clusters' states. */
  readonly stateBase: string;
  /** A line for the user. */
  readonly print: (line: string) => void;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly logger: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the user wants the cluster to stop. */
  readonly signal: AbortSignal;
}

/** A cluster that is ready. */
export interface UpCluster {
  readonly config: ClusterConfig;
  readonly state: StateDirectory;
  readonly launcher: Launcher;
  readonly observer: Observer;
  readonly readyMs: number;
}

/** Under 3 s in all. A kubelet needs the most: it gives its pods 1.5 s to end before it kills them. */
const stopStages: readonly StopStage[] = [
  { components: ['kubelet', 'proxy', 'scheduler', 'controllers'], graceMs: 1_900 },
  { components: ['apiserver'], graceMs: 400 },
  { components: ['brain'], graceMs: 400 },
];

/**
 * Starts the cluster, runs `whileUp` with it, and stops it when that returns, when the signal is aborted, or when something
 * fails.
 * @throws OperatingError whose message is one sentence (or one a line) for the user
 */
export async function withCluster(options: UpOptions, whileUp: (cluster: UpCluster) => Promise<void>): Promise<void> {
  const { configFile, clock, randomness, env, print, signal } = options;
  const startedMs = clock.monotonicMs();
  const startedAtMs = clock.wallMs();
  const asWritten = loadClusterConfig(configFile);
  const state = stateDirectory(asWritten.name, options.stateBase);
  refuseSecond(state);
  prepareStateDirectory(state);
  const config = await drawPorts(asWritten, state.drawn, randomness);
  await checkPortsFree(config, configFile);

  const elapsed = (): string => `${((clock.monotonicMs() - startedMs) / 1000).toFixed(2).padStart(6)} s`;
  let ready = false;
  const recordRunning = (): void => {
    writeRunning(state.running, {
      cluster: config.name,
      configFile,
      pid: process.pid,
      identity: processIdentity(process.pid) ?? '',
      server: serverOf(config),
      kubeconfig: state.kubeconfig,
      brainEndpoints: brainEndpoints(config),
      storeCredential: storeAdmin({ config, state }),
      apiServers: config.apiServers.map(({ name, port }) => ({ name, endpoint: endpoint(port) })),
      ready,
      processes: launcher.processes,
    });
  };
  const onEvent = (event: ProcessEvent): void => {
    const serves = launcher.planned.find(({ name }) => name === event.name)?.serves;
    print(`${elapsed()}  ${eventText(event)}${event.type === 'ready' && serves !== undefined ? ` on ${serves}` : ''}`);
    recordRunning();
  };
  const createLauncher = config.processes === 'one' ? createInProcessLauncher : createProcessLauncher;
  const launcher = createLauncher({ clock, randomness, env, onEvent, restart: config.restart === 'always' });
  recordRunning();
  let frontDoor: Forwarder | undefined;
  let observing: OpenObserver | undefined;
  try {
    const starting = startAll({
      options,
      config,
      state,
      launcher,
      onFrontDoor: (door) => (frontDoor = door),
      onObserver: (opened) => (observing = opened),
    });
    const observer = await unlessStopped(starting, signal);
    const { untilReady } = await import('./readiness.ts');
    const waiting = untilReady({ observer, config, startedAtMs, clock, signal, logs: state.log('*') });
    await unlessStopped(Promise.race([waiting, launcher.failed]), signal);
    ready = true;
    recordRunning();
    print(`${elapsed()}  ready: elected, serving, and the first write was answered`);
    const readyMs = clock.monotonicMs() - startedMs;
    const up = whileUp({ config, state, launcher, observer, readyMs });
    await unlessStopped(Promise.race([up, launcher.failed]), signal);
  } finally {
    observing?.close();
    await launcher.close(stopStages);
    await frontDoor?.close();
    removeRunning(state.running);
  }
}

export function serverOf(config: ClusterConfig): string {
  return `https://${endpoint(config.frontDoor.port)}`;
}

/** Where clients reach the members: `host:port`, or a URL where they speak TLS. */
export function brainEndpoints(config: ClusterConfig): readonly string[] {
  return config.brain.members.map(({ clientPort }) => {
    const address = endpoint(clientPort);
    return config.brain.tls ? storeUrl(config, address) : address;
  });
}

function refuseSecond(state: StateDirectory): void {
  const running = readRunning(state.running);
  if (!running) return;
  throw new OperatingError(
    'ALREADY_UP',
    `cluster ${running.cluster} is up already (process ${running.pid}): \`flotilla down\` stops it, \`flotilla status\` shows it`,
  );
}

function eventText(event: ProcessEvent): string {
  switch (event.type) {
    case 'ready':
      return event.restarts === 0 ? `${event.name} is ready` : `${event.name} is back`;
    case 'ended':
      return event.againInMs === undefined
        ? `${event.name} ${event.how}`
        : `${event.name} ${event.how}; starting it again in ${Math.round(event.againInMs)} ms`;
  }
}

interface StartInput {
  readonly options: UpOptions;
  readonly config: ClusterConfig;
  readonly state: StateDirectory;
  readonly launcher: Launcher;
  readonly onFrontDoor: (door: Forwarder) => void;
  readonly onObserver: (observer: OpenObserver) => void;
}

async function startAll(input: StartInput): Promise<Observer> {
  const { options, config, state, launcher, onFrontDoor, onObserver } = input;
  const { clock, logger } = options;
  const { start, during, allStarted } = createStarting(launcher);
  if (config.brain.tls) await during(makeStoreCredentials({ config, state, nowMs: clock.wallMs() }));
  start(planBrains({ config, state }));
  const certificates = await during(makeCredentials({ config, state, nowMs: clock.wallMs() }));
  const backends = config.apiServers.map(({ name, port }) => ({ name, host, port }));
  onFrontDoor(await during(startForwarder({ host, port: config.frontDoor.port, backends, clock, logger })));
  start(planApiServers({ config, state, certificates }));
  // The front door holds them until an API server serves: their code loads while the members elect.
  start(planClients({ config, state, certificates }));
  // Loaded now, while the processes start, and not before.
  const { openObserver } = await import('../view/open-observer.ts');
  const observer = await openObserver({
    endpoints: brainEndpoints(config),
    storeCredential: storeAdmin({ config, state }),
    kubeconfig: state.kubeconfig,
  });
  onObserver(observer);
  const { untilStarted } = await import('./readiness.ts');
  const waitingFor = (): readonly string[] =>
    launcher.processes.filter((process) => process.state !== 'ready').map(({ name }) => name);
  await during(untilStarted(allStarted(), { waitingFor, clock, logs: state.log('*') }));
  return observer;
}

interface Starting {
  start(planned: readonly PlannedComponent[]): void;
  /** What the work gives, unless a component fails to start before. */
  during<T>(work: Promise<T>): Promise<T>;
  allStarted(): Promise<unknown>;
}

function createStarting(launcher: Launcher): Starting {
  const started: Promise<void>[] = [];
  let fail: (error: unknown) => void;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Between two steps nobody waits: the next step is told.
  failed.catch((error: unknown) => error);
  return {
    start(planned) {
      for (const one of planned) {
        const starting = launcher.start(one);
        starting.catch((error: unknown) => fail(error));
        started.push(starting);
      }
    },
    during: (work) => Promise.race([work, failed]),
    allStarted: () => Promise.all(started),
  };
}

interface CredentialsInput {
  readonly config: ClusterConfig;
  readonly state: StateDirectory;
  readonly nowMs: number;
}

/** Members need theirs before they start. */
async function makeStoreCredentials({ config, state, nowMs }: CredentialsInput): Promise<void> {
  await ensureClusterCertificates({
    directory: state.storePki,
    clusterName: `${config.name} store`,
    specs: planStoreCertificates(config),
    nowMs,
  });
}

async function makeCredentials({ config, state, nowMs }: CredentialsInput): Promise<ClusterCertificates> {
  const certificates = await ensureClusterCertificates({
    directory: state.pki,
    clusterName: config.name,
    specs: planCertificates(config),
    nowMs,
  });
  const common = { clusterName: config.name, server: serverOf(config), authority: certificates.authority };
  const admin = certificates.files(certificateIds.admin);
  writeKubeconfig({ ...common, file: state.kubeconfig, user: 'flotilla-admin', credential: admin });
  // TLS knows no server names that are addresses: the components ask for the server's name, as inside of a cluster.
  const inside = { ...common, tlsServerName: 'kubernetes.default.svc' };
  for (const id of clientCredentials(config)) {
    writeKubeconfig({ ...inside, file: state.kubeconfigOf(id), user: id, credential: certificates.files(id) });
  }
  return certificates;
}

/** What the promise gives, unless the signal comes first. @throws OperatingError `STOPPED` */
async function unlessStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new OperatingError('STOPPED', 'stopped'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
