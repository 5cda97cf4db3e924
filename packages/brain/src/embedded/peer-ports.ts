/**
 * The ports between the members of an embedded brain. Members are told each other's before they start, so the system chooses
 * them first, and the members take over the sockets that already listen: no port is given away in between.
 *
 * Ids are made from these ports. A directory remembers them, so that the next start on it is the same cluster.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { join } from 'node:path';
import { OperatingError, codeOf } from '@flotilla/base';
import { listen } from '../http/listening.ts';

export interface PeerPort {
  readonly port: number;
  readonly listener: Server;
}

const fileName = 'peer-ports.json';

/**
 * @param directory undefined: in memory.
 * @throws OperatingError `DATA_DIRECTORY` when the directory belongs to another number of members, `LISTEN_FAILED` when a
 *   port that it remembers is in use.
 */
export async function openPeerPorts(count: number, directory: string | undefined): Promise<readonly PeerPort[]> {
  const remembered = directory === undefined ? undefined : await readPorts(directory);
  if (remembered && remembered.length !== count) {
    const text = `${directory} holds a brain of ${remembered.length} members, not of ${count}: give another directory`;
    throw new OperatingError('DATA_DIRECTORY', text);
  }
  const opened: PeerPort[] = [];
  try {
    for (let i = 0; i < count; i++) opened.push(await openPort(remembered?.[i] ?? 0));
  } catch (error) {
    closePeerPorts(opened);
    throw error;
  }
  if (directory !== undefined && !remembered) {
    await writeFile(join(directory, fileName), `${JSON.stringify(opened.map(({ port }) => port))}\n`);
  }
  return opened;
}

/** Closes listeners that no member took over; those that one did are its own. */
export function closePeerPorts(ports: readonly PeerPort[]): void {
  for (const { listener } of ports) listener.close();
}

async function openPort(port: number): Promise<PeerPort> {
  const listener = createServer();
  await listen(listener, { place: { host: '127.0.0.1', port }, flag: 'dataDir' });
  return { port: (listener.address() as AddressInfo).port, listener };
}

async function readPorts(directory: string): Promise<readonly number[] | undefined> {
  let text: string;
  try {
    text = await readFile(join(directory, fileName), 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const ports: unknown = JSON.parse(text);
  if (Array.isArray(ports) && ports.every((port) => Number.isSafeInteger(port))) return ports as readonly number[];
  throw new OperatingError(
    'DATA_DIRECTORY',
    `${join(directory, fileName)} holds no list of ports: give another directory`,
  );
}
