/**
 * Forwards the datagrams of one route. A client (address and port) keeps its endpoint while it talks; each has a socket of its own
 * towards the endpoint, so that answers find the way back, and loses it after a minute of silence.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { type Timer } from '@flotilla/base';
import { createEndpointChoice, endpointKey } from './endpoint-choice.ts';
import { maxClientsPerRoute, type Forwarder, type ForwarderSurroundings } from './forwarder.ts';
import { holdPort } from './port-holder.ts';
import type { Route } from './service-table.ts';

const idleMs = 60_000;

interface Session {
  readonly upstream: Socket;
  readonly key: string;
  idle: Timer;
}

export function createUdpForwarder(initial: Route, surroundings: ForwarderSurroundings): Forwarder {
  const { clock, logger } = surroundings;
  const choice = createEndpointChoice(clock);
  const sessions = new Map<string, Session>();
  let listener: Socket | undefined;
  let route = initial;

  const end = (client: string): void => {
    const session = sessions.get(client);
    if (!session) return;
    sessions.delete(client);
    session.idle.cancel();
    session.upstream.close();
  };
  const update = (next: Route): void => {
    route = next;
    choice.update(next.endpoints, next);
    for (const [client, { key }] of sessions) if (!next.alive.has(key)) end(client);
  };
  update(initial);

  const open = (client: string, { address, port }: RemoteInfo): Session | undefined => {
    const [endpoint] = choice.order(address);
    if (!endpoint || sessions.size >= maxClientsPerRoute) return undefined;
    choice.chose(address, endpoint);
    const upstream = createSocket(endpoint.address.includes(':') ? 'udp6' : 'udp4');
    upstream.on('message', (message) => listener?.send(message, port, address));
    // A refused datagram: the endpoint has no socket there. The client may be luckier with the next.
    upstream.on('error', () => end(client));
    upstream.connect(endpoint.port, endpoint.address);
    const idle = clock.after(idleMs, () => end(client), { unref: true });
    const session = { upstream, key: endpointKey(endpoint), idle };
    sessions.set(client, session);
    return session;
  };

  const forward = (message: Buffer, from: RemoteInfo): void => {
    const client = `${from.address}:${from.port}`;
    const session = sessions.get(client) ?? open(client, from);
    if (!session) return;
    session.idle.cancel();
    session.idle = clock.after(idleMs, () => end(client), { unref: true });
    const send = (): void => session.upstream.send(message);
    if (isConnected(session.upstream)) send();
    else session.upstream.once('connect', send);
  };

  const bind = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = createSocket(route.host.includes(':') ? 'udp6' : 'udp4');
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind({ address: route.host, port: route.port, exclusive: true }, () => {
        socket.removeAllListeners('error');
        socket.on('error', (error) => logger.warn('a UDP listener had an error', { port: route.port, err: error }));
        socket.on('message', forward);
        listener = socket;
        resolve();
      });
    });

  const holder = holdPort({ clock, bind, denied: (denial) => surroundings.denied(route, denial) });
  const shutDown = async (): Promise<void> => {
    await holder.close();
    for (const client of sessions.keys()) end(client);
    const socket = listener;
    listener = undefined;
    if (socket) await new Promise<void>((resolve) => socket.close(() => resolve()));
  };
  let closing: Promise<void> | undefined;
  return {
    update,
    get listening() {
      return listener !== undefined;
    },
    bound: holder.bound,
    close: () => (closing ??= shutDown()),
  };
}

function isConnected(socket: Socket): boolean {
  try {
    socket.remoteAddress();
    return true;
  } catch {
    // Node's only way to say "not connected yet".
    return false;
  }
}
