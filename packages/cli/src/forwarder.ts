/**
 * The cluster's one address: passes TCP connections on to backends that live. It knows nothing of TLS but one thing: a
 * client's first flight (its ClientHello) changes nothing, so until a backend has answered with a first byte, the flight can be
 * given to another one. A backend that refuses, resets or stays mute is thereby passed over without the client noticing; one
 * that dies later costs the client a retry. While no backend lives a client is held, for a while: at the start of a cluster, all
 * that need an API server are there before it.
 *
 * New connections go to the backends in turn, those that failed last at the end.
 */
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, createConnection, createServer } from 'node:net';
import { type Clock, type Logger, OperatingError, type Running, codeOf, messageOf } from '@flotilla/base';

export interface Backend {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface ForwarderOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly backends: readonly Backend[];
  /** How long a backend may stay mute before the next one is tried, milliseconds; 2,000 unless told. */
  readonly firstByteTimeoutMs?: number;
  /** How long a client is held while no backend answers, milliseconds; 5,000 unless told. */
  readonly patienceMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Forwarder extends Running {
  readonly host: string;
  readonly port: number;
}

/** Most bytes of a first flight; a ClientHello has a few hundred. Beyond, the client is read no further until an answer comes. */
const firstFlightMaxBytes = 64 * 1024;

/** Pause after all backends failed a held client, milliseconds. */
const roundPauseMs = 25;

/** @throws OperatingError `PORT_IN_USE` */
export async function startForwarder(options: ForwarderOptions): Promise<Forwarder> {
  const { host, clock, logger, firstByteTimeoutMs = 2000, patienceMs = 5000 } = options;
  const order = [...options.backends];
  const sockets = new Set<Socket>();

  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // Whatever breaks one side ends the other, through its close event.
    socket.on('error', (error) => logger.debug('forwarded connection broke', { reason: messageOf(error) }));
    return socket;
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    track(client);
    const candidates = nextTurn(order);
    passToFirstLiving(client, candidates);
  });

  function passToFirstLiving(client: Socket, candidates: readonly Backend[]): void {
    const flight: Buffer[] = [];
    let flightBytes = 0;
    let backend: Socket | undefined;
    const collect = (bytes: Buffer): void => {
      flight.push(bytes);
      flightBytes += bytes.length;
      if (flightBytes >= firstFlightMaxBytes) client.pause();
      backend?.write(bytes);
    };
    client.on('data', collect);
    client.once('close', () => backend?.destroy());
    // Nobody waits for an answer to half a handshake.
    const leave = (): void => void client.destroy();
    client.once('end', leave);

    const givenUpMs = clock.monotonicMs() + patienceMs;
    const tryNext = (index: number): void => {
      if (client.destroyed) return;
      const candidate = candidates[index];
      if (!candidate) {
        if (clock.monotonicMs() >= givenUpMs) client.destroy();
        else clock.after(roundPauseMs, () => tryNext(0), { unref: true });
        return;
      }
      const attempt = track(
        createConnection({ host: candidate.host, port: candidate.port, noDelay: true, allowHalfOpen: true }),
      );
      backend = attempt;
      const timer = clock.after(firstByteTimeoutMs, () => attempt.destroy());
      let answered = false;
      for (const bytes of flight) attempt.write(bytes);
      attempt.once('data', (first) => {
        answered = true;
        timer.cancel();
        client.off('data', collect);
        client.off('end', leave);
        client.write(first);
        client.pipe(attempt);
        attempt.pipe(client);
      });
      attempt.once('close', () => {
        timer.cancel();
        if (answered) {
          client.destroy();
          return;
        }
        moveToEnd(order, candidate);
        logger.debug('backend passed over', { backend: candidate.name });
        tryNext(index + 1);
      });
    };
    tryNext(0);
  }

  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const stopped = once(server, 'close').then(() => undefined);
  return {
    host,
    port,
    stopped,
    async close() {
      if (server.listening) server.close();
      for (const socket of sockets) socket.destroy();
      await stopped;
    },
  };
}

/** The backends in the order to try them now; the first one goes to the end for the next connection. */
function nextTurn(order: Backend[]): readonly Backend[] {
  const turn = [...order];
  const first = order.shift();
  if (first) order.push(first);
  return turn;
}

function moveToEnd(order: Backend[], backend: Backend): void {
  const index = order.indexOf(backend);
  if (index < 0) return;
  order.splice(index, 1);
  order.push(backend);
}

async function listen(server: Server, { host, port }: ForwarderOptions): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw error;
    throw new OperatingError('PORT_IN_USE', `port ${port} on ${host} is in use by another program`, { cause: error });
  }
}
