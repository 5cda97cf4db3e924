/** A proxy on the in-memory API server, real servers as endpoints, and clients. */
import { createServer, connect, type Server, type Socket } from 'node:net';
import { endpointSlices, services, type EndpointSlice, type Service, type ServiceSpec } from '@flotilla/api';
import { createMemoryServer, type ApiClient } from '@flotilla/api-client';
import { silentLogger } from '@flotilla/base';
import { startProxy, type Proxy } from '@flotilla/proxy';
import type { Test } from 'tap';

/** Each process of the test run has addresses of its own. */
export function testAddress(last: number): string {
  return `127.${100 + (process.pid % 100)}.${200 + ((process.pid >>> 7) % 50)}.${last}`;
}
export const testPort = 20_000 + (process.pid % 20_000);

export interface Conditions {
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
}

export interface ProxyBench {
  readonly client: ApiClient;
  proxy: Proxy;
  createService(name: string, spec: Partial<ServiceSpec>): Promise<Service>;
  /** Sets the endpoints of a service: address → conditions. */
  setEndpoints(name: string, port: number, endpoints: Readonly<Record<string, Conditions>>): Promise<void>;
}

export async function openProxy(t: Test): Promise<ProxyBench> {
  const client = createMemoryServer().client();
  const proxy = await startProxy({ nodeName: 'node-1', client, logger: silentLogger });
  t.teardown(() => bench.proxy.close());
  const bench: ProxyBench = {
    client,
    proxy,
    createService: (name, spec) =>
      client.resource(services).create({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace: 'default' },
        spec: { ports: [{ port: testPort, protocol: 'TCP' }], selector: { app: name }, ...spec },
      }),
    async setEndpoints(name, port, endpoints) {
      const protocol = 'TCP';
      const slice: EndpointSlice = {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        ports: [{ name: '', port, protocol }],
        endpoints: Object.entries(endpoints).map(([address, conditions]) => ({ addresses: [address], conditions })),
      };
      const resource = client.resource(endpointSlices);
      await resource.update(slice).catch(() => resource.create(slice));
    },
  };
  return bench;
}

/** A server that says its name to each client and then what the client says. */
export async function startEndpoint(t: Test, address: string, port = testPort): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.write(`${address}\n`);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve));
  t.teardown(() => server.close());
  return server;
}

export interface TestClient {
  readonly socket: Socket;
  /** The name of the endpoint that answered. */
  readonly endpoint: string;
}

/** Connects and waits for the endpoint's name; rejects when the connection is refused or reset. */
export function call(address: string, port = testPort): Promise<TestClient> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
    socket.once('data', (data) => {
      // Whoever reads nothing would not see the end either.
      socket.resume();
      resolve({ socket, endpoint: data.toString().trimEnd() });
    });
  });
}

/** Who answers; the connection is closed again. */
export async function ask(address: string, port = testPort): Promise<string> {
  const { socket, endpoint } = await call(address, port);
  socket.destroy();
  return endpoint;
}

export async function until<T>(probe: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (;;) {
    const result = await probe();
    if (result !== undefined && result !== false) return result;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function closed(socket: Socket): Promise<void> {
  socket.on('error', () => socket.destroy());
  return new Promise((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve())));
}
