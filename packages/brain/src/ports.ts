/** A member's ports: bound before anything else is touched, and served once there is something to serve. */
import type { RequestListener } from 'node:http';
import type { Server } from 'node:net';
import { addressOf, withPort } from './cluster/urls.ts';
import { type Front, openFront } from './http/front.ts';
import { openHttpFront } from './http/http-front.ts';
import type { BrainSettings } from './options.ts';
import type { Servers } from './servers.ts';

export interface Ports {
  /** Where clients reach the member: the advertised URLs, with the ports that were really bound. */
  readonly clientUrls: readonly string[];
  /** Begins to answer; what is not gRPC with these. */
  serve(routes: { readonly clients: RequestListener; readonly others: RequestListener }): void;
  /** Clients' calls that are under way may finish within this time. */
  closeToClients(graceMs: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param peerListeners listen on the peer URLs already, in their order, and are taken over before this returns.
 * @throws OperatingError `LISTEN_FAILED` for a port in use; then none is bound.
 */
export async function openPorts(
  settings: BrainSettings,
  servers: Servers,
  peerListeners: readonly Server[] = [],
): Promise<Ports> {
  const { listenClientUrls, listenPeerUrls, listenMetricsUrls } = settings;
  const [clients, peers, metrics]: [Front[], Front[], Front[]] = [[], [], []];
  let routes: Parameters<Ports['serve']>[0] | undefined;
  const onRequest: RequestListener = (request, response) => routes?.others(request, response);
  const close = async (): Promise<void> => {
    await Promise.all([...peers, ...clients, ...metrics].map((front) => front.close(0)));
    await Promise.all([servers.peer, servers.client].map((server) => server.close(0)));
  };
  try {
    for (const [i, url] of listenPeerUrls.entries()) {
      const peer = { ...listenAddress(url), flag: 'listen-peer-urls', listener: peerListeners[i] };
      peers.push(await openFront({ ...peer, grpc: servers.peer, onRequest }));
    }
    for (const url of listenClientUrls) {
      clients.push(
        await openFront({
          ...listenAddress(url),
          flag: 'listen-client-urls',
          grpc: servers.client,
          onRequest: (request, response) => routes?.clients(request, response),
        }),
      );
    }
    for (const url of listenMetricsUrls) {
      metrics.push(await openHttpFront({ ...listenAddress(url), flag: 'listen-metrics-urls', onRequest }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    clientUrls: boundUrls(settings.advertiseClientUrls, clients),
    serve(given) {
      routes = given;
      for (const front of [...peers, ...clients, ...metrics]) front.serve();
    },
    async closeToClients(graceMs) {
      await Promise.all(clients.map((front) => front.close(graceMs)));
    },
    close,
  };
}

/** What localhost resolves to differs between machines; etcd takes IPv4. */
function listenAddress(url: string): { readonly host: string; readonly port: number } {
  const { host, port } = addressOf(url);
  return { host: host === 'localhost' ? '127.0.0.1' : host, port };
}

/** Port 0 in a URL stands for whatever was bound. */
function boundUrls(urls: readonly string[], fronts: readonly Front[]): readonly string[] {
  return urls.map((url, i) => {
    const front = fronts[i] ?? fronts[0];
    return addressOf(url).port === 0 && front ? withPort(url, front.port) : url;
  });
}
