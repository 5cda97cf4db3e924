/** Listen and advertise URLs, checked as etcd does. */
import net from 'node:net';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** What is wrong with a URL of a member, or undefined. */
export function urlProblem(text: string): string | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return `"${text}" is not a URL`;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return `"${text}" must begin with http:// or https://`;
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return `"${text}" must not have a path`;
  if (portOf(text) === undefined) return `"${text}" needs a port`;
  return undefined;
}

/** The same for a URL of its clients, which may be the file of a Unix socket, as in etcd. */
export function clientUrlProblem(text: string): string | undefined {
  const socket = socketOf(text);
  if (!socket) return urlProblem(text)?.replace('http:// or https://', 'http://, https://, unix:// or unixs://');
  if (socket.path === '') return `"${text}" names no file`;
  return /[?#]/.test(socket.path) ? `"${text}" must not have a query or a fragment` : undefined;
}

export interface SocketAddress {
  /** Absolute, or relative to the working directory. */
  readonly path: string;
  readonly tls: boolean;
}

/**
 * The file that a URL names; undefined for a URL of a port. Host and path together are its name: `unix://localhost:2379` is a file
 * `localhost:2379` in the working directory, `unix:///run/x.sock` an absolute one.
 */
export function socketOf(text: string): SocketAddress | undefined {
  const [, scheme, path = ''] = /^(unixs?):(?:\/\/)?(.*)$/i.exec(text) ?? [];
  return scheme === undefined ? undefined : { path, tls: scheme.toLowerCase() === 'unixs' };
}

/** What a certificate for a URL is for: a file may be named like a host and a port. */
export function hostOf(text: string): string | undefined {
  const socket = socketOf(text);
  return socket ? /^([^/:]+):\d+(?:\/|$)/.exec(socket.path)?.[1] : addressOf(text).host;
}

/** `URL` hides a port that is the scheme's default; etcd wants to see it. */
function portOf(text: string): number | undefined {
  const match = /:(\d+)\/?$/.exec(text);
  return match ? Number(match[1]) : undefined;
}

/** Where a checked URL points. */
export function addressOf(text: string): ListenAddress {
  const url = new URL(text);
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  return { host, port: portOf(text) ?? 0, tls: url.protocol === 'https:' };
}

/** Where a member listens for a checked URL. */
export function listenAddressOf(text: string): ListenAddress {
  const address = addressOf(text);
  // What localhost resolves to differs between machines; etcd takes IPv4.
  return address.host === 'localhost' ? { ...address, host: '127.0.0.1' } : address;
}

/** Whether only this machine can reach a host. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return net.isIPv4(host) && host.startsWith('127.');
}

/** The same URL with the port that was really bound. */
export function withPort(text: string, port: number): string {
  return text.replace(/:\d+\/?$/, `:${port}`);
}
