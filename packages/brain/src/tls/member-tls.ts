/** All that a member speaks TLS with. */
import type { Logger } from '@flotilla/base';
import { CallerTls } from './caller-tls.ts';
import type { MemberTlsSettings } from './options.ts';
import { ensureSelfSigned } from './self-signed.ts';
import { type ServerTls, openServerTls } from './server-tls.ts';

/** What is absent is clear text. */
export interface MemberTls {
  readonly clients: ServerTls | undefined;
  readonly peers: ServerTls | undefined;
  /** To the other members. */
  readonly caller: CallerTls | undefined;
}

/**
 * Reads the files, so that a member whose certificates are no good does not start; makes those that the member is to make itself.
 * @throws OperatingError `TLS_FILES` for files that are missing, or do not fit each other.
 */
export async function openMemberTls(settings: MemberTlsSettings, logger: Logger): Promise<MemberTls> {
  const { clientTls, peerTls, idleTlsFlags, idleAutoTls } = settings;
  for (const whose of idleAutoTls) logger.warn(`ignoring ${whose} auto TLS since certs given`);
  if (idleTlsFlags.length > 0) {
    logger.warn('flags of TLS have no effect: none of the URLs that they are for is https', { flags: idleTlsFlags });
  }
  for (const { pair, selfSigned } of [peerTls, clientTls].filter((tls) => tls !== undefined)) {
    if (selfSigned) await ensureSelfSigned({ pair, selfSigned }, logger);
  }
  if (peerTls?.selfSigned) {
    logger.warn('--peer-auto-tls: nobody is verified, and whoever reaches the peer URLs is taken for a member');
  }
  return {
    clients: clientTls && (await openServerTls(clientTls, logger)),
    peers: peerTls && (await openServerTls(peerTls, logger)),
    caller: peerTls && new CallerTls(peerTls, logger),
  };
}
