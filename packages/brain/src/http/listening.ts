/** Binds a server to an address, or to the file of a Unix socket, and says clearly when that can't be. */
import { lstat, unlink } from 'node:fs/promises';
import net from 'node:net';
import { OperatingError, codeOf, messageOf } from '@flotilla/base';

/** An address; or the path of a socket, relative to the working directory or absolute. */
export type ListenPlace = { readonly host: string; readonly port: number } | { readonly path: string };

export interface ListenOptions {
  readonly place: ListenPlace;
  /** The flag that a message about the place names. */
  readonly flag: string;
  /** Listens there already, and is taken over. */
  readonly listener?: net.Server | undefined;
}

/** @throws OperatingError `LISTEN_FAILED` when the place can't be bound, with what to do. */
export async function listen(server: net.Server, { place, flag, listener }: ListenOptions): Promise<void> {
  try {
    if (!listener && 'path' in place) await removeStale(place.path);
    await bound(server, listener ?? place);
  } catch (error) {
    const name = 'path' in place ? place.path : `${place.host}:${place.port}`;
    const text =
      codeOf(error) === 'EADDRINUSE'
        ? `${name} is in use by another program: stop it, or give another --${flag}`
        : `can't listen on ${name}: ${messageOf(error)}. Give another --${flag}`;
    throw new OperatingError('LISTEN_FAILED', text, { cause: error });
  }
}

function bound(server: net.Server, where: net.Server | ListenPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * Who dies leaves the file of its socket behind, where nobody listens any more. One that is listened on stays, and so does a file of
 * another kind: to bind fails then.
 */
async function removeStale(path: string): Promise<void> {
  try {
    if ((await lstat(path)).isSocket() && (await isRefused(path))) await unlink(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    const answer = (refused: boolean): void => {
      socket.destroy();
      resolve(refused);
    };
    socket.once('connect', () => answer(false));
    socket.once('error', (error) => answer(codeOf(error) === 'ECONNREFUSED'));
  });
}
