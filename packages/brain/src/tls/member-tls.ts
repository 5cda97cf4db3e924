/** All that a member speaks TLS with. */
import type { Logger } from '@flotilla/base';
import { CallerTls } from './caller-tls.ts';
import type { MemberTlsSettings } from './options.ts';
import { type ServerTls, openServerTls } from './server-tls.ts';

/** What is absent is clear text. */
export interface MemberTls {
  readonly clients: ServerTls | undefined;
  readonly peers: ServerTls | undefined;
  /** To the other members. */
  readonly caller: CallerTls | undefined;
}

/**
 * Reads the files, so that a member whose certificates are no good does not start.
 * @throws OperatingError `TLS_FILES` for files that are missing, or do not fit each other.
 */
export async function openMemberTls(settings: MemberTlsSettings, logger: Logger): Promise<MemberTls> {
  const { clientTls, peerTls, idleTlsFlags } = settings;
  if (idleTlsFlags.length > 0) {
    logger.warn('flags of TLS have no effect: none of the URLs that they are for is https', { flags: idleTlsFlags });
  }
  return {
    clients: clientTls && (await openServerTls(clientTls, logger)),
    peers: peerTls && (await openServerTls(peerTls, logger)),
    caller: peerTls && new CallerTls(peerTls, logger),
  };
}
