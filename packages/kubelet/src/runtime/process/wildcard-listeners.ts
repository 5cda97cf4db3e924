/**
 * Which processes listen on all addresses of the machine: in a pod that is a mistake that a network namespace would forgive. It takes
 * the port from every other pod, and answers at their addresses. From /proc; elsewhere pods share one address anyway.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { codeOf } from '@flotilla/base';
import { findMarked } from './process-table.ts';

export interface WildcardListener {
  readonly marker: string;
  readonly port: number;
}

const listening = '0A';

/** TCP listeners on the unspecified address of processes whose marker starts with `prefix`. */
export function wildcardListeners(variable: string, prefix: string): readonly WildcardListener[] {
  if (process.platform !== 'linux') return [];
  const ports = new Map([...socketsOf('/proc/net/tcp'), ...socketsOf('/proc/net/tcp6')]);
  if (ports.size === 0) return [];
  const found = new Map<string, WildcardListener>();
  for (const { identity, marker } of findMarked(variable, prefix)) {
    for (const inode of socketInodes(identity.pid)) {
      const port = ports.get(inode);
      if (port !== undefined) found.set(`${marker} ${port}`, { marker, port });
    }
  }
  return [...found.values()];
}

/** Inode → port, of listeners on address zero: `sl local_address rem_address st … inode`. */
function socketsOf(path: string): [string, number][] {
  const rows = (readOrNothing(() => readFileSync(path, 'latin1')) ?? '').split('\n').slice(1);
  const sockets: [string, number][] = [];
  for (const row of rows) {
    const [, local = '', , state, , , , , , inode] = row.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state === listening && /^0+$/.test(address) && inode !== undefined) sockets.push([inode, parseInt(port, 16)]);
  }
  return sockets;
}

function socketInodes(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  const descriptors = readOrNothing(() => readdirSync(directory)) ?? [];
  return descriptors.flatMap((name) => {
    const target = readOrNothing(() => readlinkSync(`${directory}/${name}`));
    const [, inode] = /^socket:\[(\d+)\]$/.exec(target ?? '') ?? [];
    return inode === undefined ? [] : [inode];
  });
}

/** Processes and their descriptors come and go while we look, and some are not ours to see. */
function readOrNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}
