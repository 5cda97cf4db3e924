/** A TCP forwarder that a test can cut and mend, for what happens when a server can't reach its store. */
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

export interface Cuttable {
  /** `http://host:port` of this side. */
  readonly endpoint: string;
  cut(): void;
  /** Lets nothing come back from the target; what goes to it still does. */
  mute(): void;
  mend(): void;
  close(): Promise<void>;
}

/** @param target `http://host:port`. */
export async function cuttable(target: string): Promise<Cuttable> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isCut = false;
  let isMute = false;
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect({ host: hostname, port: Number(port) });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('data', (chunk) => {
        if (one === near || !isMute) other.write(chunk);
      });
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      isCut = true;
      drop();
    },
    mute() {
      isMute = true;
    },
    mend() {
      isCut = false;
      isMute = false;
    },
    async close() {
      server.close();
      drop();
      await once(server, 'close');
    },
  };
}
