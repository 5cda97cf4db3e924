/**
 * The default runtime: containers as plain processes. No root, no images: a container is a process group with a directory, log
 * files and, with its pod, an address of its own in 127.0.0.0/8. Not isolated and, for now, without limits: it runs programs that
 * are trusted with the kubelet's own user.
 *
 * Opening it finds every process that an earlier one on the same directory started, and adopts or ends it. What it does not do:
 * see the package's README.
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { OperatingError, createAsyncQueue, type AsyncQueue, type Clock, type Logger } from '@flotilla/base';
import { isRecord, readJson, writeJson } from '../../durable-file.ts';
import type {
  CallOptions,
  Container,
  ContainerConfig,
  ContainerEventResponse,
  ContainerEventType,
  ContainerFilter,
  ContainerStatus,
  ExecSyncResponse,
  PodSandbox,
  PodSandboxConfig,
  PodSandboxFilter,
  PodSandboxStatus,
  RuntimeService,
} from '../cri.ts';
import { openAddressPool, parseCidr, type AddressPool } from './address-pool.ts';
import { ContainerProcess } from './container-process.ts';
import {
  isContainerRecord,
  isSandboxRecord,
  openRecordStore,
  type ContainerRecord,
  type RecordStore,
  type SandboxRecord,
} from './container-record.ts';
import { describeContainer, describeSandbox, matchesLabels, sandboxStatusOf, statusOfContainer } from './cri-view.ts';
import { lockDirectory, type DirectoryLock } from './directory-lock.ts';
import { markerVariable } from './environment.ts';
import { execSync } from './exec-sync.ts';
import { defaultOutputLimits, type OutputLimits } from './output-collector.ts';
import { findMarked, isRunning, readBootId, type MarkedProcess } from './process-table.ts';
import { killMarked } from './signals.ts';
import { wildcardListeners } from './wildcard-listeners.ts';

export interface ProcessRuntimeOptions {
  /** Everything the runtime keeps, logs aside. */
  readonly directory: string;
  /** Range of the pods' addresses, e.g. `127.20.1.0/24`; undefined where pods share the host's address. */
  readonly podCidr: string | undefined;
  /** Address of the node: that of pods in the host's network. */
  readonly hostAddress: string;
  readonly outputLimits?: OutputLimits;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A container that listens on all addresses of the machine instead of its pod's. */
export interface ContainerListener {
  readonly containerId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly port: number;
}

export interface ProcessRuntime extends RuntimeService {
  /** Of containers in pods with an address of their own. */
  wildcardListeners(): readonly ContainerListener[];
  /** Lets go of all processes, which run on; a later runtime on the directory adopts them. */
  detach(): void;
  /** Ends all containers, at most `graceMs` after asking them to, then lets go. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

interface Sandbox {
  record: SandboxRecord;
  readonly containers: Set<ContainerProcess>;
}

/** Events that may wait for one reader. */
const eventQueueCapacity = 4096;

/** @throws OperatingError `DATA_DIR_IN_USE`, `INVALID_POD_CIDR` */
export function openProcessRuntime(options: ProcessRuntimeOptions): ProcessRuntime {
  const range = options.podCidr === undefined ? undefined : parseCidr(options.podCidr);
  const lock = lockDirectory(options.directory);
  try {
    const path = join(options.directory, 'addresses.json');
    return new Processes(options, lock, range && openAddressPool({ range, path }));
  } catch (error) {
    lock.release();
    throw error;
  }
}

class Processes implements ProcessRuntime {
  readonly #options: ProcessRuntimeOptions;
  readonly #lock: DirectoryLock;
  readonly #addresses: AddressPool | undefined;
  readonly #runtimeId: string;
  readonly #sandboxStore: RecordStore<SandboxRecord>;
  readonly #containerStore: RecordStore<ContainerRecord>;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #containers = new Map<string, ContainerProcess>();
  readonly #readers = new Set<AsyncQueue<ContainerEventResponse>>();

  constructor(options: ProcessRuntimeOptions, lock: DirectoryLock, addresses: AddressPool | undefined) {
    this.#options = options;
    this.#lock = lock;
    this.#addresses = addresses;
    this.#runtimeId = readOrDrawId(join(options.directory, 'runtime.json'));
    this.#sandboxStore = openRecordStore(join(options.directory, 'sandboxes'), isSandboxRecord);
    this.#containerStore = openRecordStore(join(options.directory, 'containers'), isContainerRecord);
    this.#restoreSandboxes();
    this.#restoreContainers();
  }

  version() {
    return Promise.resolve({
      version: '0.1.0',
      runtime_name: 'process',
      runtime_version: '0.1.0',
      runtime_api_version: 'v1',
    });
  }

  status() {
    const ready = (type: 'RuntimeReady' | 'NetworkReady') => ({ type, status: true, reason: '', message: '' });
    return Promise.resolve({ status: { conditions: [ready('RuntimeReady'), ready('NetworkReady')] } });
  }

  // eslint-disable-next-line typescript/require-await -- errors of the body must reject, not throw
  async runPodSandbox({ config }: { readonly config: PodSandboxConfig }) {
    const network = config.linux?.security_context?.namespace_options?.network ?? 'POD';
    const pool = network === 'POD' ? this.#addresses : undefined;
    const record: SandboxRecord = {
      id: drawId(),
      createdAtMs: this.#options.clock.wallMs(),
      config,
      address: pool ? pool.allocate() : this.#options.hostAddress,
      ownAddress: pool !== undefined,
      state: 'ready',
      bootId: readBootId(),
    };
    this.#sandboxStore.write(record);
    this.#sandboxes.set(record.id, { record, containers: new Set() });
    return { pod_sandbox_id: record.id };
  }

  async stopPodSandbox({ pod_sandbox_id: id }: { readonly pod_sandbox_id: string }) {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return;
    if (sandbox.record.state === 'ready') {
      sandbox.record = { ...sandbox.record, state: 'stopped' };
      this.#sandboxStore.write(sandbox.record);
    }
    await Promise.all([...sandbox.containers].map((container) => container.stop({ timeoutMs: 0 })));
    // Nothing runs at the address any more; another call may have said so first.
    if (sandbox.record.state === 'released') return;
    sandbox.record = { ...sandbox.record, state: 'released' };
    this.#sandboxStore.write(sandbox.record);
    if (sandbox.record.ownAddress) this.#addresses?.release(sandbox.record.address);
  }

  async removePodSandbox({ pod_sandbox_id: id }: { readonly pod_sandbox_id: string }) {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return;
    await this.stopPodSandbox({ pod_sandbox_id: id });
    for (const { record } of sandbox.containers) await this.removeContainer({ container_id: record.id });
    // Another call may have removed it meanwhile.
    if (!this.#sandboxes.delete(id)) return;
    rmSync(this.#sandboxStore.directoryOf(id), { recursive: true, force: true });
  }

  async podSandboxStatus({ pod_sandbox_id: id }: { readonly pod_sandbox_id: string }): Promise<{
    readonly status: PodSandboxStatus;
  }> {
    return Promise.resolve({ status: sandboxStatusOf(this.#sandbox(id).record) });
  }

  listPodSandbox({ filter }: { readonly filter?: PodSandboxFilter }) {
    const items: PodSandbox[] = [];
    for (const { record } of this.#sandboxes.values()) {
      const item = describeSandbox(record);
      if (filter?.id !== undefined && filter.id !== item.id) continue;
      if (filter?.state !== undefined && filter.state !== item.state) continue;
      if (matchesLabels(item.labels, filter?.label_selector)) items.push(item);
    }
    return Promise.resolve({ items });
  }

  // eslint-disable-next-line typescript/require-await -- errors of the body must reject, not throw
  async createContainer(request: { readonly pod_sandbox_id: string; readonly config: ContainerConfig }) {
    const { pod_sandbox_id: sandboxId, config } = request;
    const sandbox = this.#sandbox(sandboxId);
    if (sandbox.record.state !== 'ready') {
      throw new OperatingError('SANDBOX_NOT_READY', `the sandbox ${sandboxId} is stopped; run a new one`);
    }
    if (config.command.length === 0) {
      throw new OperatingError(
        'INVALID_CONTAINER',
        'the process runtime has no images, so the container needs a "command" that is installed on the node',
      );
    }
    const createdAtMs = this.#options.clock.wallMs();
    const record: ContainerRecord = { id: drawId(), sandboxId, createdAtMs, config, phase: { state: 'created' } };
    this.#containerStore.write(record);
    this.#announce(this.#addContainer(record, sandbox), 'CONTAINER_CREATED_EVENT');
    return { container_id: record.id };
  }

  async startContainer({ container_id: id }: { readonly container_id: string }) {
    const container = this.#container(id);
    const { state } = container.record.phase;
    if (state !== 'created') {
      throw new OperatingError('CONTAINER_START_FAILED', `the container ${id} was started before: it is ${state}`);
    }
    await container.start();
  }

  async stopContainer(request: { readonly container_id: string; readonly timeout: number }, options?: CallOptions) {
    const container = this.#containers.get(request.container_id);
    await container?.stop({ timeoutMs: request.timeout * 1000, signal: options?.signal });
  }

  async removeContainer({ container_id: id }: { readonly container_id: string }) {
    const container = this.#containers.get(id);
    if (!container) return;
    await container.stop({ timeoutMs: 0 });
    if (!this.#containers.delete(id)) return;
    container.detach();
    this.#sandboxes.get(container.record.sandboxId)?.containers.delete(container);
    rmSync(this.#containerStore.directoryOf(id), { recursive: true, force: true });
    this.#announce(container, 'CONTAINER_DELETED_EVENT');
  }

  listContainers({ filter }: { readonly filter?: ContainerFilter }) {
    const containers: Container[] = [];
    for (const { record } of this.#containers.values()) {
      const item = describeContainer(record);
      if (filter?.id !== undefined && filter.id !== item.id) continue;
      if (filter?.state !== undefined && filter.state !== item.state) continue;
      if (filter?.pod_sandbox_id !== undefined && filter.pod_sandbox_id !== item.pod_sandbox_id) continue;
      if (matchesLabels(item.labels, filter?.label_selector)) containers.push(item);
    }
    return Promise.resolve({ containers });
  }

  // eslint-disable-next-line typescript/require-await -- errors of the body must reject, not throw
  async containerStatus({ container_id: id }: { readonly container_id: string }): Promise<{
    readonly status: ContainerStatus;
  }> {
    const container = this.#container(id);
    return { status: statusOfContainer(container.record, container.logPath) };
  }

  async execSync(
    request: { readonly container_id: string; readonly cmd: readonly string[]; readonly timeout: number },
    options?: CallOptions,
  ): Promise<ExecSyncResponse> {
    const container = this.#container(request.container_id);
    if (container.record.phase.state !== 'running') {
      throw new OperatingError('CONTAINER_NOT_RUNNING', `the container ${request.container_id} does not run`);
    }
    return execSync({
      cmd: request.cmd,
      cwd: container.workingDirectory,
      env: container.environment,
      timeoutMs: request.timeout * 1000,
      clock: this.#options.clock,
      signal: options?.signal,
    });
  }

  getContainerEvents({ signal }: { readonly signal: AbortSignal }): AsyncIterable<ContainerEventResponse> {
    const queue = createAsyncQueue<ContainerEventResponse>(eventQueueCapacity);
    this.#readers.add(queue);
    const end = (): void => {
      this.#readers.delete(queue);
      queue.end();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    return queue;
  }

  wildcardListeners(): readonly ContainerListener[] {
    const prefix = `${this.#runtimeId}/`;
    return wildcardListeners(markerVariable, prefix).flatMap(({ marker, port }) => {
      const container = this.#containers.get(marker.slice(prefix.length));
      const sandbox = container && this.#sandboxes.get(container.record.sandboxId);
      if (!container || sandbox?.record.ownAddress !== true) return [];
      return [{ containerId: container.record.id, labels: container.record.config.labels, port }];
    });
  }

  detach(): void {
    for (const container of this.#containers.values()) container.detach();
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
    this.#lock.release();
  }

  async close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    try {
      await Promise.all([...this.#containers.values()].map((container) => container.stop({ timeoutMs: graceMs })));
    } finally {
      this.detach();
    }
  }

  #restoreSandboxes(): void {
    const { records, damaged } = this.#sandboxStore.readAll();
    for (const id of damaged) this.#forget(this.#sandboxStore.directoryOf(id));
    for (const record of records) {
      const sandbox: Sandbox = { record, containers: new Set() };
      if (record.state === 'ready' && record.bootId !== readBootId()) sandbox.record = { ...record, state: 'stopped' };
      this.#sandboxes.set(record.id, sandbox);
      if (record.ownAddress && record.state !== 'released') this.#addresses?.hold(record.address);
    }
  }

  /** Each marked process belongs to a container that runs or just started; all others are ended here and now. */
  #restoreContainers(): void {
    const marked = this.#findMarked();
    const { records, damaged } = this.#containerStore.readAll();
    for (const id of damaged) this.#forget(this.#containerStore.directoryOf(id));
    for (const record of records) {
      const sandbox = this.#sandboxes.get(record.sandboxId);
      if (!sandbox) {
        this.#forget(this.#containerStore.directoryOf(record.id));
        continue;
      }
      const container = this.#addContainer(record, sandbox);
      const { state } = record.phase;
      if (state !== 'starting' && state !== 'running') continue;
      const marker = this.#markerOf(record.id);
      const leader = leaderOf(record, marked.get(marker) ?? []);
      if (leader) marked.delete(marker);
      container.adopt(leader);
      this.#options.logger.info(leader ? 'adopted a container' : 'a container ended while nobody watched', {
        container: record.config.metadata.name,
        pod: sandbox.record.config.metadata.name,
        namespace: sandbox.record.config.metadata.namespace,
        pid: leader?.pid,
      });
    }
    for (const marker of marked.keys()) killMarked({ variable: markerVariable, prefix: marker });
  }

  #findMarked(): Map<string, MarkedProcess[]> {
    const byMarker = new Map<string, MarkedProcess[]>();
    for (const found of findMarked(markerVariable, `${this.#runtimeId}/`)) {
      const others = byMarker.get(found.marker);
      if (others) others.push(found);
      else byMarker.set(found.marker, [found]);
    }
    return byMarker;
  }

  #forget(directory: string): void {
    this.#options.logger.warn('removed a damaged record', { directory });
    rmSync(directory, { recursive: true, force: true });
  }

  #addContainer(record: ContainerRecord, sandbox: Sandbox): ContainerProcess {
    const { clock, logger, outputLimits = defaultOutputLimits } = this.#options;
    const { address, ownAddress, config } = sandbox.record;
    const container = new ContainerProcess(record, {
      clock,
      logger,
      limits: outputLimits,
      directory: this.#containerStore.directoryOf(record.id),
      marker: this.#markerOf(record.id),
      address: ownAddress ? address : undefined,
      hostname: config.hostname,
      logDirectory: config.log_directory,
      save: (changed) => this.#containerStore.write(changed),
      changed: (source, change) =>
        this.#announce(source, change === 'started' ? 'CONTAINER_STARTED_EVENT' : 'CONTAINER_STOPPED_EVENT'),
    });
    this.#containers.set(record.id, container);
    sandbox.containers.add(container);
    return container;
  }

  #announce(container: ContainerProcess, type: ContainerEventType): void {
    const sandbox = this.#sandboxes.get(container.record.sandboxId);
    if (!sandbox) return;
    const event: ContainerEventResponse = {
      container_id: container.record.id,
      container_event_type: type,
      created_at: BigInt(this.#options.clock.wallMs()) * 1_000_000n,
      pod_sandbox_status: sandboxStatusOf(sandbox.record),
    };
    for (const reader of this.#readers) {
      if (!reader.push(event)) this.#options.logger.warn('a reader of container events is too slow', { type });
    }
  }

  #markerOf(containerId: string): string {
    return `${this.#runtimeId}/${containerId}`;
  }

  #sandbox(id: string): Sandbox {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) throw new OperatingError('SANDBOX_NOT_FOUND', `there is no pod sandbox ${id}`);
    return sandbox;
  }

  #container(id: string): ContainerProcess {
    const container = this.#containers.get(id);
    if (!container) throw new OperatingError('CONTAINER_NOT_FOUND', `there is no container ${id}`);
    return container;
  }
}

/** The recorded process if it still runs; without a recorded one (a crash in the middle of a start) the marked session leader. */
function leaderOf({ phase }: ContainerRecord, marked: readonly MarkedProcess[]) {
  if (phase.state === 'running') return isRunning(phase.process) ? phase.process : undefined;
  return marked.find((candidate) => candidate.leader)?.identity;
}

function readOrDrawId(path: string): string {
  const known = readJson(
    path,
    (value): value is { readonly id: string } => isRecord(value) && typeof value['id'] === 'string',
  );
  const id = known?.id ?? drawId();
  writeJson(path, { id });
  return id;
}

function drawId(): string {
  return randomBytes(16).toString('hex');
}
