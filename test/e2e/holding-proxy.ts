/** A TCP proxy that can hold all bytes back, and let them go later: a network that is slow beyond every time-out. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import type { Teardown } from './cluster.ts';

export interface HoldingProxy {
  /** `host:port` */
  readonly address: string;
  hold(): void;
  release(): void;
}

export async function startHoldingProxy(t: Teardown, target: string): Promise<HoldingProxy> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  let held = false;
  const server = createServer((client) => {
    const upstream = connect({ host, port: Number(port) });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    }
    const forward = (from: Socket, to: Socket): void => {
      from.on('data', (bytes) => void to.write(bytes));
      from.on('close', () => to.destroy());
    };
    forward(client, upstream);
    forward(upstream, client);
    if (held) for (const socket of [client, upstream]) socket.pause();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold() {
      held = true;
      for (const socket of sockets) socket.pause();
    },
    release() {
      held = false;
      for (const socket of sockets) socket.resume();
    },
  };
}
