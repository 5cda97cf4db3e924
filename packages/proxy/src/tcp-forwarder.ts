/**
 * Forwards the TCP connections of one route. Bytes are piped with back-pressure, and half-closed connections stay half-closed. An
 * endpoint that cannot be connected to is passed over for the next; without any the client gets a reset, as from a closed port.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { codeOf, type Timer } from '@flotilla/base';
import { createEndpointChoice, endpointKey, type Endpoint } from './endpoint-choice.ts';
import { maxClientsPerRoute, type Forwarder, type ForwarderSurroundings } from './forwarder.ts';
import { holdPort } from './port-holder.ts';
import type { Route } from './service-table.ts';

/** An endpoint that does not answer at all costs a client this long. */
const connectTimeoutMs = 2_000;
/** A half-closed connection without traffic: the other side may be gone without our hearing of it (as Linux conntrack, shorter). */
const halfClosedIdleMs = 300_000;

export function createTcpForwarder(initial: Route, surroundings: ForwarderSurroundings): Forwarder {
  const { clock, logger } = surroundings;
  const choice = createEndpointChoice(clock);
  /** Client → the endpoint it is connected to, once it is. */
  const clients = new Map<Socket, string | undefined>();
  let route = initial;

  const update = (next: Route): void => {
    route = next;
    choice.update(next.endpoints, next);
    for (const [client, key] of clients) {
      if (key !== undefined && !next.alive.has(key)) client.resetAndDestroy();
    }
  };
  update(initial);

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    clients.set(client, undefined);
    client.once('close', () => clients.delete(client));
    void serve(client);
  });
  server.maxConnections = maxClientsPerRoute;
  server.on('error', (error) => {
    // While it is not listening the holder of the port sees to it. An accept that failed (no file descriptors left) concerns that
    // connection; the next one may succeed.
    if (server.listening) logger.warn('a listener had an error', { port: route.port, err: error });
  });

  const serve = async (client: Socket): Promise<void> => {
    const address = client.remoteAddress ?? '';
    // Until it is piped, a client that goes away tells so by an error only.
    client.on('error', () => client.destroy());
    for (const endpoint of choice.order(address)) {
      const upstream = await connectTo(endpoint, client, surroundings);
      if (client.destroyed) return void upstream?.destroy();
      if (!upstream) continue;
      // The endpoint may have gone while it was connected to.
      if (!route.alive.has(endpointKey(endpoint))) {
        upstream.destroy();
        continue;
      }
      choice.chose(address, endpoint);
      clients.set(client, endpointKey(endpoint));
      return join(client, upstream);
    }
    client.resetAndDestroy();
  };

  const holder = holdPort({
    clock,
    bind: () => listen(server, initial),
    denied: (denial) => surroundings.denied(route, denial),
  });
  const shutDown = async (): Promise<void> => {
    await holder.close();
    for (const client of clients.keys()) client.destroy();
    // A server that never got its port has nothing to close.
    if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  let closing: Promise<void> | undefined;
  return {
    update,
    get listening() {
      return server.listening;
    },
    bound: holder.bound,
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}

function listen(server: Server, { host, port }: Route): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      server.removeListener('error', settle);
      server.removeListener('listening', settle);
      if (error) reject(error);
      else resolve();
    };
    server.once('error', settle);
    server.once('listening', settle);
    server.listen({ host, port, exclusive: true });
  });
}

/** A connection, or undefined when the endpoint does not take one (or the client left). */
function connectTo(
  endpoint: Endpoint,
  client: Socket,
  { clock, logger }: ForwarderSurroundings,
): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const upstream = connect({ host: endpoint.address, port: endpoint.port, allowHalfOpen: true, noDelay: true });
    let timer: Timer | undefined;
    const settle = (socket: Socket | undefined): void => {
      timer?.cancel();
      client.removeListener('close', give);
      upstream.removeListener('error', fail);
      upstream.removeListener('connect', succeed);
      // What comes after is the pipes' matter, or nobody's.
      upstream.on('error', () => upstream.destroy());
      if (!socket) upstream.destroy();
      resolve(socket);
    };
    const succeed = (): void => settle(upstream);
    const give = (): void => settle(undefined);
    const fail = (error: Error): void => {
      logger.debug('an endpoint refused a connection', { endpoint: endpointKey(endpoint), reason: codeOf(error) });
      settle(undefined);
    };
    timer = clock.after(connectTimeoutMs, give);
    client.once('close', give);
    upstream.once('error', fail);
    upstream.once('connect', succeed);
  });
}

/** Each side's end and its break reach the other. */
function join(client: Socket, upstream: Socket): void {
  passOnBreak(client, upstream);
  passOnBreak(upstream, client);
  client.pipe(upstream);
  upstream.pipe(client);
}

/** A socket that closed after both ends were passed on is done; any other close is a break. An end starts the other's patience. */
function passOnBreak(from: Socket, to: Socket): void {
  from.once('end', () => to.setTimeout(halfClosedIdleMs, () => to.resetAndDestroy()));
  from.once('close', () => {
    const done = from.readableEnded && from.writableFinished;
    if (!done && !to.destroyed) to.resetAndDestroy();
  });
}
