/** The calling side of TLS between members: what a connection to another member is opened with, and whom it is to reach. */
import { isIP } from 'node:net';
import { type TLSSocket, checkServerIdentity, connect } from 'node:tls';
import type { Logger } from '@flotilla/base';
import type { ChannelContext } from '@flotilla/wire';
import { serverNameProblem } from './certificate-check.ts';
import { type CredentialSource, type Credentials, openCredentials } from './credentials.ts';
import type { PeerTlsSettings } from './options.ts';

/** A member that does not answer the handshake is given up after this time. */
const handshakeTimeoutMs = 10_000;

export class CallerTls {
  readonly #credentials: CredentialSource;
  readonly #check: NonNullable<ChannelContext['checkServerIdentity']>;
  /** Members that sign their own certificates take each other's as they are. */
  readonly #verifies: boolean;

  /** @throws OperatingError `TLS_FILES` for files that are missing, or do not fit each other. */
  constructor({ callerPair, ca, allowed, protocol }: PeerTlsSettings, logger: Logger) {
    this.#credentials = openCredentials({ pair: callerPair, ca, protocol }, logger);
    this.#verifies = ca !== undefined;
    this.#check = (host, certificate) => {
      if (!this.#verifies) return undefined;
      const problem = serverNameProblem(certificate, allowed);
      return problem === undefined ? checkServerIdentity(host, certificate) : new Error(problem);
    };
  }

  /** What is in the files now; the same object until they change. */
  get credentials(): Credentials {
    return this.#credentials.current;
  }

  /** For a channel that is opened now. */
  channelContext({ context }: Credentials): ChannelContext {
    return { context, checkServerIdentity: this.#check, verifies: this.#verifies };
  }

  /** A connection to a member whose certificate is in order, where they are verified: nothing is said to any other one. Rejects with the reason. */
  connect({ host, port }: { readonly host: string; readonly port: number }, signal: AbortSignal): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host,
        port,
        secureContext: this.credentials.context,
        ALPNProtocols: ['h2'],
        // No name of a server may be an address.
        ...(isIP(host) === 0 && { servername: host }),
        checkServerIdentity: (_, certificate) => this.#check(host, certificate),
        rejectUnauthorized: this.#verifies,
      });
      const leave = (): void => {
        signal.removeEventListener('abort', abort);
        socket.setTimeout(0).off('timeout', silent).off('close', closed).off('error', fail);
      };
      const fail = (error: Error): void => {
        leave();
        // What else goes wrong with it concerns nobody.
        socket.on('error', () => undefined).destroy();
        reject(error);
      };
      const abort = (): void => fail(new Error('the connection was given up'));
      const closed = (): void => fail(new Error('the member closed the connection'));
      const silent = (): void => fail(new Error('the member does not answer the handshake'));
      socket.once('error', fail).once('close', closed).setTimeout(handshakeTimeoutMs, silent);
      signal.addEventListener('abort', abort, { once: true });
      socket.once('secureConnect', () => {
        leave();
        socket.setNoDelay(true);
        resolve(socket);
      });
      if (signal.aborted) abort();
    });
  }
}
