/** How a channel speaks TLS: whom it trusts, what it shows, and which name it wants to see in the server's certificate. */
import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  type SecureContext,
  createSecureContext,
  checkServerIdentity as defaultCheck,
} from 'node:tls';
import type * as grpcjs from '@grpc/grpc-js';
import { library } from './grpc-js/library.cts';

/** TLS material, PEM. */
export interface ChannelTls {
  readonly ca: string | Uint8Array;
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name to verify instead of the target's host. */
  readonly serverName?: string;
}

/** TLS material that is loaded already. */
export interface ChannelContext {
  readonly context: SecureContext;
  /** What is wrong with the server's certificate for `host`; that it is for `host`, unless told. */
  readonly checkServerIdentity?: NonNullable<ConnectionOptions['checkServerIdentity']>;
  /** Whether a CA of the context must have signed the server's certificate; so unless told. */
  readonly verifies?: boolean;
}

interface ChannelSecurity {
  readonly credentials: grpcjs.ChannelCredentials;
  /** Options of the channel. */
  readonly options: grpcjs.ChannelOptions;
}

/** Asked for where a server is known by an address: no name of a server may be one (RFC 6066, section 3). */
const anyName = 'localhost';

/** @param target `host:port` */
export function channelSecurity(target: string, tls: ChannelTls | ChannelContext | undefined): ChannelSecurity {
  const { credentials } = library();
  if (!tls) return { credentials: credentials.createInsecure(), options: {} };
  const { context, check, serverName, verifies } = 'context' in tls ? ofContext(tls) : ofMaterial(tls);
  const host = serverName ?? hostOf(target);
  return {
    credentials: credentials.createFromSecureContext(context, {
      checkServerIdentity: (_, certificate) => check(host, certificate),
      rejectUnauthorized: verifies,
    }),
    options: { 'grpc.ssl_target_name_override': isIP(host) === 0 ? host : anyName },
  };
}

interface Material {
  readonly context: SecureContext;
  readonly check: NonNullable<ConnectionOptions['checkServerIdentity']>;
  readonly serverName: string | undefined;
  readonly verifies: boolean;
}

function ofContext({ context, checkServerIdentity = defaultCheck, verifies = true }: ChannelContext): Material {
  return { context, check: checkServerIdentity, serverName: undefined, verifies };
}

function ofMaterial({ ca, cert, key, serverName }: ChannelTls): Material {
  const context = createSecureContext({ ca: bytes(ca), cert: bytes(cert), key: bytes(key) });
  return { context, check: defaultCheck, serverName, verifies: true };
}

function bytes(pem: string | Uint8Array | undefined): Buffer | undefined {
  return pem === undefined ? undefined : Buffer.from(pem);
}

function hostOf(target: string): string {
  const host = target.slice(0, target.lastIndexOf(':'));
  return host.startsWith('[') ? host.slice(1, -1) : host;
}
