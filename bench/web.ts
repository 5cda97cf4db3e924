/** `examples/web.yaml` on a cluster under measurement, seen through the API directly: no process starts between us and it. */
import { readFileSync } from 'node:fs';
import { type Deployment, type Pod, type Service, deployments, pods, services } from '@flotilla/api';
import { type ApiClient, createApiClient, loadKubeconfig } from '@flotilla/api-client';
import { parseAllDocuments } from 'yaml';
import { type Cluster, type Teardown, exampleManifest } from '#e2e/cluster.js';
import { fetchText, isReady } from '#e2e/objects.js';
import { until } from '#e2e/until.js';

export const webReplicas = 3;

const at = { namespace: 'default', name: 'web' } as const;
const selection = { namespace: 'default', labelSelector: 'app=web' } as const;

export async function openApi(scope: Teardown, cluster: Cluster): Promise<ApiClient> {
  const api = createApiClient({ ...(await loadKubeconfig(cluster.kubeconfig)), transport: 'rest' });
  scope.teardown(() => api.close());
  return api;
}

/** Creates what the manifest holds. */
export async function createWeb(api: ApiClient): Promise<void> {
  const [deployment, service] = [...parseAllDocuments(readFileSync(exampleManifest, 'utf8'))].map(
    (document) => document.toJS() as Deployment | Service,
  );
  if (deployment?.kind !== 'Deployment' || service?.kind !== 'Service') {
    throw new Error(`${exampleManifest} is no longer a Deployment and a Service`);
  }
  await api.resource(deployments).create(inDefault(deployment as Deployment));
  await api.resource(services).create(inDefault(service as Service));
}

function inDefault<T extends Deployment | Service>(object: T): T {
  return { ...object, metadata: { ...object.metadata, namespace: at.namespace } };
}

/** Deletes it and waits until no pod is left. */
export async function deleteWeb(api: ApiClient): Promise<void> {
  await api.resource(deployments).delete(at);
  await api.resource(services).delete(at);
  await until('no pod is left', async () => (await webPods(api)).length === 0);
}

export async function webPods(api: ApiClient): Promise<readonly Pod[]> {
  return (await api.resource(pods).list(selection)).items;
}

export async function untilWebReady(api: ApiClient): Promise<void> {
  await until('the pods are ready', async () => (await webPods(api)).filter(isReady).length === webReplicas);
}

export interface PodMoments {
  /** When all were Running, and Ready; on the clock of `performance.now()`. */
  readonly runningMs: number;
  readonly readyMs: number;
}

/**
 * Watches the pods from now on, until all are Ready.
 * @returns once the watch is under way
 */
export async function watchWeb(api: ApiClient, signal: AbortSignal): Promise<{ readonly ready: Promise<PodMoments> }> {
  const { resourceVersion } = await api.resource(pods).list(selection);
  const ready = followPods(api, { resourceVersion, signal });
  // Told by whoever awaits it, which may be later than it fails.
  ready.catch((error: unknown) => error);
  return { ready };
}

async function followPods(
  api: ApiClient,
  from: { readonly resourceVersion: string; readonly signal: AbortSignal },
): Promise<PodMoments> {
  const present = new Map<string, Pod>();
  const all = (condition: (pod: Pod) => boolean): boolean =>
    [...present.values()].filter(condition).length === webReplicas;
  let runningMs: number | undefined;
  for await (const { type, object } of api.resource(pods).watch({ ...selection, ...from })) {
    const now = performance.now();
    if (type === 'DELETED') present.delete(object.metadata.name);
    else if (type !== 'BOOKMARK') present.set(object.metadata.name, object);
    if (all(({ status }) => status?.phase === 'Running')) runningMs ??= now;
    if (runningMs !== undefined && all(isReady)) return { runningMs, readyMs: now };
  }
  throw new Error('the watch ended before the pods were ready');
}

export interface AnswerMoments {
  /** When the service's address answered for the first time, and when each replica had answered. */
  readonly firstMs: number;
  readonly allMs: number;
}

const askAgainMs = 10;

/** Asks the service's address until each replica has answered. */
export async function untilAnswered(api: ApiClient, signal: AbortSignal): Promise<AnswerMoments> {
  const { spec } = await api.resource(services).get(at);
  const url = `http://${spec?.clusterIP}:${spec?.ports?.[0]?.port}/`;
  const answers = new Set<string>();
  let firstMs: number | undefined;
  while (!signal.aborted) {
    // Refused, or closed without an answer: no replica is behind the address yet.
    const answer = await fetchText(url).catch(() => undefined);
    if (answer !== undefined) {
      const now = performance.now();
      firstMs ??= now;
      if (answers.add(answer).size === webReplicas) return { firstMs, allMs: now };
    } else {
      await new Promise((resolve) => setTimeout(resolve, askAgainMs));
    }
  }
  throw new Error(`${answers.size} of ${webReplicas} replicas have answered at ${url}`);
}
