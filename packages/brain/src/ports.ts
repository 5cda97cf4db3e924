/** A member's ports: bound before anything else is touched, and served once there is something to serve. */
import type { RequestListener } from 'node:http';
import type { Server } from 'node:net';
import { resolve } from 'node:path';
import { addressOf, listenAddressOf, socketOf, withPort } from './cluster/urls.ts';
import { type Front, type FrontOptions, type UpgradeListener, openFront } from './http/front.ts';
import type { ListenPlace } from './http/listening.ts';
import type { BrainSettings } from './options.ts';
import type { Servers } from './servers.ts';
import type { MemberTls } from './tls/member-tls.ts';
import type { ServerTls } from './tls/server-tls.ts';

/** Who answers what is not gRPC. */
export interface Routes {
  readonly clients: RequestListener;
  /** A client that asks for a websocket. */
  readonly upgrades: UpgradeListener;
  readonly others: RequestListener;
}

export interface Ports {
  /** Where clients reach the member: the advertised URLs, with the ports that were really bound. */
  readonly clientUrls: readonly string[];
  /** Begins to answer; what is not gRPC with these. */
  serve(routes: Routes): void;
  /** Clients' calls that are under way may finish within this time. */
  closeToClients(graceMs: number): Promise<void>;
  close(): Promise<void>;
}

interface Behind {
  readonly servers: Servers;
  readonly tls: MemberTls;
  /** Listen on the peer URLs already, in their order, and are taken over before this returns. */
  readonly peerListeners?: readonly Server[] | undefined;
}

/** @throws OperatingError `LISTEN_FAILED` for a port in use; then none is bound. */
export async function openPorts(settings: BrainSettings, { servers, tls, peerListeners = [] }: Behind): Promise<Ports> {
  const { client, peer } = servers;
  const { listenClientUrls, listenClientHttpUrls, listenPeerUrls, listenMetricsUrls } = settings;
  const [clients, clientsHttp, peers, metrics]: [Front[], Front[], Front[], Front[]] = [[], [], [], []];
  const all = (): readonly Front[] => [...peers, ...clients, ...clientsHttp, ...metrics];
  let routes: Routes | undefined;
  const onRequest: RequestListener = (request, response) => routes?.others(request, response);
  const http: Pick<FrontOptions, 'onRequest' | 'onUpgrade'> = {
    onRequest: (request, response) => routes?.clients(request, response),
    onUpgrade: (...upgrade) => routes?.upgrades(...upgrade),
  };
  const close = async (): Promise<void> => {
    await Promise.all(all().map((front) => front.close(0)));
    await Promise.all([peer, client].map((server) => server.close(0)));
  };
  try {
    for (const [i, listen] of listensOf(listenPeerUrls, tls.peers).entries()) {
      const listener = peerListeners[i];
      peers.push(await openFront({ ...listen, flag: 'listen-peer-urls', listener, grpc: peer, onRequest }));
    }
    for (const listen of listensOf(listenClientUrls, tls.clients)) {
      const flag = 'listen-client-urls';
      clients.push(await openFront({ ...listen, flag, grpc: client, ...(listenClientHttpUrls.length === 0 && http) }));
    }
    for (const listen of listensOf(listenClientHttpUrls, tls.clients)) {
      clientsHttp.push(await openFront({ ...listen, flag: 'listen-client-http-urls', ...http }));
    }
    for (const listen of listensOf(listenMetricsUrls, tls.clients)) {
      metrics.push(await openFront({ ...listen, flag: 'listen-metrics-urls', onRequest }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    clientUrls: boundUrls(settings.advertiseClientUrls, clients),
    serve(given) {
      routes = given;
      for (const front of all()) front.serve();
    },
    async closeToClients(graceMs) {
      await Promise.all([...clients, ...clientsHttp].map((front) => front.close(graceMs)));
    },
    close,
  };
}

type Listen = Pick<FrontOptions, 'place' | 'tls' | 'clearTextToo'>;

/** Where to listen, and for what: a place that is named with both schemes serves both, as etcd's does. */
function listensOf(urls: readonly string[], tls: ServerTls | undefined): readonly Listen[] {
  const listens = new Map<string, { place: ListenPlace; secure: boolean; clear: boolean }>();
  for (const [i, url] of urls.entries()) {
    const { key, place, isTls } = placeOf(url, i);
    const { secure, clear } = listens.get(key) ?? { secure: false, clear: false };
    listens.set(key, { place, secure: secure || isTls, clear: clear || !isTls });
  }
  return [...listens.values()].map(({ place, secure, clear }) => ({
    place,
    tls: secure ? tls : undefined,
    clearTextToo: clear,
  }));
}

function placeOf(
  url: string,
  i: number,
): { readonly key: string; readonly place: ListenPlace; readonly isTls: boolean } {
  const socket = socketOf(url);
  if (socket) return { key: resolve(socket.path), place: { path: socket.path }, isTls: socket.tls };
  const { host, port, tls } = listenAddressOf(url);
  // Port 0 is another one each time.
  return { key: port === 0 ? `${i}` : `${host}:${port}`, place: { host, port }, isTls: tls };
}

/** Port 0 in a URL stands for whatever was bound. */
function boundUrls(urls: readonly string[], fronts: readonly Front[]): readonly string[] {
  return urls.map((url, i) => {
    const front = fronts[i] ?? fronts[0];
    if (socketOf(url) || front?.port === undefined) return url;
    return addressOf(url).port === 0 ? withPort(url, front.port) : url;
  });
}
