/** `GET /containerLogs/<namespace>/<pod>/<container>`: the query is PodLogOptions, as the API server forwards it. */
import type { ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { Pod } from '@flotilla/api';
import type { Clock } from '@flotilla/base';
import { readLog, type LogRequest } from '../logs/read-log.ts';
import { containerNameLabel, podNameLabel, podNamespaceLabel } from '../pod/pod-labels.ts';
import type { RuntimeService } from '../runtime/cri.ts';

export interface LogTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface LogRoute {
  readonly runtime: RuntimeService;
  pods(): readonly Pod[];
  readonly clock: Clock;
}

/** A request that cannot be served: the text is the answer. */
export class HttpProblem extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** @throws HttpProblem for a bad query or an unknown container, before anything is answered. */
export async function serveLog(
  { runtime, clock, pods }: LogRoute,
  {
    target,
    query,
    response,
  }: { readonly target: LogTarget; readonly query: URLSearchParams; readonly response: ServerResponse },
): Promise<void> {
  const request = parseQuery(query, clock.wallMs());
  const previous = flag(query, 'previous');
  const found = await findContainer(runtime, { target, previous });
  if (!found) throw absence({ target, previous, pods: pods() });
  const { id, path } = found;
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  const running = async (): Promise<boolean> => {
    const { containers } = await runtime.listContainers({ filter: { id } });
    return containers[0]?.state === 'CONTAINER_RUNNING';
  };
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.flushHeaders();
  for await (const chunk of readLog({ path, running, clock, signal: controller.signal }, request)) {
    if (!response.write(chunk)) await once(response, 'drain', { signal: controller.signal });
  }
  response.end();
}

/** The newest container of that name that ever started, or the one before. */
async function findContainer(
  runtime: RuntimeService,
  { target, previous }: { readonly target: LogTarget; readonly previous: boolean },
): Promise<{ readonly id: string; readonly path: string } | undefined> {
  const { namespace, pod, container } = target;
  const filter = { label_selector: { [podNamespaceLabel]: namespace, [podNameLabel]: pod } };
  const { containers: ofPod } = await runtime.listContainers({ filter });
  const started = ofPod
    .filter(({ labels, state }) => labels[containerNameLabel] === container && state !== 'CONTAINER_CREATED')
    .sort((a, b) => Number(b.created_at - a.created_at));
  const chosen = started[previous ? 1 : 0];
  if (!chosen) return undefined;
  const { status } = await runtime.containerStatus({ container_id: chosen.id });
  return { id: chosen.id, path: status.log_path };
}

interface Absence {
  readonly target: LogTarget;
  readonly previous: boolean;
  readonly pods: readonly Pod[];
}

/** Why there is no log, in Kubernetes' words. */
function absence({ target, previous, pods }: Absence): HttpProblem {
  const { namespace, pod: name, container } = target;
  const where = `container "${container}" in pod "${name}"`;
  const pod = pods.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  if (!pod) return new HttpProblem(404, `pod "${name}" not found`);
  const { containers, initContainers = [] } = pod.spec;
  const known = [...containers, ...initContainers].some((one) => one.name === container);
  if (!known) return new HttpProblem(404, `container ${container} is not valid for pod ${name}`);
  if (previous) return new HttpProblem(400, `previous terminated ${where} not found`);
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const reason = statuses.find((status) => status.name === container)?.state?.waiting?.reason ?? 'ContainerCreating';
  return new HttpProblem(400, `${where} is waiting to start: ${reason}`);
}

function parseQuery(query: URLSearchParams, nowMs: number): LogRequest {
  const sinceSeconds = count(query, 'sinceSeconds');
  const sinceTime = query.get('sinceTime');
  if (sinceSeconds !== undefined && sinceTime !== null) {
    throw new HttpProblem(400, 'at most one of `sinceTime` or `sinceSeconds` may be specified');
  }
  const sinceTimeMs = sinceTime === null ? undefined : Date.parse(sinceTime);
  if (Number.isNaN(sinceTimeMs))
    throw new HttpProblem(400, `"${sinceTime}" is no time; write it like 2026-11-20T23:08:22Z`);
  return {
    follow: flag(query, 'follow'),
    timestamps: flag(query, 'timestamps'),
    tailLines: count(query, 'tailLines'),
    limitBytes: count(query, 'limitBytes'),
    sinceMs: sinceSeconds === undefined ? sinceTimeMs : nowMs - sinceSeconds * 1000,
  };
}

function flag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  return text === 'true' || text === '1';
}

function count(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw new HttpProblem(400, `${name} must be a whole number of at least 0, not "${text}"`);
  return Number(text);
}
