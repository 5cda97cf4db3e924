/**
 * What stands between a member and those who call it: a TCP proxy in front of its peer port that knows which member each
 * connection comes from (the system tells whose socket it is), and that can hold or slow what passes, for each of them and
 * each direction. Nothing needs root.
 */
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import type { Link } from './network.ts';
import { pause } from './pause.ts';

export interface PeerProxyOptions {
  readonly port: number;
  readonly targetPort: number;
  /** The member whose process holds a socket, by its inode; undefined when it is gone already. */
  readonly callerOf: (pids: (pid: number) => boolean) => string | undefined;
  /** By caller; forth: from the caller to this member. */
  readonly linkOf: (caller: string, direction: 'forth' | 'back') => Link;
}

interface Pipe {
  readonly caller: string;
  readonly client: Socket;
  readonly upstream: Socket;
}

export class PeerProxy {
  readonly #options: PeerProxyOptions;
  readonly #pipes = new Set<Pipe>();
  #server: Server | undefined;

  constructor(options: PeerProxyOptions) {
    this.#options = options;
  }

  async listen(): Promise<void> {
    if (this.#server) return;
    this.#server = createServer((client) => this.#accept(client));
    this.#server.listen(this.#options.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** As for a process that is dead: connections break, and the port refuses. */
  async refuse(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    this.breakAll();
    server.close();
    await once(server, 'close');
  }

  /** Breaks the connections of a caller, or all: what was held is lost. */
  breakAll(caller?: string): void {
    for (const pipe of this.#pipes) {
      if (caller !== undefined && pipe.caller !== caller) continue;
      pipe.client.destroy();
      pipe.upstream.destroy();
    }
  }

  /** To be called when links changed. */
  update(): void {
    for (const { caller, client, upstream } of this.#pipes) {
      flow(client, this.#options.linkOf(caller, 'forth'));
      flow(upstream, this.#options.linkOf(caller, 'back'));
    }
  }

  #accept(client: Socket): void {
    const { targetPort, callerOf, linkOf } = this.#options;
    client.on('error', () => client.destroy());
    const inode = inodeOf(client.remotePort ?? 0, (client.address() as AddressInfo).port);
    const caller = inode === undefined ? undefined : callerOf((pid) => holdsSocket(pid, inode));
    // Gone before it could be told who it was.
    if (caller === undefined) return void client.destroy();
    const upstream = connect({ host: '127.0.0.1', port: targetPort });
    const pipe: Pipe = { caller, client, upstream };
    this.#pipes.add(pipe);
    upstream.on('error', () => upstream.destroy());
    pass(client, upstream, () => linkOf(caller, 'forth'));
    pass(upstream, client, () => linkOf(caller, 'back'));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('close', () => {
        this.#pipes.delete(pipe);
        other.destroy();
      });
    }
    this.update();
  }
}

function flow(socket: Socket, { held }: Link): void {
  if (held) socket.pause();
  else socket.resume();
}

/** A slow link passes one piece after the other. */
function pass(from: Socket, to: Socket, link: () => Link): void {
  let last: Promise<void> | undefined;
  from.on('data', (bytes) => {
    if (link().delayMs === 0 && !last) return void to.write(bytes);
    const next: Promise<void> = (last ?? Promise.resolve())
      .then(() => pause(link().delayMs))
      .then(() => {
        if (!to.destroyed) to.write(bytes);
        if (last === next) last = undefined;
      });
    last = next;
  });
}

/** The inode of the caller's end of a connection over loopback, as /proc/net/tcp lists it. */
function inodeOf(callerPort: number, ownPort: number): string | undefined {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
  const wanted = `0100007F:${hex(callerPort)} 0100007F:${hex(ownPort)} `;
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .find((text) => text.includes(wanted));
  return line?.trim().split(/\s+/)[9];
}

function holdsSocket(pid: number, inode: string): boolean {
  const directory = `/proc/${pid}/fd`;
  try {
    return readdirSync(directory).some((fd) => linkOrNothing(`${directory}/${fd}`) === `socket:[${inode}]`);
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

function linkOrNothing(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');
}
