/** A server of either kind with handlers for two services, and a client to it. */
import { type AddressInfo, type Server, createServer } from 'node:net';
import {
  type Channel,
  type Handlers,
  type RpcServer,
  type RpcServerKind,
  type RpcServerOptions,
  type ServiceClient,
  connectService,
  createRpcServer,
  isRpcError,
  kvService,
  openChannel,
  watchService,
} from '@flotilla/wire';

/** As much of a test as a fixture needs. */
export interface Teardown {
  teardown(callback: () => void | Promise<void>): void;
}

export interface ServiceHandlers {
  readonly kv?: Handlers<typeof kvService>;
  readonly watch?: Handlers<typeof watchService>;
}

export interface Bug {
  readonly path: string;
  readonly error: unknown;
}

export interface Fixture {
  readonly server: RpcServer;
  /** Takes connections, until it is closed. */
  readonly listener: Server;
  readonly port: number;
  readonly channel: Channel;
  readonly kv: ServiceClient<typeof kvService>;
  readonly watch: ServiceClient<typeof watchService>;
  readonly bugs: Bug[];
}

/** Everything ends with the test. */
export async function serve(
  test: Teardown,
  kind: RpcServerKind,
  handlers: ServiceHandlers,
  options: RpcServerOptions = {},
): Promise<Fixture> {
  const bugs: Bug[] = [];
  const server = createRpcServer(kind, { onBug: (path, error) => void bugs.push({ path, error }), ...options });
  server.add(kvService, handlers.kv ?? {});
  server.add(watchService, handlers.watch ?? {});
  const listener = createServer({ noDelay: true }, (socket) => server.accept(socket));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const channel = openChannel({ target: `127.0.0.1:${port}` });
  test.teardown(async () => {
    channel.close();
    listener.close();
    await server.close(0);
  });
  const [kv, watch] = [connectService(channel, kvService), connectService(channel, watchService)];
  return { server, listener, port, channel, kv, watch, bugs };
}

/** What a failed call ended with, or what else it did. */
export async function statusOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    return isRpcError(error) ? error.status : error;
  }
}

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

export async function* iterate<T>(...items: T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

/** Iterates `items` and then stays open until the signal is aborted. */
export async function* iterateAndHold<T>(signal: AbortSignal, ...items: T[]): AsyncGenerator<T> {
  yield* items;
  await aborted(signal);
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
}

export async function collect<T>(responses: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const response of responses) all.push(response);
  return all;
}

/** A promise with its switch. */
export function deferred<T = void>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((given) => {
    resolve = given;
  });
  return { promise, resolve: (value) => resolve(value) };
}
