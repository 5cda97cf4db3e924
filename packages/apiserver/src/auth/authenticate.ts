/**
 * From a connection's certificate and a request's token to a user. A verified client certificate names the user (CN) and
 * its groups (O); without one, a bearer token does; without either the caller is anonymous.
 */
import type { TLSSocket } from 'node:tls';
import { unauthorized } from '@flotilla/api';
import { type CallContext, type ClientCertificate, clientCertificateOf } from '@flotilla/wire';
import type { Tokens } from './token-file.ts';
import { type User, anonymous, authenticated } from './user.ts';

export interface Credentials {
  readonly certificate: ClientCertificate | undefined;
  /** The value of the Authorization header. */
  readonly authorization: string | undefined;
}

/** @throws ApiError Unauthorized for a credential that is presented but not good. */
export function authenticate(tokens: Tokens, { certificate, authorization }: Credentials): User {
  if (certificate) {
    if (certificate.commonName === '') throw unauthorized();
    return authenticated(certificate.commonName, certificate.organizations);
  }
  if (authorization === undefined) return anonymous;
  const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  const user = token === undefined ? undefined : tokens.find(token);
  if (!user) throw unauthorized();
  return user;
}

/** @throws ApiError Unauthorized for a certificate that no trusted authority signed. */
export function socketCredentials(socket: TLSSocket, authorization: string | undefined): Credentials {
  const certificate = clientCertificateOf(socket.getPeerCertificate());
  if (certificate && !socket.authorized) throw unauthorized();
  return { certificate, authorization };
}

/** The front lets no connection with an unverified certificate through to gRPC. */
export function callCredentials(context: CallContext): Credentials {
  return { certificate: context.clientCertificate, authorization: context.metadata('authorization') };
}
