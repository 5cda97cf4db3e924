/** `pods/log`: forwards to the kubelet of the pod's node, over HTTPS and with the API server's own client certificate. */
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { type Node, type Pod, badRequest, internalError, notFound, serviceUnavailable } from '@flotilla/api';
import { messageOf } from '@flotilla/base';
import type { Registry } from '../registry/registry.ts';
import { type Target, resourceOf } from '../registry/request.ts';
import { type Answer, type Exchange, type StreamAnswer, textAnswer } from './exchange.ts';

export interface KubeletTls {
  /** PEM: the API server's credential towards kubelets. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** PEM: what kubelets' certificates are verified against. */
  readonly ca: string | undefined;
}

export interface PodLogs {
  open(target: Target, exchange: Exchange): Promise<Answer | StreamAnswer>;
  close(): void;
}

/** What a client may ask of a log, in the query; the kubelet checks the values. */
const forwarded = ['follow', 'previous', 'sinceSeconds', 'sinceTime', 'timestamps', 'tailLines', 'limitBytes'];
const defaultKubeletPort = 10_250;
/** The most of a kubelet's refusal that is passed on. */
const refusalMaxBytes = 4_096;

export function createPodLogs(registry: Registry, tls: KubeletTls): PodLogs {
  const agent = new Agent({
    keepAlive: true,
    ...(tls.cert !== undefined && { cert: tls.cert }),
    ...(tls.key !== undefined && { key: tls.key }),
    ...(tls.ca !== undefined && { ca: tls.ca }),
  });

  return {
    async open(target, exchange) {
      const pod = (await registry.get(target, '', exchange)) as Pod;
      const query = exchange.url.searchParams;
      const container = containerOf(pod, query.get('container') ?? '');
      const nodeName = pod.spec.nodeName ?? '';
      // A pod without a node has written nothing yet.
      if (nodeName === '') return textAnswer(200, '');
      const nodeKind = registry.kinds.byResource({ group: '', version: 'v1', resource: 'nodes' });
      if (!nodeKind) throw notFound({ group: '', resource: 'nodes' }, nodeName);
      const node = (await registry.get({ kind: nodeKind, namespace: '', name: nodeName }, '', exchange)) as Node;

      const path = ['containerLogs', target.namespace, target.name, container].map(encodeURIComponent).join('/');
      const forwardedQuery = new URLSearchParams(
        forwarded.flatMap((name) => query.getAll(name).map((value): [string, string] => [name, value])),
      );
      const response = await send(
        agent,
        { ...addressOf(node), path: `/${path}?${forwardedQuery.toString()}` },
        exchange.signal,
      );
      if ((response.statusCode ?? 500) >= 400) throw await refusalOf(response, target);
      return { code: 200, headers: { 'content-type': 'text/plain' }, chunks: chunksOf(response, exchange.signal) };
    },
    close: () => agent.destroy(),
  };
}

/** @throws ApiError BadRequest, in Kubernetes' words, when the choice is not clear. */
function containerOf({ metadata, spec }: Pod, asked: string): string {
  const names = (list: readonly { readonly name: string }[] | undefined): string[] =>
    (list ?? []).map(({ name }) => name);
  const containers = names(spec.containers);
  const inits = names(spec.initContainers);
  if (asked !== '') {
    if ([...containers, ...inits, ...names(spec.ephemeralContainers)].includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${metadata.name}`);
  }
  const [only, ...others] = containers;
  if (only !== undefined && others.length === 0) return only;
  const choice = `a container name must be specified for pod ${metadata.name}, choose one of: [${containers.join(' ')}]`;
  throw badRequest(inits.length === 0 ? choice : `${choice} or one of the init containers: [${inits.join(' ')}]`);
}

/** @throws ApiError when the node has not said where its kubelet listens. */
function addressOf({ metadata, status }: Node): { host: string; port: number } {
  const addresses = status?.addresses ?? [];
  const preferred = ['InternalIP', 'Hostname', 'InternalDNS', 'ExternalIP'];
  const address = preferred.flatMap((type) => addresses.find((known) => known.type === type) ?? [])[0];
  if (!address) throw internalError(`no preferred addresses found; known addresses: [] of node ${metadata.name}`);
  return { host: address.address, port: status?.daemonEndpoints?.kubeletEndpoint?.Port ?? defaultKubeletPort };
}

function send(
  agent: Agent,
  { host, port, path }: { readonly host: string; readonly port: number; readonly path: string },
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ agent, host, port, path, signal }, resolve);
    request.on('error', (error) => {
      reject(serviceUnavailable(`the kubelet at ${host}:${port} could not be asked: ${messageOf(error)}`));
    });
    request.end();
  });
}

async function refusalOf(response: IncomingMessage, target: Target): Promise<Error> {
  let text = '';
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.length > refusalMaxBytes) break;
  }
  const message = text.trim();
  switch (response.statusCode) {
    case 400:
      return badRequest(message);
    case 404:
      return message === '' ? notFound(resourceOf(target), target.name) : badRequest(message);
    default:
      return internalError(`the kubelet answered ${response.statusCode}: ${message}`);
  }
}

async function* chunksOf(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<readonly Buffer[], void> {
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) yield [chunk];
  } catch (error) {
    // The client went away first; any other end of the stream is an error of the kubelet's side.
    if (!signal.aborted) throw error;
  }
}
