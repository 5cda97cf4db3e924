/**
 * The Node object: registers it, and keeps labels, capacity and conditions what they should be. Written when something differs (also
 * when somebody else changed it) and otherwise every five minutes: the heartbeat is the lease.
 */
import { deepEqual, nodes, type Node, type NodeCondition, type NodeStatus } from '@flotilla/api';
import { createInformer, isAlreadyExists, isNotFound, type ApiClient, type Informer } from '@flotilla/api-client';
import {
  createBackoff,
  messageOf,
  sleep,
  systemRandomness,
  type Clock,
  type Logger,
  type TaskGroup,
} from '@flotilla/base';
import { isRecord } from '../durable-file.ts';
import { apiTime } from '../pod/container-statuses.ts';

export interface NodeAgentOptions {
  readonly client: ApiClient;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly podCidr: string | undefined;
  /** All but the conditions. */
  readonly status: NodeStatus;
  /** Why the node is not ready, or undefined. */
  unready(): string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface NodeAgent {
  start(group: TaskGroup): void;
  /** Resolves with the Node once it is registered and says Ready. */
  registered(signal: AbortSignal): Promise<Node>;
}

const checkMs = 10_000;
const heartbeatMs = 300_000;
/** Two who write the same field differently must not do so in a frenzy. */
const writePauseMs = 500;

export function createNodeAgent(options: NodeAgentOptions): NodeAgent {
  const { client, name, clock, logger } = options;
  const informer = createInformer(client, nodes, { fieldSelector: `metadata.name=${name}`, clock, logger });
  let nudge = new AbortController();
  let settle: (node: Node) => void = () => undefined;
  const registered = new Promise<Node>((resolve) => {
    settle = resolve;
  });

  const keep = async (signal: AbortSignal): Promise<void> => {
    const retry = createBackoff({ initialMs: 100, maxMs: 5_000 }, systemRandomness);
    await informer.waitForSync(signal);
    informer.onChange({ updated: () => nudge.abort(), deleted: () => nudge.abort() });
    let writtenAtMs = -Infinity;
    while (!signal.aborted) {
      nudge = new AbortController();
      let delayMs = checkMs;
      try {
        const due = clock.monotonicMs() - writtenAtMs >= heartbeatMs;
        const node = await converge(options, { informer, due, signal });
        if (node) writtenAtMs = clock.monotonicMs();
        settle(node ?? informer.get(name) ?? (await client.resource(nodes).get({ name }, { signal })));
        retry.reset();
        if (node) await sleep(clock, writePauseMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        delayMs = retry.nextMs();
        logger.warn('the node could not be written', { node: name, reason: messageOf(error) });
      }
      await sleep(clock, delayMs, AbortSignal.any([signal, nudge.signal]));
    }
  };

  return {
    start(group) {
      informer.start(group);
      group.run('node', keep);
    },
    registered: (signal) =>
      Promise.race([
        registered,
        new Promise<never>((_resolve, reject) => {
          const abort = (): void => reject(new Error('the kubelet was closed before its node was registered'));
          if (signal.aborted) abort();
          signal.addEventListener('abort', abort, { once: true });
        }),
      ]),
  };
}

interface Pass {
  readonly informer: Informer<Node>;
  /** The periodic write is due. */
  readonly due: boolean;
  readonly signal: AbortSignal;
}

/** The Node as written, or undefined when nothing had to be. */
async function converge(options: NodeAgentOptions, { informer, due, signal }: Pass): Promise<Node | undefined> {
  const { client, name, labels, clock } = options;
  const resource = client.resource(nodes);
  const known = informer.get(name) ?? (await create(options, signal));
  const conditions = conditionsOf(options, known);
  const wanted: NodeStatus = { ...options.status, conditions };
  const missing = Object.entries(labels).filter(([key, value]) => known.metadata.labels?.[key] !== value);
  let node: Node | undefined;
  if (missing.length > 0) {
    const body = { metadata: { labels: Object.fromEntries(missing) } };
    node = await resource.patch({ name }, { type: 'application/strategic-merge-patch+json', body }, { signal });
  }
  if (!due && isCurrent(known.status, wanted)) return node;
  const heartbeat = apiTime(clock.wallMs());
  const body = {
    status: { ...wanted, conditions: conditions.map((one) => ({ ...one, lastHeartbeatTime: heartbeat })) },
  };
  const patch = { type: 'application/strategic-merge-patch+json', body } as const;
  return resource.patch({ name }, patch, { subresource: 'status', signal });
}

async function create(options: NodeAgentOptions, signal: AbortSignal): Promise<Node> {
  const { client, name, labels, podCidr } = options;
  const resource = client.resource(nodes);
  const node: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec: podCidr === undefined ? {} : { podCIDR: podCidr, podCIDRs: [podCidr] },
  };
  try {
    return await resource.get({ name }, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  try {
    return await resource.create(node, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return resource.get({ name }, { signal });
  }
}

function conditionsOf(options: NodeAgentOptions, known: Node): NodeCondition[] {
  const problem = options.unready();
  const ready =
    problem === undefined
      ? { status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { status: 'False', reason: 'KubeletNotReady', message: problem };
  const verdicts = [
    { type: 'MemoryPressure', ...none('KubeletHasSufficientMemory', 'kubelet has sufficient memory available') },
    { type: 'DiskPressure', ...none('KubeletHasNoDiskPressure', 'kubelet has no disk pressure') },
    { type: 'PIDPressure', ...none('KubeletHasSufficientPID', 'kubelet has sufficient PID available') },
    { type: 'Ready', ...ready },
  ];
  return verdicts.map((verdict) => {
    const old = known.status?.conditions?.find(({ type }) => type === verdict.type);
    const changedAt = old?.status === verdict.status ? old.lastTransitionTime : undefined;
    return { ...verdict, lastTransitionTime: changedAt ?? apiTime(options.clock.wallMs()) };
  });
}

function none(reason: string, message: string) {
  return { status: 'False', reason, message };
}

/** Whether the API server's status says all that is wanted; what others added does not count. */
function isCurrent(known: NodeStatus | undefined, wanted: NodeStatus): boolean {
  const { conditions = [], ...rest } = wanted;
  if (!includes(known, rest)) return false;
  return conditions.every(({ type, status, reason, message }) => {
    const old = known?.conditions?.find((one) => one.type === type);
    return old?.status === status && old.reason === reason && old.message === message;
  });
}

function includes(known: unknown, wanted: unknown): boolean {
  if (!isRecord(wanted) || !isRecord(known)) return deepEqual(known, wanted);
  return Object.entries(wanted).every(([field, value]) => value === undefined || includes(known[field], value));
}
