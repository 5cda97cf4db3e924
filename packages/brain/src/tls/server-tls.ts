/**
 * The serving side of TLS: makes accepted sockets secure, and lets no one through whose certificate is not wanted. Every
 * connection begins with the certificate that is in the files then; connections that are there stay as they are.
 */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { type TLSSocket, createServer } from 'node:tls';
import { type Logger, codeOf, messageOf } from '@flotilla/base';
import { addressProblem, nameProblem } from './certificate-check.ts';
import { type CredentialSource, openCredentials } from './credentials.ts';
import type { TlsSettings } from './options.ts';
import { type RevocationList, openRevocationList } from './revocation.ts';

/** A client that does not finish its handshake is cut off after this time. */
const handshakeTimeoutMs = 10_000;

/** How ports of one kind serve TLS. */
export interface ServerTls {
  readonly settings: ServerTlsSettings;
  readonly credentials: CredentialSource;
  readonly revoked: RevocationList | undefined;
  readonly logger: Logger;
}

export interface ServerTlsSettings extends TlsSettings {
  /** Whether a client must come from an address that its certificate names; it may come from anywhere unless told. */
  readonly checksAddress?: boolean;
}

/** @throws OperatingError `TLS_FILES` for files that are missing, or do not fit each other. */
export async function openServerTls(settings: ServerTlsSettings, logger: Logger): Promise<ServerTls> {
  const credentials = openCredentials(settings, logger);
  const revoked = settings.crl === undefined ? undefined : await openRevocationList(settings.crl, logger);
  return { settings, credentials, revoked, logger };
}

export interface AcceptorOptions {
  /** What is spoken over TLS, the most wanted first (ALPN). */
  readonly protocols: readonly string[];
  /** Takes the connection of a client whose certificate is in order; every other one is ended. */
  readonly onSecure: (secured: TLSSocket) => void;
}

/** Makes a socket secure. It must not have been read from, except for what was put back. */
export function createAcceptor(tls: ServerTls, { protocols, onSecure }: AcceptorOptions): (socket: Socket) => void {
  const { settings, credentials, logger } = tls;
  let used = credentials.current;
  const server = createServer({
    ...used.material,
    requestCert: settings.ca !== undefined,
    // Refused below, where it is known why.
    rejectUnauthorized: false,
    handshakeTimeout: handshakeTimeoutMs,
    ALPNCallback: (offer) => protocols.find((protocol) => offer.protocols.includes(protocol)),
  });
  const admit = async (secured: TLSSocket): Promise<void> => {
    secured.on('error', () => secured.destroy());
    const problem = settings.ca === undefined ? undefined : await problemOf(tls, secured);
    if (problem === undefined) return onSecure(secured);
    logger.warn('a connection was refused', { peer: peerOf(secured), reason: problem });
    secured.destroy();
  };
  server.on('secureConnection', (secured) => {
    admit(secured).catch((error: unknown) => {
      logger.error('a connection could not be checked', { peer: peerOf(secured), err: error });
      secured.destroy();
    });
  });
  server.on('tlsClientError', (error, secured) => {
    const fields = { peer: peerOf(secured), reason: messageOf(error) };
    // Who hangs up, or says nothing, is often only looking whether somebody is there.
    const isSilent = ['ECONNRESET', 'ERR_TLS_HANDSHAKE_TIMEOUT'].includes(codeOf(error) ?? '');
    if (isSilent) logger.debug('a TLS handshake was not finished', fields);
    else logger.warn('a TLS handshake failed', fields);
  });
  return (socket) => {
    const { current } = credentials;
    if (current !== used) server.setSecureContext(current.material);
    used = current;
    server.emit('connection', socket);
  };
}

/** Why a client that must have a certificate is not let in. */
async function problemOf({ settings, revoked }: ServerTls, secured: TLSSocket): Promise<string | undefined> {
  const { allowed, checksAddress = false } = settings;
  const certificate: X509Certificate | undefined = secured.getPeerX509Certificate();
  if (!certificate) return 'the client shows no certificate';
  if (!secured.authorized) return `the client's certificate is not trusted: ${messageOf(secured.authorizationError)}`;
  const problem = revoked?.problem(certificate) ?? nameProblem(certificate, allowed);
  if (problem !== undefined || !checksAddress) return problem;
  return await addressProblem(certificate, secured.remoteAddress ?? '');
}

function peerOf({ remoteAddress = '', remotePort = 0 }: TLSSocket): string {
  return `${remoteAddress}:${remotePort}`;
}
