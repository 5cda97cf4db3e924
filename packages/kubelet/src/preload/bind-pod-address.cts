/**
 * Loaded by Node programs in a pod before their own code (NODE_OPTIONS=--require). A server that listens on the unspecified
 * address gets the pod's address instead, as a network namespace would give it; all else stays as it was. Servers on a named
 * address, on a path or on a handle are left alone, and so are UDP sockets that ask for any port: those are clients.
 *
 * Plain CommonJS that runs on every Node from 12 on: the program chooses the version.
 */
const net = require('node:net') as typeof import('node:net');
const dgram = require('node:dgram') as typeof import('node:dgram');

const podAddress = process.env['POD_IP'];

type Arguments = unknown[];

function isUnspecified(host: unknown): boolean {
  return host === undefined || host === null || host === '' || host === '0.0.0.0' || host === '::';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** `listen` takes (options), (path), (handle) or (port, host, backlog), each with a callback at the end. */
function withPodAddress(args: Arguments, address: string): Arguments {
  const [first, second] = args;
  if (isObject(first)) {
    const listensOnPort = first['port'] !== undefined && first['path'] === undefined && first['fd'] === undefined;
    if (!listensOnPort || !isUnspecified(first['host'])) return args;
    return [{ ...first, host: address, ipv6Only: false }, ...args.slice(1)];
  }
  const isPath = typeof first === 'string' && !/^\d+$/.test(first.trim());
  if (isPath || first === true || first === false) return args;
  if (typeof first === 'function' || args.length === 0) return [0, address, ...args];
  if (typeof second === 'string') return isUnspecified(second) ? [first, address, ...args.slice(2)] : args;
  if (second === undefined || second === null) return [first, address, ...args.slice(2)];
  return [first, address, ...args.slice(1)];
}

/** `bind` takes (options) or (port, address), each with a callback at the end. */
function withPodAddressForDatagrams(args: Arguments, address: string): Arguments {
  const [first, second] = args;
  if (isObject(first)) {
    const named = first['port'] !== undefined && first['port'] !== 0 && first['fd'] === undefined;
    return named && isUnspecified(first['address']) ? [{ ...first, address }, ...args.slice(1)] : args;
  }
  if (typeof first !== 'number' || first === 0) return args;
  if (typeof second === 'string') return isUnspecified(second) ? [first, address, ...args.slice(2)] : args;
  if (typeof second === 'function') return [first, address, second];
  return [first, address, ...args.slice(2)];
}

interface Patchable {
  [method: string]: (...args: Arguments) => unknown;
}

function patch(target: object, method: string, rewrite: (args: Arguments, address: string) => Arguments): void {
  const methods = target as Patchable;
  const original = methods[method];
  if (podAddress === undefined || !original) return;
  methods[method] = function patched(this: unknown, ...args: Arguments): unknown {
    return original.apply(this, rewrite(args, podAddress));
  };
}

patch(net.Server.prototype, 'listen', withPodAddress);
patch(dgram.Socket.prototype, 'bind', withPodAddressForDatagrams);
