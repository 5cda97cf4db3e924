/** Members on loopback, each behind a proxy that the others call it through. */
import { reservePorts } from '@flotilla/brain/test/reserve-ports';
import { type Link, Links, type Network, type Place } from './network.ts';
import { PeerProxy } from './peer-proxy.ts';

export class ProxyNetwork implements Network {
  readonly cables = undefined;
  readonly #links = new Links();
  readonly #proxies = new Map<string, PeerProxy>();

  async settle(name: string, memberOf: (holds: (pid: number) => boolean) => string | undefined): Promise<Place> {
    const [clientPort = 0, peerPort = 0, innerPort = 0] = await reservePorts(3);
    const proxy = new PeerProxy({
      port: peerPort,
      targetPort: innerPort,
      callerOf: memberOf,
      linkOf: (caller, direction) => (direction === 'forth' ? this.link(caller, name) : this.link(name, caller)),
    });
    this.#proxies.set(name, proxy);
    const clientUrl = `http://127.0.0.1:${clientPort}`;
    return {
      options: {
        'listen-client-urls': [clientUrl],
        'advertise-client-urls': [clientUrl],
        'listen-peer-urls': [`http://127.0.0.1:${innerPort}`],
        'initial-advertise-peer-urls': [`http://127.0.0.1:${peerPort}`],
      },
      endpoint: { target: `127.0.0.1:${clientPort}` },
      launcher: [],
      open: () => proxy.listen(),
      shut: () => proxy.refuse(),
    };
  }

  link(from: string, to: string): Link {
    return this.#links.of(from, to);
  }

  update(): void {
    for (const proxy of this.#proxies.values()) proxy.update();
  }

  breakConnections(one: string, other: string): void {
    this.#proxies.get(one)?.breakAll(other);
    this.#proxies.get(other)?.breakAll(one);
  }

  async close(): Promise<void> {
    for (const proxy of this.#proxies.values()) await proxy.refuse();
  }
}
